// exp.mlir - e^x, underflow and overflow included. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 2.38e-07: 2 units in the last place of f32

// x = [-inf, -100, -8, -1, -0.5, 0, 0.5, 1, 8, 88, 89, inf, nan]
// y = [0, 3.8e-44, 0.00033546262, 0.36787945, 0.60653067, 1, 1.6487212, 2.7182817, 2980.958, 1.6516363e+38, inf, inf, nan]
func.func @f32(%x: tensor<13xf32>) -> tensor<13xf32> {
  %y = cameo.exp %x : (tensor<13xf32>) -> tensor<13xf32>
  return %y : tensor<13xf32>
}

// rtol = 4.44e-16: 2 units in the last place of f64
// x = [-inf, -8, -1, -0.5, 0, 0.5, 1, 8, 88, 89, inf, nan]
// y = [0, 0.00033546262790251185, 0.36787944117144233, 0.6065306597126334, 1, 1.6487212707001282, 2.718281828459045,
//     2980.9579870417283, 1.6516362549940018e+38, 4.4896128191743455e+38, inf, nan]
func.func @f64(%x: tensor<12xf64>) -> tensor<12xf64> {
  %y = cameo.exp %x : (tensor<12xf64>) -> tensor<12xf64>
  return %y : tensor<12xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -1, -0.5, 0, 0.5, 1, 8, nan]
// y = [0.0003355, 0.368, 0.6064, 1, 1.648, 2.719, 2980, nan]
func.func @f16(%x: tensor<8xf16>) -> tensor<8xf16> {
  %y = cameo.exp %x : (tensor<8xf16>) -> tensor<8xf16>
  return %y : tensor<8xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -1, -0.5, 0, 0.5, 1, 8, nan]
// y = [0.000335693359375, 0.3671875, 0.60546875, 1, 1.6484375, 2.71875, 2976, nan]
func.func @bf16(%x: tensor<8xbf16>) -> tensor<8xbf16> {
  %y = cameo.exp %x : (tensor<8xbf16>) -> tensor<8xbf16>
  return %y : tensor<8xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.exp %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
