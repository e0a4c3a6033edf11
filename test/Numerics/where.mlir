// where.mlir - x where the condition holds, else y, broadcast. Exact.

// c = [[true], [false]]
// x = [1, 2, 3]
// y = [[10, 20, 30], [40, 50, 60]]
// z = [[1, 2, 3], [40, 50, 60]]
func.func @broadcast(%c: tensor<2x1xi1>, %x: tensor<3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %z = cameo.where %c, %x, %y : (tensor<2x1xi1>, tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// c = [true, false]
// x = [1, 2]
// y = [-1, -2]
// z = [1, -2]
func.func @i64(%c: tensor<2xi1>, %x: tensor<2xi64>, %y: tensor<2xi64>) -> tensor<2xi64> {
  %z = cameo.where %c, %x, %y : (tensor<2xi1>, tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %z : tensor<2xi64>
}
