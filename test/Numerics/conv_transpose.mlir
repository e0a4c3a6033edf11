// conv_transpose.mlir - Expected values: onnx's ReferenceEvaluator (1.23). Exact, as spread() makes every sum exact.

// x = spread(1x2x3)
// w = spread(2x2x2)
// y = [[[6.953125, -5.171875, -4.921875, 4.59375, -3.984375, 3.46875], [-4.484375, -3.796875, 3.21875, 1.84375, 2.59375,
//     1.71875]]]
func.func @doubles(%x: tensor<1x2x3xf32>, %w: tensor<2x2x2xf32>) -> tensor<1x2x6xf32> {
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, outputPadding = array<i64: 0>, group = 1 : i64} : (tensor<1x2x3xf32>, tensor<2x2x2xf32>) -> tensor<1x2x6xf32>
  return %y : tensor<1x2x6xf32>
}

// x = spread(1x1x3x3)
// w = spread(1x2x3x3)
// y = [[[[1.65625, 5.6875, 2.5625], [4.1875, 2.609375, -8.53125], [-2.4375, -4.28125, -1.9375]], [[-3.25, 4.4375, 4.734375],
//     [6.1875, 7.40625, -0.078125], [-2.125, -4.75, -2.875]]]]
func.func @overlaps(%x: tensor<1x1x3x3xf32>, %w: tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32> {
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x1x3x3xf32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  return %y : tensor<1x2x3x3xf32>
}

// x = spread(1x1x2x2)
// w = spread(1x1x3x3)
// y = [[[[-1.5625, 2.078125, 1.328125, 0.265625], [5.640625, 2.46875, 0.53125, -1.09375], [1.015625, 1.46875, 0.703125,
//     0.140625], [-1.421875, -2.65625, -0.984375, -1.546875]]]]
func.func @output_padding(%x: tensor<1x1x2x2xf32>, %w: tensor<1x1x3x3xf32>) -> tensor<1x1x4x4xf32> {
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, outputPadding = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x1x2x2xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x4x4xf32>
  return %y : tensor<1x1x4x4xf32>
}

// x = spread(1x1x3)
// w = spread(1x1x2)
// y = [[[6.25, -5.3125, -9.375, 4.515625, 3.453125]]]
func.func @dilated(%x: tensor<1x1x3xf32>, %w: tensor<1x1x2xf32>) -> tensor<1x1x5xf32> {
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 1>, dilations = array<i64: 2>, pads = array<i64: 0, 0>, outputPadding = array<i64: 0>, group = 1 : i64} : (tensor<1x1x3xf32>, tensor<1x1x2xf32>) -> tensor<1x1x5xf32>
  return %y : tensor<1x1x5xf32>
}

// x = spread(1x2x2x2)
// w = spread(2x1x2x2)
// y = [[[[6.25, -10.625, 4.515625], [-8.125, 1.28125, 4.78125], [2.640625, 3.65625, 1.265625]], [[0.390625, 0.15625, 0.015625],
//     [-0.46875, -1.1875, -0.21875], [0.140625, 0.65625, 0.765625]]]]
func.func @groups(%x: tensor<1x2x2x2xf32>, %w: tensor<2x1x2x2xf32>) -> tensor<1x2x3x3xf32> {
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, outputPadding = array<i64: 0, 0>, group = 2 : i64} : (tensor<1x2x2x2xf32>, tensor<2x1x2x2xf32>) -> tensor<1x2x3x3xf32>
  return %y : tensor<1x2x3x3xf32>
}

// x = spread(1x16x9x9)
// w = spread(16x8x4x4)
// y = naive
func.func @large(%x: tensor<1x16x9x9xf32>, %w: tensor<16x8x4x4xf32>) -> tensor<1x8x18x18xf32> {
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x16x9x9xf32>, tensor<16x8x4x4xf32>) -> tensor<1x8x18x18xf32>
  return %y : tensor<1x8x18x18xf32>
}
