// col2im.mlir - Expected values: onnx's ReferenceEvaluator (1.23). Exact.

// x = spread(1x5x5)
// i = [5, 5]
// b = [1, 5]
// y = [[[[-2.5, 0.125, -2.375, 0.25, -2.25], [2.125, -0.375, 2.25, -0.25, 2.375], [1.625, -0.875, 1.75, -0.75, 1.875], [1.125,
//     -1.375, 1.25, -1.25, 1.375], [0.625, -1.875, 0.75, -1.75, 0.875]]]]
func.func @rows(%x: tensor<1x5x5xf32>, %i: tensor<2xi64>, %b: tensor<2xi64>) -> tensor<1x?x?x?xf32> {
  %y = cameo.col2im %x, %i, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x5x5xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<1x?x?x?xf32>
  return %y : tensor<1x?x?x?xf32>
}
