// compress.mlir - The slices whose condition holds. Exact.

// x = spread(4x3)
// c = [true, false, false, true]
// y = [[-2.5, 2.125, 1.625], [-1.875, -2.375, 2.25]]
func.func @rows(%x: tensor<4x3xf32>, %c: tensor<4xi1>) -> tensor<?x3xf32> {
  %y = cameo.compress %x, %c {axis = 0 : i64} : (tensor<4x3xf32>, tensor<4xi1>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// x = spread(4x3)
// c = [false, false, false, false]
// y = spread(0x3)
func.func @none_left(%x: tensor<4x3xf32>, %c: tensor<4xi1>) -> tensor<?x3xf32> {
  %y = cameo.compress %x, %c {axis = 0 : i64} : (tensor<4x3xf32>, tensor<4xi1>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
