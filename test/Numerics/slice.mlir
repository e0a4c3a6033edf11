// slice.mlir - Every step-th element between two positions, clamped, negative ones from the end. Exact.

// x = spread(2x6)
// s = [1]
// e = [4]
// t = [1]
// y = [[2.125, 1.625, 1.125], [-0.875, -1.375, -1.875]]
func.func @middle(%x: tensor<2x6xf32>, %s: tensor<1xi64>, %e: tensor<1xi64>, %t: tensor<1xi64>) -> tensor<2x?xf32> {
  %y = cameo.slice %x, %s, %e, %t {axes = array<i64: 1>} : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}

// x = spread(2x6)
// s = [-5]
// e = [-1]
// t = [2]
// y = [[2.125, 1.125], [-0.875, -1.875]]
func.func @negative(%x: tensor<2x6xf32>, %s: tensor<1xi64>, %e: tensor<1xi64>, %t: tensor<1xi64>) -> tensor<2x?xf32> {
  %y = cameo.slice %x, %s, %e, %t {axes = array<i64: 1>} : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}

// x = spread(2x6)
// s = [9]
// e = [-9]
// t = [-1]
// y = [[0.125, 0.625, 1.125, 1.625, 2.125, -2.5], [2.25, -2.375, -1.875, -1.375, -0.875, -0.375]]
func.func @reversed(%x: tensor<2x6xf32>, %s: tensor<1xi64>, %e: tensor<1xi64>, %t: tensor<1xi64>) -> tensor<2x?xf32> {
  %y = cameo.slice %x, %s, %e, %t {axes = array<i64: 1>} : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}

// x = spread(2x6)
// s = [3]
// e = [100]
// t = [1]
// y = [[1.125, 0.625, 0.125], [-1.875, -2.375, 2.25]]
func.func @clamped(%x: tensor<2x6xf32>, %s: tensor<1xi64>, %e: tensor<1xi64>, %t: tensor<1xi64>) -> tensor<2x?xf32> {
  %y = cameo.slice %x, %s, %e, %t {axes = array<i64: 1>} : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}

// x = spread(2x6)
// s = [4]
// e = [2]
// t = [1]
// y = [[], []]
func.func @empty(%x: tensor<2x6xf32>, %s: tensor<1xi64>, %e: tensor<1xi64>, %t: tensor<1xi64>) -> tensor<2x?xf32> {
  %y = cameo.slice %x, %s, %e, %t {axes = array<i64: 1>} : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}
