// atanh.mlir - Inverse hyperbolic tangent; infinite at 1. Expected values: NumPy in f64 (f64 cases: long double), rounded to the
// type.
// rtol = 4.77e-07: 4 units in the last place of f32

// x = [-1, -0.5, 0, 0.1, 0.5, 1, nan]
// y = [-inf, -0.54930615, 0, 0.10033535, 0.54930615, inf, nan]
func.func @f32(%x: tensor<7xf32>) -> tensor<7xf32> {
  %y = cameo.atanh %x : (tensor<7xf32>) -> tensor<7xf32>
  return %y : tensor<7xf32>
}

// rtol = 8.88e-16: 4 units in the last place of f64
// x = [-1, -0.5, 0, 0.1, 0.5, 1, nan]
// y = [-inf, -0.5493061443340549, 0, 0.10033534773107558, 0.5493061443340549, inf, nan]
func.func @f64(%x: tensor<7xf64>) -> tensor<7xf64> {
  %y = cameo.atanh %x : (tensor<7xf64>) -> tensor<7xf64>
  return %y : tensor<7xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-1, -0.5, 0, 0.1, 0.5, 1, nan]
// y = [-inf, -0.5493, 0, 0.1003, 0.5493, inf, nan]
func.func @f16(%x: tensor<7xf16>) -> tensor<7xf16> {
  %y = cameo.atanh %x : (tensor<7xf16>) -> tensor<7xf16>
  return %y : tensor<7xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-1, -0.5, 0, 0.10009765625, 0.5, 1, nan]
// y = [-inf, -0.55078125, 0, 0.1005859375, 0.55078125, inf, nan]
func.func @bf16(%x: tensor<7xbf16>) -> tensor<7xbf16> {
  %y = cameo.atanh %x : (tensor<7xbf16>) -> tensor<7xbf16>
  return %y : tensor<7xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.atanh %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
