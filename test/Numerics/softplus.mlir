// softplus.mlir - log(1 + e^x), where e^x would overflow too. Expected values: NumPy in f64 (f64 cases: long double), rounded to
// the type.
// rtol = 4.77e-07: 4 units in the last place of f32

// x = [-90, -8, -3, -1, 0, 0.5, 1, 3, 8, 90, nan]
// y = [8.19401e-40, 0.00033540637, 0.048587352, 0.3132617, 0.6931472, 0.974077, 1.3132616, 3.0485873, 8.000336, 90, nan]
func.func @f32(%x: tensor<11xf32>) -> tensor<11xf32> {
  %y = cameo.softplus %x : (tensor<11xf32>) -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// rtol = 8.88e-16: 4 units in the last place of f64
// x = [-90, -8, -3, -1, 0, 0.5, 1, 3, 8, 90, nan]
// y = [8.194012623990515e-40, 0.00033540637289576885, 0.04858735157374206, 0.3132616875182228, 0.6931471805599453,
//     0.9740769841801067, 1.3132616875182228, 3.048587351573742, 8.000335406372896, 90, nan]
func.func @f64(%x: tensor<11xf64>) -> tensor<11xf64> {
  %y = cameo.softplus %x : (tensor<11xf64>) -> tensor<11xf64>
  return %y : tensor<11xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -3, -1, 0, 0.5, 1, 3, 8, nan]
// y = [0.0003355, 0.04858, 0.3132, 0.6934, 0.974, 1.313, 3.049, 8, nan]
func.func @f16(%x: tensor<9xf16>) -> tensor<9xf16> {
  %y = cameo.softplus %x : (tensor<9xf16>) -> tensor<9xf16>
  return %y : tensor<9xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -3, -1, 0, 0.5, 1, 3, 8, nan]
// y = [0.000335693359375, 0.048583984375, 0.3125, 0.69140625, 0.97265625, 1.3125, 3.046875, 8, nan]
func.func @bf16(%x: tensor<9xbf16>) -> tensor<9xbf16> {
  %y = cameo.softplus %x : (tensor<9xbf16>) -> tensor<9xbf16>
  return %y : tensor<9xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.softplus %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
