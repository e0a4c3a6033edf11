// arg_max.mlir - Position of the largest element, the first of equals. Exact.

// x = [[1, 5, 5, 2], [4, 0, 0, 4]]
// y = [1, 0]
func.func @rows(%x: tensor<2x4xf32>) -> tensor<2xi64> {
  %y = cameo.arg_max %x {axis = 1 : i64} : (tensor<2x4xf32>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}

// x = [[1, 5, 5, 2], [4, 0, 0, 4]]
// y = [[1, 0, 0, 1]]
func.func @columns_kept(%x: tensor<2x4xf32>) -> tensor<1x4xi64> {
  %y = cameo.arg_max %x {axis = 0 : i64, keepDims} : (tensor<2x4xf32>) -> tensor<1x4xi64>
  return %y : tensor<1x4xi64>
}

// x = [[1, 5, 5, 2], [4, 0, 0, 4]]
// y = [2, 3]
func.func @last_of_equals(%x: tensor<2x4xf32>) -> tensor<2xi64> {
  %y = cameo.arg_max %x {axis = 1 : i64, last} : (tensor<2x4xf32>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}
