// gather.mlir - Slices by index, negative ones from the end. Exact.

// x = spread(4x3)
// i = [[0, -1], [2, 2]]
// y = [[[-2.5, 2.125, 1.625], [-1.875, -2.375, 2.25]], [[-0.375, -0.875, -1.375], [-0.375, -0.875, -1.375]]]
func.func @rows(%x: tensor<4x3xf32>, %i: tensor<2x2xi64>) -> tensor<2x2x3xf32> {
  %y = cameo.gather %x, %i {axis = 0 : i64} : (tensor<4x3xf32>, tensor<2x2xi64>) -> tensor<2x2x3xf32>
  return %y : tensor<2x2x3xf32>
}

// x = spread(4x3)
// i = [2, 0]
// y = [[1.625, -2.5], [0.125, 1.125], [-1.375, -0.375], [2.25, -1.875]]
func.func @columns(%x: tensor<4x3xf32>, %i: tensor<2xi64>) -> tensor<4x2xf32> {
  %y = cameo.gather %x, %i {axis = 1 : i64} : (tensor<4x3xf32>, tensor<2xi64>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// x = spread(4x3)
// i = 1
// y = [1.125, 0.625, 0.125]
func.func @scalar_index(%x: tensor<4x3xf32>, %i: tensor<i64>) -> tensor<3xf32> {
  %y = cameo.gather %x, %i {axis = 0 : i64} : (tensor<4x3xf32>, tensor<i64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
