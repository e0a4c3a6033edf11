// hard_swish.mlir - x (x / 6 + 1/2, between 0 and 1). Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 4.77e-07: 4 units in the last place of f32

// x = [-4, -3, -2, -1, 0, 0.5, 1, 2, 3, 5, nan]
// y = [-0.0, -0.0, -0.33333334, -0.33333334, 0, 0.29166666, 0.6666667, 1.6666666, 3, 5, nan]
func.func @f32(%x: tensor<11xf32>) -> tensor<11xf32> {
  %y = cameo.hard_swish %x : (tensor<11xf32>) -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// rtol = 8.88e-16: 4 units in the last place of f64
// x = [-4, -3, -2, -1, 0, 0.5, 1, 2, 3, 5, nan]
// y = [-0.0, -0.0, -0.3333333333333333, -0.3333333333333333, 0, 0.2916666666666667, 0.6666666666666666, 1.6666666666666667, 3,
//     5, nan]
func.func @f64(%x: tensor<11xf64>) -> tensor<11xf64> {
  %y = cameo.hard_swish %x : (tensor<11xf64>) -> tensor<11xf64>
  return %y : tensor<11xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-4, -3, -2, -1, 0, 0.5, 1, 2, 3, 5, nan]
// y = [-0.0, -0.0, -0.3333, -0.3333, 0, 0.2917, 0.6665, 1.667, 3, 5, nan]
func.func @f16(%x: tensor<11xf16>) -> tensor<11xf16> {
  %y = cameo.hard_swish %x : (tensor<11xf16>) -> tensor<11xf16>
  return %y : tensor<11xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-4, -3, -2, -1, 0, 0.5, 1, 2, 3, 5, nan]
// y = [-0.0, -0.0, -0.333984375, -0.333984375, 0, 0.291015625, 0.66796875, 1.6640625, 3, 5, nan]
func.func @bf16(%x: tensor<11xbf16>) -> tensor<11xbf16> {
  %y = cameo.hard_swish %x : (tensor<11xbf16>) -> tensor<11xbf16>
  return %y : tensor<11xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.hard_swish %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
