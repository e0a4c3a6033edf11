// tanh.mlir - Hyperbolic tangent. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 3.58e-07: 3 units in the last place of f32

// x = [-inf, -8, -1, -0.1, 0, 0.5, 1, 8, inf, nan]
// y = [-1, -0.99999976, -0.7615942, -0.099667996, 0, 0.46211717, 0.7615942, 0.99999976, 1, nan]
func.func @f32(%x: tensor<10xf32>) -> tensor<10xf32> {
  %y = cameo.tanh %x : (tensor<10xf32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}

// rtol = 6.66e-16: 3 units in the last place of f64
// x = [-inf, -8, -1, -0.1, 0, 0.5, 1, 8, inf, nan]
// y = [-1, -0.9999997749296758, -0.7615941559557649, -0.09966799462495582, 0, 0.46211715726000974, 0.7615941559557649,
//     0.9999997749296758, 1, nan]
func.func @f64(%x: tensor<10xf64>) -> tensor<10xf64> {
  %y = cameo.tanh %x : (tensor<10xf64>) -> tensor<10xf64>
  return %y : tensor<10xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -1, -0.1, 0, 0.5, 1, 8, nan]
// y = [-1, -0.7617, -0.0997, 0, 0.4622, 0.7617, 1, nan]
func.func @f16(%x: tensor<8xf16>) -> tensor<8xf16> {
  %y = cameo.tanh %x : (tensor<8xf16>) -> tensor<8xf16>
  return %y : tensor<8xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -1, -0.10009765625, 0, 0.5, 1, 8, nan]
// y = [-1, -0.76171875, -0.099609375, 0, 0.462890625, 0.76171875, 1, nan]
func.func @bf16(%x: tensor<8xbf16>) -> tensor<8xbf16> {
  %y = cameo.tanh %x : (tensor<8xbf16>) -> tensor<8xbf16>
  return %y : tensor<8xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.tanh %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
