// gather_elements.mlir - Elements by index along one axis. Exact.

// x = spread(3x3)
// i = [[0, -1], [2, 0], [1, 1]]
// y = [[-2.5, 1.625], [0.125, 1.125], [-0.875, -0.875]]
func.func @columns(%x: tensor<3x3xf32>, %i: tensor<3x2xi64>) -> tensor<3x2xf32> {
  %y = cameo.gather_elements %x, %i {axis = 1 : i64} : (tensor<3x3xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
