// shift_left.mlir - Bits moved by y places; none is left after the type's width. Exact.

// x = [1, 3, 255, 128, 7]
// y = [1, 7, 4, 1, 8]
// z = [2, 128, 240, 0, 0]
func.func @ui8(%x: tensor<5xui8>, %y: tensor<5xui8>) -> tensor<5xui8> {
  %z = cameo.shift_left %x, %y : (tensor<5xui8>, tensor<5xui8>) -> tensor<5xui8>
  return %z : tensor<5xui8>
}
