// or.mlir - Or, of bits. Exact.

// x = [true, true, false, false]
// y = [true, false, true, false]
// z = [true, true, true, false]
func.func @bools(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
  %z = cameo.or %x, %y : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return %z : tensor<4xi1>
}

// x = [0, 1, 85, 240]
// y = [255, 3, 15, 60]
// z = [255, 3, 95, 252]
func.func @bits(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %z = cameo.or %x, %y : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %z : tensor<4xui8>
}
