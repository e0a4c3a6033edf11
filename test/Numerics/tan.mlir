// tan.mlir - Tangent. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 4.77e-07: 4 units in the last place of f32

// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, nan]
// y = [6.799711, 0.14254655, -1.5574077, -0.5463025, 0, 0.5463025, 1.5574077, 14.10142, -0.14254655, -6.799711, nan]
func.func @f32(%x: tensor<11xf32>) -> tensor<11xf32> {
  %y = cameo.tan %x : (tensor<11xf32>) -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// rtol = 8.88e-16: 4 units in the last place of f64
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, nan]
// y = [6.799711455220379, 0.1425465430742778, -1.5574077246549023, -0.5463024898437905, 0, 0.5463024898437905,
//     1.5574077246549023, 14.101419947171719, -0.1425465430742778, -6.799711455220379, nan]
func.func @f64(%x: tensor<11xf64>) -> tensor<11xf64> {
  %y = cameo.tan %x : (tensor<11xf64>) -> tensor<11xf64>
  return %y : tensor<11xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, nan]
// y = [6.8, 0.1426, -1.558, -0.5464, 0, 0.5464, 1.558, 14.1, -0.1426, -6.8, nan]
func.func @f16(%x: tensor<11xf16>) -> tensor<11xf16> {
  %y = cameo.tan %x : (tensor<11xf16>) -> tensor<11xf16>
  return %y : tensor<11xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, nan]
// y = [6.8125, 0.142578125, -1.5546875, -0.546875, 0, 0.546875, 1.5546875, 14.125, -0.142578125, -6.8125, nan]
func.func @bf16(%x: tensor<11xbf16>) -> tensor<11xbf16> {
  %y = cameo.tan %x : (tensor<11xbf16>) -> tensor<11xbf16>
  return %y : tensor<11xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.tan %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
