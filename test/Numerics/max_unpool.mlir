// max_unpool.mlir - Values put back at the positions they came from. Exact.

// x = [[[5, 7]]]
// i = [[[1, 4]]]
// s = [1, 1, 5]
// y = [[[0, 5, 0, 0, 7]]]
func.func @places(%x: tensor<1x1x2xf32>, %i: tensor<1x1x2xi64>, %s: tensor<3xi64>) -> tensor<?x?x?xf32> {
  %y = cameo.max_unpool %x, %i, %s : (tensor<1x1x2xf32>, tensor<1x1x2xi64>, tensor<3xi64>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}
