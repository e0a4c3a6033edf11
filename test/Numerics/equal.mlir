// equal.mlir - x = y; false with NaN. Exact.

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, -1, 0.25, 2, 1]
// z = [false, false, true, false, false, false, false, false]
func.func @f32(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xi1> {
  %z = cameo.equal %x, %y : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
  return %z : tensor<8xi1>
}

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, -1, 0.25, 2, 1]
// z = [false, false, true, false, false, false, false, false]
func.func @f64(%x: tensor<8xf64>, %y: tensor<8xf64>) -> tensor<8xi1> {
  %z = cameo.equal %x, %y : (tensor<8xf64>, tensor<8xf64>) -> tensor<8xi1>
  return %z : tensor<8xi1>
}

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, -1, 0.25, 2, 1]
// z = [false, false, true, false, false, false, false, false]
func.func @f16(%x: tensor<8xf16>, %y: tensor<8xf16>) -> tensor<8xi1> {
  %z = cameo.equal %x, %y : (tensor<8xf16>, tensor<8xf16>) -> tensor<8xi1>
  return %z : tensor<8xi1>
}

// x = [-inf, -2, -0.5, 0, 1, 3, inf, nan]
// y = [1, 3, -0.5, 2, -1, 0.25, 2, 1]
// z = [false, false, true, false, false, false, false, false]
func.func @bf16(%x: tensor<8xbf16>, %y: tensor<8xbf16>) -> tensor<8xi1> {
  %z = cameo.equal %x, %y : (tensor<8xbf16>, tensor<8xbf16>) -> tensor<8xi1>
  return %z : tensor<8xi1>
}

// x = [-128, -7, -1, 0, 5, 7, 100, 127]
// y = [-1, 2, 3, 4, -5, 7, 100, 1]
// z = [false, false, false, false, false, true, true, false]
func.func @i8_wraps(%x: tensor<8xi8>, %y: tensor<8xi8>) -> tensor<8xi1> {
  %z = cameo.equal %x, %y : (tensor<8xi8>, tensor<8xi8>) -> tensor<8xi1>
  return %z : tensor<8xi1>
}

// x = [0, 7, 200, 255, 1, 16, 100, 128]
// y = [1, 2, 100, 255, 3, 16, 5, 2]
// z = [false, false, false, true, false, true, false, false]
func.func @ui8_wraps(%x: tensor<8xui8>, %y: tensor<8xui8>) -> tensor<8xi1> {
  %z = cameo.equal %x, %y : (tensor<8xui8>, tensor<8xui8>) -> tensor<8xi1>
  return %z : tensor<8xi1>
}

// x = [-128, -7, -1, 0, 5, 7, 100, 127]
// y = [-1, 2, 3, 4, -5, 7, 100, 1]
// z = [false, false, false, false, false, true, true, false]
func.func @i64(%x: tensor<8xi64>, %y: tensor<8xi64>) -> tensor<8xi1> {
  %z = cameo.equal %x, %y : (tensor<8xi64>, tensor<8xi64>) -> tensor<8xi1>
  return %z : tensor<8xi1>
}

// Broadcasting along the last axis, with a tail.
// x = spread(5x37)
// y = spread(5x1)
// z = naive
func.func @column_by_column(%x: tensor<?x?xf32>, %y: tensor<?x1xf32>) -> tensor<?x?xi1> {
  %z = cameo.equal %x, %y : (tensor<?x?xf32>, tensor<?x1xf32>) -> tensor<?x?xi1>
  return %z : tensor<?x?xi1>
}
