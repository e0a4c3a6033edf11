// sub.mlir - Difference; integers wrap. Exact.

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, -1, 0.25, 2, 1]
// z = [-inf, -5, 0, -2, 2, 2.75, inf, nan]
func.func @f32(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
  %z = cameo.sub %x, %y : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %z : tensor<8xf32>
}

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, -1, 0.25, 2, 1]
// z = [-inf, -5, 0, -2, 2, 2.75, inf, nan]
func.func @f64(%x: tensor<8xf64>, %y: tensor<8xf64>) -> tensor<8xf64> {
  %z = cameo.sub %x, %y : (tensor<8xf64>, tensor<8xf64>) -> tensor<8xf64>
  return %z : tensor<8xf64>
}

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, -1, 0.25, 2, 1]
// z = [-inf, -5, 0, -2, 2, 2.75, inf, nan]
func.func @f16(%x: tensor<8xf16>, %y: tensor<8xf16>) -> tensor<8xf16> {
  %z = cameo.sub %x, %y : (tensor<8xf16>, tensor<8xf16>) -> tensor<8xf16>
  return %z : tensor<8xf16>
}

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, -1, 0.25, 2, 1]
// z = [-inf, -5, 0, -2, 2, 2.75, inf, nan]
func.func @bf16(%x: tensor<8xbf16>, %y: tensor<8xbf16>) -> tensor<8xbf16> {
  %z = cameo.sub %x, %y : (tensor<8xbf16>, tensor<8xbf16>) -> tensor<8xbf16>
  return %z : tensor<8xbf16>
}

// x = [-128, -7, -1, 0, 5, 7, 100, 127]
// y = [-1, 2, 3, 4, -5, 7, 100, 1]
// z = [-127, -9, -4, -4, 10, 0, 0, 126]
func.func @i8_wraps(%x: tensor<8xi8>, %y: tensor<8xi8>) -> tensor<8xi8> {
  %z = cameo.sub %x, %y : (tensor<8xi8>, tensor<8xi8>) -> tensor<8xi8>
  return %z : tensor<8xi8>
}

// x = [0, 7, 200, 255, 1, 16, 100, 128]
// y = [1, 2, 100, 255, 3, 16, 5, 2]
// z = [255, 5, 100, 0, 254, 0, 95, 126]
func.func @ui8_wraps(%x: tensor<8xui8>, %y: tensor<8xui8>) -> tensor<8xui8> {
  %z = cameo.sub %x, %y : (tensor<8xui8>, tensor<8xui8>) -> tensor<8xui8>
  return %z : tensor<8xui8>
}

// x = [-128, -7, -1, 0, 5, 7, 100, 127]
// y = [-1, 2, 3, 4, -5, 7, 100, 1]
// z = [-127, -9, -4, -4, 10, 0, 0, 126]
func.func @i64(%x: tensor<8xi64>, %y: tensor<8xi64>) -> tensor<8xi64> {
  %z = cameo.sub %x, %y : (tensor<8xi64>, tensor<8xi64>) -> tensor<8xi64>
  return %z : tensor<8xi64>
}

// Broadcasting along the last axis, with a tail.
// x = spread(5x37)
// y = spread(5x1)
// z = naive
func.func @column_by_column(%x: tensor<?x?xf32>, %y: tensor<?x1xf32>) -> tensor<?x?xf32> {
  %z = cameo.sub %x, %y : (tensor<?x?xf32>, tensor<?x1xf32>) -> tensor<?x?xf32>
  return %z : tensor<?x?xf32>
}
