// scatter_nd.mlir - Slices put at tuples of indices. Exact.

// x = [[0, 0], [0, 0], [0, 0], [0, 0]]
// i = [[1], [3]]
// u = [[1, 2], [3, 4]]
// y = [[0, 0], [1, 2], [0, 0], [3, 4]]
func.func @rows(%x: tensor<4x2xf32>, %i: tensor<2x1xi64>, %u: tensor<2x2xf32>) -> tensor<4x2xf32> {
  %y = cameo.scatter_nd %x, %i, %u {reduction = "none"} : (tensor<4x2xf32>, tensor<2x1xi64>, tensor<2x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// x = [1, 1, 1]
// i = [[1], [1]]
// u = [5, 7]
// y = [1, 13, 1]
func.func @add_twice(%x: tensor<3xf32>, %i: tensor<2x1xi64>, %u: tensor<2xf32>) -> tensor<3xf32> {
  %y = cameo.scatter_nd %x, %i, %u {reduction = "add"} : (tensor<3xf32>, tensor<2x1xi64>, tensor<2xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
