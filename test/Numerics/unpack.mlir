// unpack.mlir - The lowest bits are the first number. Exact.

// x = [[33, 240], [131, 122]]
// y = [[1, 2, 0, 15], [3, 8, 10, 7]]
func.func @fours(%x: tensor<2x2xui8>) -> tensor<2x4xui8> {
  %y = cameo.unpack %x {bits = 4 : i64} : (tensor<2x2xui8>) -> tensor<2x4xui8>
  return %y : tensor<2x4xui8>
}

// x = [[33, 240], [131, 122]]
// y = [[1, 0, 2, 0, 0, 0, 3, 3], [3, 0, 0, 2, 2, 2, 3, 1]]
func.func @twos(%x: tensor<2x2xui8>) -> tensor<2x8xui8> {
  %y = cameo.unpack %x {bits = 2 : i64} : (tensor<2x2xui8>) -> tensor<2x8xui8>
  return %y : tensor<2x8xui8>
}

// x = [[33, 240]]
// y = [[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]]
func.func @ones(%x: tensor<1x2xui8>) -> tensor<1x16xui8> {
  %y = cameo.unpack %x {bits = 1 : i64} : (tensor<1x2xui8>) -> tensor<1x16xui8>
  return %y : tensor<1x16xui8>
}
