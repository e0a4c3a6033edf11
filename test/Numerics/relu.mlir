// relu.mlir - max(x, 0); NaN stays. Exact.

// x = [-inf, -3, -1, -0.5, -0.0, 0, 0.5, 1, 3, inf, nan]
// y = [0, 0, 0, 0, 0, 0, 0.5, 1, 3, inf, nan]
func.func @f32(%x: tensor<11xf32>) -> tensor<11xf32> {
  %y = cameo.relu %x : (tensor<11xf32>) -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// x = [-inf, -3, -1, -0.5, -0.0, 0, 0.5, 1, 3, inf, nan]
// y = [0, 0, 0, 0, -0.0, 0, 0.5, 1, 3, inf, nan]
func.func @f64(%x: tensor<11xf64>) -> tensor<11xf64> {
  %y = cameo.relu %x : (tensor<11xf64>) -> tensor<11xf64>
  return %y : tensor<11xf64>
}

// x = [-3, -1, -0.5, -0.0, 0, 0.5, 1, 3, nan]
// y = [0, 0, 0, 0, 0, 0.5, 1, 3, nan]
func.func @f16(%x: tensor<9xf16>) -> tensor<9xf16> {
  %y = cameo.relu %x : (tensor<9xf16>) -> tensor<9xf16>
  return %y : tensor<9xf16>
}

// x = [-3, -1, -0.5, -0.0, 0, 0.5, 1, 3, nan]
// y = [0, 0, 0, 0, 0, 0.5, 1, 3, nan]
func.func @bf16(%x: tensor<9xbf16>) -> tensor<9xbf16> {
  %y = cameo.relu %x : (tensor<9xbf16>) -> tensor<9xbf16>
  return %y : tensor<9xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.relu %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
