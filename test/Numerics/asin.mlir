// asin.mlir - Arc sine; NaN outside [-1, 1]. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 3.58e-07: 3 units in the last place of f32

// x = [-2, -1, -0.5, 0, 0.1, 0.5, 0.9, 1, nan]
// y = [nan, -1.5707964, -0.5235988, 0, 0.10016742, 0.5235988, 1.1197695, 1.5707964, nan]
func.func @f32(%x: tensor<9xf32>) -> tensor<9xf32> {
  %y = cameo.asin %x : (tensor<9xf32>) -> tensor<9xf32>
  return %y : tensor<9xf32>
}

// rtol = 6.66e-16: 3 units in the last place of f64
// x = [-2, -1, -0.5, 0, 0.1, 0.5, 0.9, 1, nan]
// y = [nan, -1.5707963267948966, -0.5235987755982989, 0, 0.1001674211615598, 0.5235987755982989, 1.1197695149986342,
//     1.5707963267948966, nan]
func.func @f64(%x: tensor<9xf64>) -> tensor<9xf64> {
  %y = cameo.asin %x : (tensor<9xf64>) -> tensor<9xf64>
  return %y : tensor<9xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-2, -1, -0.5, 0, 0.1, 0.5, 0.9, 1, nan]
// y = [nan, -1.57, -0.5234, 0, 0.10016, 0.5234, 1.119, 1.57, nan]
func.func @f16(%x: tensor<9xf16>) -> tensor<9xf16> {
  %y = cameo.asin %x : (tensor<9xf16>) -> tensor<9xf16>
  return %y : tensor<9xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-2, -1, -0.5, 0, 0.10009765625, 0.5, 0.8984375, 1, nan]
// y = [nan, -1.5703125, -0.5234375, 0, 0.10009765625, 0.5234375, 1.1171875, 1.5703125, nan]
func.func @bf16(%x: tensor<9xbf16>) -> tensor<9xbf16> {
  %y = cameo.asin %x : (tensor<9xbf16>) -> tensor<9xbf16>
  return %y : tensor<9xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.asin %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
