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

// The elements of s are read as sizes after the ops behind the concatenation have used memory.
// c = [false]
// a = [3]
// b = [2]
// x = [[1.5]]
// y = [[1.5, 1.5], [1.5, 1.5]]
func.func @sizes_are_kept(%c: tensor<1xi1>, %a: tensor<1xi64>, %b: tensor<1xi64>, %x: tensor<1x1xf32>) -> tensor<?x?xf32> {
  %n = cameo.where %c, %a, %b : (tensor<1xi1>, tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %s = cameo.concat %n, %n {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %u = cameo.neg %x : (tensor<1x1xf32>) -> tensor<1x1xf32>
  %v = cameo.neg %u : (tensor<1x1xf32>) -> tensor<1x1xf32>
  %y = cameo.expand %v, %s : (tensor<1x1xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
