// sqrt.mlir - Square root, correctly rounded. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 1.19e-07: 1 units in the last place of f32

// x = [-1, 0, 0.25, 0.5, 1, 2, 8, 1e+30, inf, nan]
// y = [nan, 0, 0.5, 0.70710677, 1, 1.4142135, 2.828427, 1e+15, inf, nan]
func.func @f32(%x: tensor<10xf32>) -> tensor<10xf32> {
  %y = cameo.sqrt %x : (tensor<10xf32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}

// rtol = 2.22e-16: 1 units in the last place of f64
// x = [-1, 0, 0.25, 0.5, 1, 2, 8, inf, nan]
// y = [nan, 0, 0.5, 0.7071067811865476, 1, 1.4142135623730951, 2.8284271247461903, inf, nan]
func.func @f64(%x: tensor<9xf64>) -> tensor<9xf64> {
  %y = cameo.sqrt %x : (tensor<9xf64>) -> tensor<9xf64>
  return %y : tensor<9xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-1, 0, 0.25, 0.5, 1, 2, 8, nan]
// y = [nan, 0, 0.5, 0.707, 1, 1.414, 2.828, nan]
func.func @f16(%x: tensor<8xf16>) -> tensor<8xf16> {
  %y = cameo.sqrt %x : (tensor<8xf16>) -> tensor<8xf16>
  return %y : tensor<8xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-1, 0, 0.25, 0.5, 1, 2, 8, nan]
// y = [nan, 0, 0.5, 0.70703125, 1, 1.4140625, 2.828125, nan]
func.func @bf16(%x: tensor<8xbf16>) -> tensor<8xbf16> {
  %y = cameo.sqrt %x : (tensor<8xbf16>) -> tensor<8xbf16>
  return %y : tensor<8xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.sqrt %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
