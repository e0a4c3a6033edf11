// prelu.mlir - x, or x times a slope. Exact.

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, -1, 0.25, 2, 1]
// z = [-inf, -6, 0.25, 0, 1, 3, inf, nan]
func.func @f32(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
  %z = cameo.prelu %x, %y : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %z : tensor<8xf32>
}

// x = [-2, -1, 1, 2]
// y = [0.5, 2, 3, 4]
// z = [-1, -2, 1, 2]
func.func @f16(%x: tensor<4xf16>, %y: tensor<4xf16>) -> tensor<4xf16> {
  %z = cameo.prelu %x, %y : (tensor<4xf16>, tensor<4xf16>) -> tensor<4xf16>
  return %z : tensor<4xf16>
}

// x = [-3, 3]
// y = [2, 2]
// z = [-6, 3]
func.func @i64(%x: tensor<2xi64>, %y: tensor<2xi64>) -> tensor<2xi64> {
  %z = cameo.prelu %x, %y : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %z : tensor<2xi64>
}

// Broadcasting along the last axis, with a tail.
// x = spread(5x37)
// y = spread(5x1)
// z = naive
func.func @column_by_column(%x: tensor<?x?xf32>, %y: tensor<?x1xf32>) -> tensor<?x?xf32> {
  %z = cameo.prelu %x, %y : (tensor<?x?xf32>, tensor<?x1xf32>) -> tensor<?x?xf32>
  return %z : tensor<?x?xf32>
}
