// conv.mlir - Expected values: onnx's ReferenceEvaluator (1.23). spread() makes every sum exact in f32, so results are exact.

// x = spread(1x2x4x4)
// w = spread(2x2x3x3)
// y = [[[[-4.109375, -5.984375, -0.0625, -0.8125], [-0.296875, 19.65625, 8.015625, 7.90625], [10.75, -1.28125, -14.84375,
//     -11.625], [-8.578125, -9.96875, -0.234375, 12.84375]], [[-4.734375, -2.984375, 10.8125, 7.78125], [2.34375, 14.46875,
//     -5.21875, -6.375], [-6.359375, -18.15625, -13.5, -3.375], [3.96875, 11.1875, 10.21875, 12.828125]]]]
func.func @padded(%x: tensor<1x2x4x4xf32>, %w: tensor<2x2x3x3xf32>) -> tensor<1x2x4x4xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64} : (tensor<1x2x4x4xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x4x4xf32>
  return %y : tensor<1x2x4x4xf32>
}

// x = spread(1x1x7x7)
// w = spread(2x1x2x2)
// y = [[[[10.640625, -4.546875, -6.921875], [-6.625, -3.234375, 2.71875], [3.015625, 11.53125, -3.65625]], [[-1.421875,
//     2.28125, 2.78125], [2.71875, -1.265625, -2.6875], [-2.75, -1.609375, 2.09375]]]]
func.func @strided_dilated(%x: tensor<1x1x7x7xf32>, %w: tensor<2x1x2x2xf32>) -> tensor<1x2x3x3xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x1x7x7xf32>, tensor<2x1x2x2xf32>) -> tensor<1x2x3x3xf32>
  return %y : tensor<1x2x3x3xf32>
}

// x = spread(1x2x6)
// w = spread(3x2x3)
// y = [[[-2.203125, 12.265625, -2.109375, -3.671875, -4.59375], [-1.8125, -3.46875, -3.078125, -0.765625, 13.078125],
//     [-0.78125, 0.65625, 8.125, 6.625, 1.28125]]]
func.func @one_dimension(%x: tensor<1x2x6xf32>, %w: tensor<3x2x3xf32>) -> tensor<1x3x5xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 0>, group = 1 : i64} : (tensor<1x2x6xf32>, tensor<3x2x3xf32>) -> tensor<1x3x5xf32>
  return %y : tensor<1x3x5xf32>
}

// x = spread(1x1x3x3x3)
// w = spread(1x1x2x2x2)
// y = [[[[[10.078125, -3.03125], [-1.703125, -2.640625]], [[0.359375, 10.3125], [-0.53125, -1.46875]]]]]
func.func @three_dimensions(%x: tensor<1x1x3x3x3xf32>, %w: tensor<1x1x2x2x2xf32>) -> tensor<1x1x2x2x2xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x1x3x3x3xf32>, tensor<1x1x2x2x2xf32>) -> tensor<1x1x2x2x2xf32>
  return %y : tensor<1x1x2x2x2xf32>
}

// x = spread(1x4x3x3)
// w = spread(4x2x2x2)
// y = [[[[10.078125, -3.03125], [-1.703125, -2.640625]], [[-6.4375, -7.390625], [0.953125, 0.640625]], [[-6.4375, 3.484375],
//     [11.15625, -0.0625]], [[10.078125, 0.125], [0.078125, -4.75]]]]
func.func @groups(%x: tensor<1x4x3x3xf32>, %w: tensor<4x2x2x2xf32>) -> tensor<1x4x2x2xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 2 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x2x2xf32>) -> tensor<1x4x2x2xf32>
  return %y : tensor<1x4x2x2xf32>
}

// x = spread(1x3x4x4)
// w = spread(3x1x3x3)
// y = [[[[-2.015625, -1.109375, 5.03125, 3.4375], [2.328125, 19.5625, -0.546875, -3.71875], [-2.8125, -7.703125, -7.3125,
//     -2.6875], [-4.71875, -1.5625, 5.203125, 11.71875]], [[-2.09375, -4.875, -5.09375, -4.25], [-2.625, 0.09375, 8.5625,
//     11.625], [13.5625, 6.421875, -7.53125, -8.9375], [-3.859375, -8.40625, -5.4375, 1.125]], [[5.875, 8.875, 5.5, 1.875],
//     [-8, -12.640625, -11.46875, -4.84375], [-5.71875, -2.1875, 6.671875, 11.9375], [12.09375, 6.109375, -3.046875,
//     -5.90625]]]]
func.func @depthwise(%x: tensor<1x3x4x4xf32>, %w: tensor<3x1x3x3xf32>) -> tensor<1x3x4x4xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 3 : i64} : (tensor<1x3x4x4xf32>, tensor<3x1x3x3xf32>) -> tensor<1x3x4x4xf32>
  return %y : tensor<1x3x4x4xf32>
}

// x = spread(2x3x2x2)
// w = spread(4x3x1x1)
// y = [[[[5.34375, -8.09375], [-8.71875, -1.015625]], [[-2.59375, 2.234375], [1.296875, 1]], [[2.28125, 1.671875], [2.984375,
//     -2.75]], [[0.109375, -8.5], [-7.5, 5.03125]]], [[[-8.5625, -0.859375], [-1.484375, -2.109375]], [[1.53125, 1.234375],
//     [0.296875, -0.640625]], [[2.65625, -3.078125], [-1.765625, -0.453125]], [[-7.75, 4.78125], [5.78125, 6.78125]]]]
func.func @pointwise(%x: tensor<2x3x2x2xf32>, %w: tensor<4x3x1x1xf32>) -> tensor<2x4x2x2xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<2x3x2x2xf32>, tensor<4x3x1x1xf32>) -> tensor<2x4x2x2xf32>
  return %y : tensor<2x4x2x2xf32>
}

// x = spread(1x2x3x3)
// w = spread(2x2x2x2)
// y = [[[[10.08, -3.031], [-1.703, -2.64]], [[-6.438, -7.39], [0.953, 0.6406]]]]
func.func @f16(%x: tensor<1x2x3x3xf16>, %w: tensor<2x2x2x2xf16>) -> tensor<1x2x2x2xf16> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x2x3x3xf16>, tensor<2x2x2x2xf16>) -> tensor<1x2x2x2xf16>
  return %y : tensor<1x2x2x2xf16>
}

// Tiles and tails in channels and columns.
// x = spread(1x19x23x21)
// w = spread(37x19x3x3)
// y = naive
func.func @large_3x3(%x: tensor<1x19x23x21xf32>, %w: tensor<37x19x3x3xf32>) -> tensor<1x37x23x21xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64} : (tensor<1x19x23x21xf32>, tensor<37x19x3x3xf32>) -> tensor<1x37x23x21xf32>
  return %y : tensor<1x37x23x21xf32>
}

// x = spread(1x3x33x35)
// w = spread(24x3x3x3)
// y = naive
func.func @large_stride_2(%x: tensor<1x3x33x35xf32>, %w: tensor<24x3x3x3xf32>) -> tensor<1x24x16x17xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 1, 1>, group = 1 : i64} : (tensor<1x3x33x35xf32>, tensor<24x3x3x3xf32>) -> tensor<1x24x16x17xf32>
  return %y : tensor<1x24x16x17xf32>
}

// x = spread(1x40x9x11)
// w = spread(51x40x1x1)
// y = naive
func.func @large_1x1(%x: tensor<1x40x9x11xf32>, %w: tensor<51x40x1x1xf32>) -> tensor<1x51x9x11xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x40x9x11xf32>, tensor<51x40x1x1xf32>) -> tensor<1x51x9x11xf32>
  return %y : tensor<1x51x9x11xf32>
}

// x = spread(1x35x17x19)
// w = spread(35x1x5x5)
// y = naive
func.func @large_depthwise(%x: tensor<1x35x17x19xf32>, %w: tensor<35x1x5x5xf32>) -> tensor<1x35x17x19xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 2, 2, 2, 2>, group = 35 : i64} : (tensor<1x35x17x19xf32>, tensor<35x1x5x5xf32>) -> tensor<1x35x17x19xf32>
  return %y : tensor<1x35x17x19xf32>
}

// Batch and picture sizes known at run time only.
// x = spread(1x8x13x15)
// w = spread(16x8x3x3)
// y = naive
func.func @run_time_sizes(%x: tensor<?x8x?x?xf32>, %w: tensor<16x8x3x3xf32>) -> tensor<?x16x?x?xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64} : (tensor<?x8x?x?xf32>, tensor<16x8x3x3xf32>) -> tensor<?x16x?x?xf32>
  return %y : tensor<?x16x?x?xf32>
}
