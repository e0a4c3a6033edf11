// conv_integer.mlir - Convolutions of bytes minus their zero points; padding is the real number 0. Exact.

// x = spread(1x2x5)
// w = spread(3x2x3)
// xz = 100
// wz = [0, 5, -5]
// y = [[[891, -5239, 1265, 1165, 2215], [4061, 1545, -1587, -1319, -4416], [677, -1, -2510, -2726, -1716]]]
func.func @padded(%x: tensor<1x2x5xui8>, %w: tensor<3x2x3xi8>, %xz: tensor<ui8>, %wz: tensor<3xi8>) -> tensor<1x3x5xi32> {
  %y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x2x5xui8>, tensor<3x2x3xi8>, tensor<ui8>, tensor<3xi8>) -> tensor<1x3x5xi32>
  return %y : tensor<1x3x5xi32>
}

// x = [[[[-20, 9, -3, -15], [17, 5, -7, -19], [13, 1, -11, 18]]]]
// w = spread(4x1x1x3)
// xz = 1
// wz = 2
// y = [[[[-139, 20, -2932, -4080], [-4542, 68, -5896, -8252], [3924, 28, -4972, -785]]]]
func.func @depthwise_channels_last(%x: tensor<1x1x3x4xi8>, %w: tensor<4x1x1x3xui8>, %xz: tensor<i8>, %wz: tensor<ui8>) -> tensor<1x1x3x4xi32> {
  %y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>, group = 4 : i64, channelsLast} : (tensor<1x1x3x4xi8>, tensor<4x1x1x3xui8>, tensor<i8>, tensor<ui8>) -> tensor<1x1x3x4xi32>
  return %y : tensor<1x1x3x4xi32>
}
