// tensor_scatter.mlir - An update written at a position of each batch, as a cache of keys grows. Exact.

// x = [[[0], [0], [0], [0]], [[0], [0], [0], [0]]]
// u = [[[1], [2]], [[3], [4]]]
// s = [1, 2]
// y = [[[0], [1], [2], [0]], [[0], [0], [3], [4]]]
func.func @positions(%x: tensor<2x4x1xf32>, %u: tensor<2x2x1xf32>, %s: tensor<2xi64>) -> tensor<2x4x1xf32> {
  %y = cameo.tensor_scatter %x, %u, %s {axis = 1 : i64} : (tensor<2x4x1xf32>, tensor<2x2x1xf32>, tensor<2xi64>) -> tensor<2x4x1xf32>
  return %y : tensor<2x4x1xf32>
}
