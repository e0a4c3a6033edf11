// max_pool.mlir - The largest of each window; padding never wins. Expected values: onnx's ReferenceEvaluator (1.23). Exact.

// x = spread(1x2x6)
// y = [[[2.125, 1.625, 0.625], [-0.375, -1.375, 2.25]]]
func.func @halves(%x: tensor<1x2x6xf32>) -> tensor<1x2x3xf32> {
  %y = cameo.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}

// x = spread(1x1x4x4)
// y = [[[[2.125, 2.125], [1.75, 2.25]]]]
func.func @padded(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.max_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x4x4xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}

// x = spread(1x1x5x5)
// y = [[[[1.75, 2.25, 1.75], [0.25, -0.25, -0.75], [1.875, 2.375, 1.875]]]]
func.func @dilated(%x: tensor<1x1x5x5xf32>) -> tensor<1x1x3x3xf32> {
  %y = cameo.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x5x5xf32>) -> tensor<1x1x3x3xf32>
  return %y : tensor<1x1x3x3xf32>
}

// x = spread(1x35x19x21)
// y = naive
func.func @large(%x: tensor<1x35x19x21xf32>) -> tensor<1x35x10x11xf32> {
  %y = cameo.max_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x35x19x21xf32>) -> tensor<1x35x10x11xf32>
  return %y : tensor<1x35x10x11xf32>
}

// x = spread(2x3x9x9)
// y = naive
func.func @run_time_sizes(%x: tensor<?x3x?x?xf32>) -> tensor<?x3x?x?xf32> {
  %y = cameo.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<?x3x?x?xf32>) -> tensor<?x3x?x?xf32>
  return %y : tensor<?x3x?x?xf32>
}
