// require.mlir - x, where the condition is what is expected; the error when it is not is in test/Import/if-ranks.test. Exact.

// x = spread(3x7)
// c = true
// y = spread(3x7)
func.func @holds(%x: tensor<3x7xf32>, %c: tensor<i1>) -> tensor<3x7xf32> {
  %y = cameo.require %x, %c {expected = true, message = "c is false"} : (tensor<3x7xf32>, tensor<i1>) -> tensor<3x7xf32>
  return %y : tensor<3x7xf32>
}

// x = 5
// c = [false]
// y = 5
func.func @false_is_expected(%x: tensor<i64>, %c: tensor<1xi1>) -> tensor<i64> {
  %y = cameo.require %x, %c {expected = false, message = "c is true"} : (tensor<i64>, tensor<1xi1>) -> tensor<i64>
  return %y : tensor<i64>
}
