// ceil.mlir - The smallest integer that is not smaller. Exact.

// x = [-inf, -2.5, -1, 0.2, 0, 0.7, 1, 7.001, inf, nan]
// y = [-inf, -2, -1, 1, 0, 1, 1, 8, inf, nan]
func.func @f32(%x: tensor<10xf32>) -> tensor<10xf32> {
  %y = cameo.ceil %x : (tensor<10xf32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}

// x = [-inf, -2.5, -1, 0.2, 0, 0.7, 1, 7.001, inf, nan]
// y = [-inf, -2, -1, 1, 0, 1, 1, 8, inf, nan]
func.func @f64(%x: tensor<10xf64>) -> tensor<10xf64> {
  %y = cameo.ceil %x : (tensor<10xf64>) -> tensor<10xf64>
  return %y : tensor<10xf64>
}

// x = [-2.5, -1, 0.2, 0, 0.7, 1, 7, nan]
// y = [-2, -1, 1, 0, 1, 1, 7, nan]
func.func @f16(%x: tensor<8xf16>) -> tensor<8xf16> {
  %y = cameo.ceil %x : (tensor<8xf16>) -> tensor<8xf16>
  return %y : tensor<8xf16>
}

// x = [-2.5, -1, 0.2001953125, 0, 0.69921875, 1, 7, nan]
// y = [-2, -1, 1, 0, 1, 1, 7, nan]
func.func @bf16(%x: tensor<8xbf16>) -> tensor<8xbf16> {
  %y = cameo.ceil %x : (tensor<8xbf16>) -> tensor<8xbf16>
  return %y : tensor<8xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.ceil %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
