// softmax.mlir - Exponentials over their sum. Expected values: NumPy in f64, rounded to the type.
// rtol = 2e-6: an exponential (2 units), a sum of up to 8 terms, a division or logarithm

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25, 1.75, 1.25, 0.75, 0.25]]
// y = [[0.003961791, 0.40411368, 0.24510734, 0.14866512, 0.09016995, 0.054690838, 0.03317167, 0.020119635], [0.011171322,
//     0.0067757494, 0.0041096997, 0.41920078, 0.25425813, 0.15421535, 0.09353633, 0.056732655]]
func.func @rows(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %y = cameo.softmax %x {axis = -1 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25, 1.75, 1.25, 0.75, 0.25]]
// y = [[0.24508502, 0.98201376, 0.98201376, 0.24508502, 0.24508502, 0.24508502, 0.24508502, 0.24508502], [0.754915, 0.01798621,
//     0.01798621, 0.754915, 0.754915, 0.754915, 0.754915, 0.754915]]
func.func @columns(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %y = cameo.softmax %x {axis = 0 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// x = [[1000, 1000], [-1000, 0]]
// y = [[0.5, 0.5], [0, 1]]
func.func @large_values(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %y = cameo.softmax %x {axis = 1 : i64} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// rtol = 9.8e-4: a unit of f16; -O0 rounds each step of it, which here gives the same
// x = [[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875]]
// y = [[0.00494, 0.504, 0.3057, 0.1854], [0.455, 0.2761, 0.1674, 0.10156]]
func.func @f16(%x: tensor<2x4xf16>) -> tensor<2x4xf16> {
  %y = cameo.softmax %x {axis = -1 : i64} : (tensor<2x4xf16>) -> tensor<2x4xf16>
  return %y : tensor<2x4xf16>
}

// rtol = 1e-5: 131 terms
// x = spread(3x131)
// y = naive
func.func @long_rows(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %y = cameo.softmax %x {axis = -1 : i64} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
