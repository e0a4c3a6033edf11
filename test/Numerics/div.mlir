// div.mlir - Quotient; that of integers is truncated, and wraps where it overflows. Expected values: NumPy in f64, rounded to the
// type.
// rtol = 1.19e-07: 1 units in the last place of f32

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, 0, 0.25, 2, 1]
// z = [-inf, -0.6666667, 1, 0, inf, 12, inf, nan]
func.func @f32(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
  %z = cameo.div %x, %y : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %z : tensor<8xf32>
}

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, -1, 0.25, 2, 1]
// z = [-inf, -0.6666666666666666, 1, 0, -1, 12, inf, nan]
func.func @f64(%x: tensor<8xf64>, %y: tensor<8xf64>) -> tensor<8xf64> {
  %z = cameo.div %x, %y : (tensor<8xf64>, tensor<8xf64>) -> tensor<8xf64>
  return %z : tensor<8xf64>
}

// x = [-128, -7, -1, 0, 5, 7, 100, 127]
// y = [-1, 2, 3, 4, -5, 7, 100, 1]
// z = [-128, -3, 0, 0, -1, 1, 1, 127]
func.func @i8(%x: tensor<8xi8>, %y: tensor<8xi8>) -> tensor<8xi8> {
  %z = cameo.div %x, %y : (tensor<8xi8>, tensor<8xi8>) -> tensor<8xi8>
  return %z : tensor<8xi8>
}

// x = [0, 7, 200, 255, 1, 16, 100, 128]
// y = [1, 2, 100, 255, 3, 16, 5, 2]
// z = [0, 3, 2, 1, 0, 1, 20, 64]
func.func @ui8(%x: tensor<8xui8>, %y: tensor<8xui8>) -> tensor<8xui8> {
  %z = cameo.div %x, %y : (tensor<8xui8>, tensor<8xui8>) -> tensor<8xui8>
  return %z : tensor<8xui8>
}

// x = [-9, -7, 7, 9]
// y = [2, -2, 2, -2]
// z = [-4, 3, 3, -4]
func.func @i64(%x: tensor<4xi64>, %y: tensor<4xi64>) -> tensor<4xi64> {
  %z = cameo.div %x, %y : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  return %z : tensor<4xi64>
}

// Broadcasting along the last axis, with a tail.
// x = spread(5x37)
// y = spread(5x1)
// z = naive
func.func @column_by_column(%x: tensor<?x?xf32>, %y: tensor<?x1xf32>) -> tensor<?x?xf32> {
  %z = cameo.div %x, %y : (tensor<?x?xf32>, tensor<?x1xf32>) -> tensor<?x?xf32>
  return %z : tensor<?x?xf32>
}
