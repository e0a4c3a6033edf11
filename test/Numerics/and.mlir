// and.mlir - And, of bits. Exact.

// x = [true, true, false, false]
// y = [true, false, true, false]
// z = [true, false, false, false]
func.func @bools(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
  %z = cameo.and %x, %y : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return %z : tensor<4xi1>
}

// x = [0, 1, 85, 240]
// y = [255, 3, 15, 60]
// z = [0, 1, 5, 48]
func.func @bits(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %z = cameo.and %x, %y : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %z : tensor<4xui8>
}
