// tile.mlir - Repetition along every axis. Exact.

// x = [[-2.5, 2.125], [1.625, 1.125]]
// r = [2, 3]
// y = [[-2.5, 2.125, -2.5, 2.125, -2.5, 2.125], [1.625, 1.125, 1.625, 1.125, 1.625, 1.125], [-2.5, 2.125, -2.5, 2.125, -2.5,
//     2.125], [1.625, 1.125, 1.625, 1.125, 1.625, 1.125]]
func.func @both_axes(%x: tensor<2x2xf32>, %r: tensor<2xi64>) -> tensor<?x?xf32> {
  %y = cameo.tile %x, %r : (tensor<2x2xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// x = [[-2.5, 2.125], [1.625, 1.125]]
// r = [0, 1]
// y = spread(0x2)
func.func @zero_times(%x: tensor<2x2xf32>, %r: tensor<2xi64>) -> tensor<?x?xf32> {
  %y = cameo.tile %x, %r : (tensor<2x2xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
