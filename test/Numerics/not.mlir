// not.mlir - Not, of bits. Exact.

// x = [true, false]
// y = [false, true]
func.func @bools(%x: tensor<2xi1>) -> tensor<2xi1> {
  %y = cameo.not %x : (tensor<2xi1>) -> tensor<2xi1>
  return %y : tensor<2xi1>
}

// x = [0, 1, 85, 240]
// y = [255, 254, 170, 15]
func.func @bits(%x: tensor<4xui8>) -> tensor<4xui8> {
  %y = cameo.not %x : (tensor<4xui8>) -> tensor<4xui8>
  return %y : tensor<4xui8>
}
