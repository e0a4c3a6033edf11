// pow.mlir - x to the power of y. Expected values: NumPy in f64, rounded to the type.
// rtol = 4.77e-07: 4 units in the last place of f32

// x = [0, 1, 2, 2, -2, -2, 4, 9, 0, 2, inf]
// y = [0, 5, 3, -1, 2, 3, 0.5, -0.5, 2, 0.3, 2]
// z = [1, 1, 8, 0.5, 4, -8, 2, 0.33333334, 0, 1.2311444, inf]
func.func @f32(%x: tensor<11xf32>, %y: tensor<11xf32>) -> tensor<11xf32> {
  %z = cameo.pow %x, %y : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  return %z : tensor<11xf32>
}

// x = [2, 3, -2, 7]
// y = [10, 3, 3, 0]
// z = [1024, 27, -8, 1]
func.func @i64(%x: tensor<4xi64>, %y: tensor<4xi64>) -> tensor<4xi64> {
  %z = cameo.pow %x, %y : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  return %z : tensor<4xi64>
}

// x = [2, 3, 0.5]
// y = [3, 2, 2]
// z = [8, 9, 0.25]
func.func @f16(%x: tensor<3xf16>, %y: tensor<3xf16>) -> tensor<3xf16> {
  %z = cameo.pow %x, %y : (tensor<3xf16>, tensor<3xf16>) -> tensor<3xf16>
  return %z : tensor<3xf16>
}
