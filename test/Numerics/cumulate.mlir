// cumulate.mlir - Running sums and products. Exact.

// x = [[1, 2, 3, 4], [5, -6, 7, 8]]
// a = 1
// y = [[1, 3, 6, 10], [5, -1, 6, 14]]
func.func @sum(%x: tensor<2x4xf32>, %a: tensor<i64>) -> tensor<2x4xf32> {
  %y = cameo.cumulate %x, %a {kind = "sum"} : (tensor<2x4xf32>, tensor<i64>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// x = [[1, 2, 3, 4], [5, -6, 7, 8]]
// a = 1
// y = [[9, 7, 4, 0], [9, 15, 8, 0]]
func.func @reverse_exclusive(%x: tensor<2x4xf32>, %a: tensor<i64>) -> tensor<2x4xf32> {
  %y = cameo.cumulate %x, %a {kind = "sum", exclusive, reverse} : (tensor<2x4xf32>, tensor<i64>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// x = [[1, 2, 3, 4], [5, -6, 7, 8]]
// a = 0
// y = [[1, 2, 3, 4], [5, -12, 21, 32]]
func.func @prod(%x: tensor<2x4xf32>, %a: tensor<i64>) -> tensor<2x4xf32> {
  %y = cameo.cumulate %x, %a {kind = "prod"} : (tensor<2x4xf32>, tensor<i64>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
