// asinh.mlir - Inverse hyperbolic sine. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 4.77e-07: 4 units in the last place of f32

// x = [-8, -1, -0.1, 0, 0.5, 1, 8, nan]
// y = [-2.7764723, -0.8813736, -0.09983408, 0, 0.4812118, 0.8813736, 2.7764723, nan]
func.func @f32(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = cameo.asinh %x : (tensor<8xf32>) -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// rtol = 8.88e-16: 4 units in the last place of f64
// x = [-8, -1, -0.1, 0, 0.5, 1, 8, nan]
// y = [-2.7764722807237177, -0.881373587019543, -0.09983407889920756, 0, 0.48121182505960347, 0.881373587019543,
//     2.7764722807237177, nan]
func.func @f64(%x: tensor<8xf64>) -> tensor<8xf64> {
  %y = cameo.asinh %x : (tensor<8xf64>) -> tensor<8xf64>
  return %y : tensor<8xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -1, -0.1, 0, 0.5, 1, 8, nan]
// y = [-2.777, -0.8813, -0.0998, 0, 0.4812, 0.8813, 2.777, nan]
func.func @f16(%x: tensor<8xf16>) -> tensor<8xf16> {
  %y = cameo.asinh %x : (tensor<8xf16>) -> tensor<8xf16>
  return %y : tensor<8xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -1, -0.10009765625, 0, 0.5, 1, 8, nan]
// y = [-2.78125, -0.8828125, -0.10009765625, 0, 0.48046875, 0.8828125, 2.78125, nan]
func.func @bf16(%x: tensor<8xbf16>) -> tensor<8xbf16> {
  %y = cameo.asinh %x : (tensor<8xbf16>) -> tensor<8xbf16>
  return %y : tensor<8xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.asinh %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
