// hard_sigmoid.mlir - x / 4 + 1 / 2 between 0 and 1. Exact.

// x = [-inf, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, inf]
// y = [0, 0, 0, 0.25, 0.375, 0.5, 0.625, 0.75, 1, 1, 1]
func.func @f32(%x: tensor<11xf32>) -> tensor<11xf32> {
  %y = cameo.hard_sigmoid %x {alpha = 0.25 : f32, beta = 0.5 : f32} : (tensor<11xf32>) -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// x = [-inf, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, inf]
// y = [0, 0, 0, 0.25, 0.375, 0.5, 0.625, 0.75, 1, 1, 1]
func.func @f64(%x: tensor<11xf64>) -> tensor<11xf64> {
  %y = cameo.hard_sigmoid %x {alpha = 0.25 : f32, beta = 0.5 : f32} : (tensor<11xf64>) -> tensor<11xf64>
  return %y : tensor<11xf64>
}

// x = [-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3]
// y = [0, 0, 0.25, 0.375, 0.5, 0.625, 0.75, 1, 1]
func.func @f16(%x: tensor<9xf16>) -> tensor<9xf16> {
  %y = cameo.hard_sigmoid %x {alpha = 0.25 : f32, beta = 0.5 : f32} : (tensor<9xf16>) -> tensor<9xf16>
  return %y : tensor<9xf16>
}

// x = [-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3]
// y = [0, 0, 0.25, 0.375, 0.5, 0.625, 0.75, 1, 1]
func.func @bf16(%x: tensor<9xbf16>) -> tensor<9xbf16> {
  %y = cameo.hard_sigmoid %x {alpha = 0.25 : f32, beta = 0.5 : f32} : (tensor<9xbf16>) -> tensor<9xbf16>
  return %y : tensor<9xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.hard_sigmoid %x {alpha = 0.25 : f32, beta = 0.5 : f32} : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
