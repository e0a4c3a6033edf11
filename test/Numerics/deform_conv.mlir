// deform_conv.mlir - Expected values: onnx's ReferenceEvaluator (1.23).
// rtol = 1e-6: 8 products of interpolated values: 8 * 2^-23

// atol = 2e-6: sums near 0 of terms up to 6
// x = [[[[-2.5, 2.125, 1.625], [1.125, 0.625, 0.125], [-0.375, -0.875, -1.375]]]]
// w = [[[[-2.5, 2.125], [1.625, 1.125]]]]
// o = [[[[-0.3125, 0.265625], [0.203125, 0.140625]], [[0.078125, 0.015625], [-0.046875, -0.109375]], [[-0.171875, -0.234375],
//     [-0.296875, 0.28125]], [[0.21875, 0.15625], [0.09375, 0.03125]], [[-0.03125, -0.09375], [-0.15625, -0.21875]],
//     [[-0.28125, 0.296875], [0.234375, 0.171875]], [[0.109375, 0.046875], [-0.015625, -0.078125]], [[-0.140625, -0.203125],
//     [-0.265625, 0.3125]]]]
// y = [[[[9.002182, -0.8874588], [-1.0073853, -3.7841797]]]]
func.func @offsets(%x: tensor<1x1x3x3xf32>, %w: tensor<1x1x2x2xf32>, %o: tensor<1x8x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.deform_conv %x, %w, %o {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, offsetGroup = 1 : i64} : (tensor<1x1x3x3xf32>, tensor<1x1x2x2xf32>, tensor<1x8x2x2xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}
