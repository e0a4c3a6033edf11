// top_k.mlir - The k largest or smallest, in order, the first of equals first. Exact.

// x = [[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8]]
// k = [3]
// v = [[9, 5, 4], [8, 6, 5]]
// i = [[5, 4, 2], [5, 1, 2]]
func.func @largest(%x: tensor<2x6xf32>, %k: tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>) {
  %v, %i = cameo.top_k %x, %k {axis = 1 : i64, largest} : (tensor<2x6xf32>, tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>)
  return %v, %i : tensor<2x?xf32>, tensor<2x?xi64>
}

// x = [[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8]]
// k = [3]
// v = [[1, 1, 3], [2, 3, 5]]
// i = [[1, 3, 0], [0, 3, 2]]
func.func @smallest(%x: tensor<2x6xf32>, %k: tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>) {
  %v, %i = cameo.top_k %x, %k {axis = 1 : i64} : (tensor<2x6xf32>, tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>)
  return %v, %i : tensor<2x?xf32>, tensor<2x?xi64>
}
