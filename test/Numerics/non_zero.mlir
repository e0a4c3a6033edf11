// non_zero.mlir - Positions of what is not 0, row by row. Exact.

// x = [[0, 1.5, 0], [-2, 0, 3]]
// y = [[0, 1, 1], [1, 0, 2]]
func.func @matrix(%x: tensor<2x3xf32>) -> tensor<2x?xi64> {
  %y = cameo.non_zero %x : (tensor<2x3xf32>) -> tensor<2x?xi64>
  return %y : tensor<2x?xi64>
}

// x = [[0, 0], [0, 0]]
// y = [[], []]
func.func @all_zero(%x: tensor<2x2xf32>) -> tensor<2x?xi64> {
  %y = cameo.non_zero %x : (tensor<2x2xf32>) -> tensor<2x?xi64>
  return %y : tensor<2x?xi64>
}
