// expand.mlir - Broadcast to sizes. Exact.

// x = [[-2.5, 2.125, 1.625]]
// s = [2, 1]
// y = [[-2.5, 2.125, 1.625], [-2.5, 2.125, 1.625]]
func.func @rows(%x: tensor<1x3xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
  %y = cameo.expand %x, %s : (tensor<1x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// x = [[-2.5], [2.125]]
// s = [2, 1, 2]
// y = [[[-2.5, -2.5], [2.125, 2.125]], [[-2.5, -2.5], [2.125, 2.125]]]
func.func @new_axis(%x: tensor<2x1xf32>, %s: tensor<3xi64>) -> tensor<?x?x?xf32> {
  %y = cameo.expand %x, %s : (tensor<2x1xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}
