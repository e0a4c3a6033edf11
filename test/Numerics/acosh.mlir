// acosh.mlir - Inverse hyperbolic cosine; NaN below 1. Expected values: NumPy in f64 (f64 cases: long double), rounded to the
// type.
// rtol = 4.77e-07: 4 units in the last place of f32

// x = [0.5, 1, 1.5, 2, 8, inf, nan, -1e10, -3e38, -inf]
// y = [nan, 0, 0.9624236, 1.316958, 2.7686594, inf, nan, nan, nan, nan]
func.func @f32(%x: tensor<10xf32>) -> tensor<10xf32> {
  %y = cameo.acosh %x : (tensor<10xf32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}

// rtol = 8.88e-16: 4 units in the last place of f64
// x = [0.5, 1, 1.5, 2, 8, inf, nan]
// y = [nan, 0, 0.9624236501192069, 1.3169578969248168, 2.7686593833135738, inf, nan]
func.func @f64(%x: tensor<7xf64>) -> tensor<7xf64> {
  %y = cameo.acosh %x : (tensor<7xf64>) -> tensor<7xf64>
  return %y : tensor<7xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [0.5, 1, 1.5, 2, 8, nan]
// y = [nan, 0, 0.9624, 1.317, 2.77, nan]
func.func @f16(%x: tensor<6xf16>) -> tensor<6xf16> {
  %y = cameo.acosh %x : (tensor<6xf16>) -> tensor<6xf16>
  return %y : tensor<6xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [0.5, 1, 1.5, 2, 8, nan]
// y = [nan, 0, 0.9609375, 1.3203125, 2.765625, nan]
func.func @bf16(%x: tensor<6xbf16>) -> tensor<6xbf16> {
  %y = cameo.acosh %x : (tensor<6xbf16>) -> tensor<6xbf16>
  return %y : tensor<6xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.acosh %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
