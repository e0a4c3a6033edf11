// unique.mlir - Distinct elements in order, where they first stand, which each element is, how often it occurs. Exact.

// x = [3, 1, 1, 2, 3, 1]
// y = [1, 2, 3]
// i = [1, 3, 0]
// v = [2, 0, 0, 1, 2, 0]
// c = [3, 1, 2]
func.func @sorted(%x: tensor<6xf32>) -> (tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>) {
  %y, %i, %v, %c = cameo.unique %x {axis = 0 : i64, sorted} : (tensor<6xf32>) -> (tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>)
  return %y, %i, %v, %c : tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>
}

// x = [3, 1, 1, 2, 3, 1]
// y = [3, 1, 2]
// i = [0, 1, 3]
// v = [0, 1, 1, 2, 0, 1]
// c = [2, 3, 1]
func.func @in_order_of_appearance(%x: tensor<6xf32>) -> (tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>) {
  %y, %i, %v, %c = cameo.unique %x {axis = 0 : i64} : (tensor<6xf32>) -> (tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>)
  return %y, %i, %v, %c : tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>
}

// By their bytes: what another goes on with comes behind it, and bytes from 0x80 on behind all others.
// x = ["b", "ab", "é", "a", "b"]
// y = ["a", "ab", "b", "é"]
// i = [3, 1, 0, 2]
// v = [2, 1, 3, 0, 2]
// c = [1, 1, 2, 1]
func.func @texts(%x: tensor<5x!cameo.string>) -> (tensor<?x!cameo.string>, tensor<?xi64>, tensor<5xi64>, tensor<?xi64>) {
  %y, %i, %v, %c = cameo.unique %x {axis = 0 : i64, sorted} : (tensor<5x!cameo.string>) -> (tensor<?x!cameo.string>, tensor<?xi64>, tensor<5xi64>, tensor<?xi64>)
  return %y, %i, %v, %c : tensor<?x!cameo.string>, tensor<?xi64>, tensor<5xi64>, tensor<?xi64>
}
