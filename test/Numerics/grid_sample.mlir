// grid_sample.mlir - Samples at given places. Expected values: onnx's ReferenceEvaluator (1.23).
// rtol = 1e-6: products of 2 or 4 weights per axis
// atol = 1e-6: weighted sums cancel

// x = spread(1x1x3x3)
// g = [[[[-1, -1], [0, 0.25]], [[0.5, -0.5], [1.5, 1]]]]
// y = [[[[-0.625, 0.0625], [1.375, 0]]]]
func.func @linear_zeros(%x: tensor<1x1x3x3xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.grid_sample %x, %g {mode = "linear", padding = "zeros"} : (tensor<1x1x3x3xf32>, tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}

// x = spread(1x1x3x3)
// g = [[[[-1, -1], [0, 0.25]], [[0.5, -0.5], [1.5, 1]]]]
// y = [[[[-2.5, 0.0625], [1.375, -1.375]]]]
func.func @linear_border(%x: tensor<1x1x3x3xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.grid_sample %x, %g {mode = "linear", padding = "border"} : (tensor<1x1x3x3xf32>, tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}

// x = spread(1x1x3x3)
// g = [[[[-1, -1], [0, 0.25]], [[0.5, -0.5], [1.5, 1]]]]
// y = [[[[-2.5, 0.0625], [1.375, -1.25]]]]
func.func @linear_reflection(%x: tensor<1x1x3x3xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.grid_sample %x, %g {mode = "linear", padding = "reflection"} : (tensor<1x1x3x3xf32>, tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}

// x = spread(1x1x3x3)
// g = [[[[-1, -1], [0, 0.25]], [[0.5, -0.5], [1.5, 1]]]]
// y = [[[[-2.5, 0.625], [1.625, 0]]]]
func.func @nearest_zeros(%x: tensor<1x1x3x3xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.grid_sample %x, %g {mode = "nearest", padding = "zeros"} : (tensor<1x1x3x3xf32>, tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}

// x = spread(1x1x3x3)
// g = [[[[-1, -1], [0, 0.25]], [[0.5, -0.5], [1.5, 1]]]]
// y = [[[[-1.0567627, -0.13800049], [1.9326134, 0.08734131]]]]
func.func @cubic_zeros(%x: tensor<1x1x3x3xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.grid_sample %x, %g {mode = "cubic", padding = "zeros"} : (tensor<1x1x3x3xf32>, tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}

// Places outside (0.9, 0.7, 1.5) stay, and their taps are padded.
// x = spread(1x1x3x3)
// g = [[[[-1, -1], [0.7, 0.25]], [[0.5, -0.9], [1.5, 1]]]]
// y = [[[[-3.3184814, -0.59724408], [2.0872209, -1.515625]]]]
func.func @cubic_border(%x: tensor<1x1x3x3xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.grid_sample %x, %g {mode = "cubic", padding = "border"} : (tensor<1x1x3x3xf32>, tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}

// x = [[[[3, -1, 2], [0, 5, -2], [1, 4, -3]]]]
// g = [[[[1.5, 1], [-1.6, 0.3]], [[1.1, -0.2], [3, 0]]]]
// y = [[[[-3.65625, -0.4430167], [-1.5183281, -2]]]]
func.func @cubic_border_aligned(%x: tensor<1x1x3x3xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.grid_sample %x, %g {mode = "cubic", padding = "border", alignCorners} : (tensor<1x1x3x3xf32>, tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}

// x = spread(1x1x3x3)
// g = [[[[-1, -1], [0.7, 0.25]], [[0.5, -0.9], [1.5, 1]]]]
// y = [[[[-4.2270508, -0.59813482], [2.1875589, -1.5605469]]]]
func.func @cubic_reflection(%x: tensor<1x1x3x3xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.grid_sample %x, %g {mode = "cubic", padding = "reflection"} : (tensor<1x1x3x3xf32>, tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}
