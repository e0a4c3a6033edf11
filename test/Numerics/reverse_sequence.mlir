// reverse_sequence.mlir - The first n elements of each sequence turned round. Exact.

// x = [[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875]]
// n = [3, 1]
// y = [[1.625, 2.125, -2.5, 1.125], [0.625, 0.125, -0.375, -0.875]]
func.func @lengths(%x: tensor<2x4xf32>, %n: tensor<2xi64>) -> tensor<2x4xf32> {
  %y = cameo.reverse_sequence %x, %n {batchAxis = 0 : i64, timeAxis = 1 : i64} : (tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
