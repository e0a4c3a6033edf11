// round.mlir - The nearest integer, the even one of two. Exact.

// x = [-inf, -2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 2.6, inf, nan]
// y = [-inf, -2, -2, -0.0, 0, 0, 2, 2, 3, inf, nan]
func.func @f32(%x: tensor<11xf32>) -> tensor<11xf32> {
  %y = cameo.round %x : (tensor<11xf32>) -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// x = [-inf, -2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 2.6, inf, nan]
// y = [-inf, -2, -2, -0.0, 0, 0, 2, 2, 3, inf, nan]
func.func @f64(%x: tensor<11xf64>) -> tensor<11xf64> {
  %y = cameo.round %x : (tensor<11xf64>) -> tensor<11xf64>
  return %y : tensor<11xf64>
}

// x = [-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 2.6, nan]
// y = [-2, -2, -0.0, 0, 0, 2, 2, 3, nan]
func.func @f16(%x: tensor<9xf16>) -> tensor<9xf16> {
  %y = cameo.round %x : (tensor<9xf16>) -> tensor<9xf16>
  return %y : tensor<9xf16>
}

// x = [-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 2.59375, nan]
// y = [-2, -2, -0.0, 0, 0, 2, 2, 3, nan]
func.func @bf16(%x: tensor<9xbf16>) -> tensor<9xbf16> {
  %y = cameo.round %x : (tensor<9xbf16>) -> tensor<9xbf16>
  return %y : tensor<9xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.round %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
