// one_hot.mlir - The on value where the index is, the off value elsewhere; an index outside is nowhere. Exact.

// i = [0, 2, -1, 5]
// d = 3
// v = [10, 20]
// y = [[20, 10, 10], [10, 10, 20], [10, 10, 20], [10, 10, 10]]
func.func @last_axis(%i: tensor<4xi64>, %d: tensor<i64>, %v: tensor<2xf32>) -> tensor<4x?xf32> {
  %y = cameo.one_hot %i, %d, %v {axis = -1 : i64} : (tensor<4xi64>, tensor<i64>, tensor<2xf32>) -> tensor<4x?xf32>
  return %y : tensor<4x?xf32>
}

// i = [0, 2, -1, 5]
// d = 3
// v = [10, 20]
// y = [[20, 10, 10, 10], [10, 10, 10, 10], [10, 20, 20, 10]]
func.func @first_axis(%i: tensor<4xi64>, %d: tensor<i64>, %v: tensor<2xf32>) -> tensor<?x4xf32> {
  %y = cameo.one_hot %i, %d, %v {axis = 0 : i64} : (tensor<4xi64>, tensor<i64>, tensor<2xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
