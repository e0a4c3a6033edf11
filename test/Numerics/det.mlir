// det.mlir - Determinants of a batch of matrices. Exact: small integers.

// atol = 2e-5: elimination divides; |a| <= 9, three steps of 2^-23
// x = [[[2, 0, 0], [0, 3, 0], [0, 0, 4]], [[0, 1, 0], [1, 0, 0], [0, 0, 1]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]]
// y = [24, -1, 0]
func.func @batch(%x: tensor<3x3x3xf32>) -> tensor<3xf32> {
  %y = cameo.det %x : (tensor<3x3x3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
