// mod.mlir - Remainder with the divisor's sign. Exact.

// x = [-128, -7, -1, 0, 5, 7, 100, 127]
// y = [-1, 2, 3, 4, -5, 7, 100, 1]
// z = [0, 1, 2, 0, 0, 0, 0, 0]
func.func @i8(%x: tensor<8xi8>, %y: tensor<8xi8>) -> tensor<8xi8> {
  %z = cameo.mod %x, %y : (tensor<8xi8>, tensor<8xi8>) -> tensor<8xi8>
  return %z : tensor<8xi8>
}

// x = [0, 7, 200, 255, 1, 16, 100, 128]
// y = [1, 2, 100, 255, 3, 16, 5, 2]
// z = [0, 1, 0, 0, 1, 0, 0, 0]
func.func @ui8(%x: tensor<8xui8>, %y: tensor<8xui8>) -> tensor<8xui8> {
  %z = cameo.mod %x, %y : (tensor<8xui8>, tensor<8xui8>) -> tensor<8xui8>
  return %z : tensor<8xui8>
}

// x = [-7, 7, -7, 7]
// y = [3, 3, -3, -3]
// z = [2, 1, -1, -2]
func.func @i64(%x: tensor<4xi64>, %y: tensor<4xi64>) -> tensor<4xi64> {
  %z = cameo.mod %x, %y : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  return %z : tensor<4xi64>
}
