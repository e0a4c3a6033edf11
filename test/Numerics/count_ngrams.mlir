// count_ngrams.mlir - Occurrences of n-grams whose tokens lie up to maxSkips + 1 apart; a single token counts once. Exact.

// The pool holds 2; 3; (2, 3); (3, 2), for the columns 1, 0, 2 and 2.
// x = [[2, 3, 2, 3], [3, 3, 2, 1]]
// y = [[2, 2, 3], [2, 1, 1]]
// z = [[2, 2, 4], [2, 1, 2]]
func.func @numbers(%x: tensor<2x4xi64>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %p = cameo.constant dense<[2, 3, 2, 3, 3, 2]> : tensor<6xi64>
  %n = cameo.constant dense<[[0, 1, 1], [1, 1, 0], [2, 2, 2], [4, 2, 2]]> : tensor<4x3xi64>
  %y = cameo.count_ngrams %x, %p, %n {columns = 3 : i64, maxSkips = 0 : i64} : (tensor<2x4xi64>, tensor<6xi64>, tensor<4x3xi64>) -> tensor<2x3xf32>
  %z = cameo.count_ngrams %x, %p, %n {columns = 3 : i64, maxSkips = 2 : i64} : (tensor<2x4xi64>, tensor<6xi64>, tensor<4x3xi64>) -> tensor<2x3xf32>
  return %y, %z : tensor<2x3xf32>, tensor<2x3xf32>
}

// x = [["a", "b", "a"]]
// y = [[2, 1]]
func.func @texts(%x: tensor<1x3x!cameo.string>) -> tensor<1x2xf32> {
  %p = cameo.constant dense<["a", "b", "a"]> : tensor<3x!cameo.string>
  %n = cameo.constant dense<[[0, 1, 0], [1, 2, 1]]> : tensor<2x3xi64>
  %y = cameo.count_ngrams %x, %p, %n {columns = 2 : i64, maxSkips = 0 : i64} : (tensor<1x3x!cameo.string>, tensor<3x!cameo.string>, tensor<2x3xi64>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
