// tree_ensemble.mlir - Two trees, the second a leaf; a test on the threshold holds, one on a NaN does not. Exact.

// x = [[0.5, 3], [0.75, -1], [0.75, 0], [nan, -2]]
// n = [[0, 1056964608, 2, 1], [1, -1082130432, 3, 4], [0, 0, 2, 2], [0, 0, 3, 3], [0, 0, 4, 4], [0, 0, 5, 5]]
// r = [[0, 2], [5, 0]]
// w = [[1], [2], [4], [0.5]]
// y = [[1.5], [2.5], [4.5], [2.5]]
func.func @sums(%x: tensor<4x2xf32>, %n: tensor<6x4xi32>, %r: tensor<2x2xi32>, %w: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %y = cameo.tree_ensemble %x, %n, %r, %w {aggregate = "sum", leavesFrom = 2 : i64, modes = ["le"], numTargets = 1 : i64} : (tensor<4x2xf32>, tensor<6x4xi32>, tensor<2x2xi32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// x = [[0.5, 3], [0.75, -1], [0.75, 0], [nan, -2]]
// n = [[0, 1056964608, 2, 1], [1, -1082130432, 3, 4], [0, 0, 2, 2], [0, 0, 3, 3], [0, 0, 4, 4], [0, 0, 5, 5]]
// r = [[0, 2], [5, 0]]
// w = [[1], [2], [4], [0.5]]
// y = [[0.5], [0.5], [0.5], [0.5]]
func.func @least(%x: tensor<4x2xf32>, %n: tensor<6x4xi32>, %r: tensor<2x2xi32>, %w: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %y = cameo.tree_ensemble %x, %n, %r, %w {aggregate = "min", leavesFrom = 2 : i64, modes = ["le"], numTargets = 1 : i64} : (tensor<4x2xf32>, tensor<6x4xi32>, tensor<2x2xi32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// x = [[0.5, 3], [0.75, -1], [0.75, 0], [nan, -2]]
// n = [[0, 1056964608, 2, 1], [1, -1082130432, 3, 4], [0, 0, 2, 2], [0, 0, 3, 3], [0, 0, 4, 4], [0, 0, 5, 5]]
// r = [[0, 2], [5, 0]]
// w = [[1], [2], [4], [0.5]]
// y = [[1], [2], [4], [2]]
func.func @greatest(%x: tensor<4x2xf32>, %n: tensor<6x4xi32>, %r: tensor<2x2xi32>, %w: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %y = cameo.tree_ensemble %x, %n, %r, %w {aggregate = "max", leavesFrom = 2 : i64, modes = ["le"], numTargets = 1 : i64} : (tensor<4x2xf32>, tensor<6x4xi32>, tensor<2x2xi32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}
