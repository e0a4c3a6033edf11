// remainder.mlir - Remainder with the dividend's sign. Exact.

// x = [-7.5, 7.5, -7.5, 7.5, 1, 0]
// y = [2, 2, -2, -2, 8, 3]
// z = [-1.5, 1.5, -1.5, 1.5, 1, 0]
func.func @f32(%x: tensor<6xf32>, %y: tensor<6xf32>) -> tensor<6xf32> {
  %z = cameo.remainder %x, %y : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  return %z : tensor<6xf32>
}

// x = [-128, -7, -1, 0, 5, 7, 100, 127]
// y = [-1, 2, 3, 4, -5, 7, 100, 1]
// z = [0, -1, -1, 0, 0, 0, 0, 0]
func.func @i8(%x: tensor<8xi8>, %y: tensor<8xi8>) -> tensor<8xi8> {
  %z = cameo.remainder %x, %y : (tensor<8xi8>, tensor<8xi8>) -> tensor<8xi8>
  return %z : tensor<8xi8>
}

// x = [-7, 7, -7, 7]
// y = [3, 3, -3, -3]
// z = [-1, 1, -1, 1]
func.func @i64(%x: tensor<4xi64>, %y: tensor<4xi64>) -> tensor<4xi64> {
  %z = cameo.remainder %x, %y : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  return %z : tensor<4xi64>
}

// Broadcasting along the last axis, with a tail.
// x = spread(5x37)
// y = spread(5x1)
// z = naive
func.func @column_by_column(%x: tensor<?x?xf32>, %y: tensor<?x1xf32>) -> tensor<?x?xf32> {
  %z = cameo.remainder %x, %y : (tensor<?x?xf32>, tensor<?x1xf32>) -> tensor<?x?xf32>
  return %z : tensor<?x?xf32>
}
