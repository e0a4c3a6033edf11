// eye_like.mlir - Ones on a diagonal. Exact.

// x = spread(3x4)
// y = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
func.func @diagonal_0(%x: tensor<3x4xi64>) -> tensor<3x4xf32> {
  %y = cameo.eye_like %x {k = 0 : i64, to = f32} : (tensor<3x4xi64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// x = spread(3x4)
// y = [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
func.func @diagonal_1(%x: tensor<3x4xi64>) -> tensor<3x4xf32> {
  %y = cameo.eye_like %x {k = 1 : i64, to = f32} : (tensor<3x4xi64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// x = spread(3x4)
// y = [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]]
func.func @diagonal_minus_1(%x: tensor<3x4xi64>) -> tensor<3x4xf32> {
  %y = cameo.eye_like %x {k = -1 : i64, to = f32} : (tensor<3x4xi64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
