// average_pool.mlir - The mean of each window, over what lies inside or over all of it. Expected values: onnx's ReferenceEvaluator
// (1.23).
// rtol = 2.4e-7: the sum is exact, the division rounds

// x = spread(1x2x6)
// y = [[[-0.1875, 1.375, 0.375], [-0.625, -1.625, -0.0625]]]
func.func @halves(%x: tensor<1x2x6xf32>) -> tensor<1x2x3xf32> {
  %y = cameo.average_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}

// x = spread(1x1x4x4)
// y = [[[[0.09375, 0.27083334, 0.625, 0.375], [-0.47916666, -0.44444445, 0.19444445, 0.22916667], [0.083333336, -0.16666667,
//     -0.097222224, -0.0625], [-0.0625, -0.3125, 0.041666668, 0.21875]]]]
func.func @border_counts_inside_only(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %y = cameo.average_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  return %y : tensor<1x1x4x4xf32>
}

// x = spread(1x1x4x4)
// y = [[[[0.041666668, 0.18055555, 0.41666666, 0.16666667], [-0.31944445, -0.44444445, 0.19444445, 0.15277778], [0.055555556,
//     -0.16666667, -0.097222224, -0.041666668], [-0.027777778, -0.20833333, 0.027777778, 0.097222224]]]]
func.func @border_counts_padding(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %y = cameo.average_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, countIncludePad} : (tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  return %y : tensor<1x1x4x4xf32>
}

// x = spread(1x35x19x21)
// y = naive
func.func @large(%x: tensor<1x35x19x21xf32>) -> tensor<1x35x10x11xf32> {
  %y = cameo.average_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x35x19x21xf32>) -> tensor<1x35x10x11xf32>
  return %y : tensor<1x35x10x11xf32>
}
