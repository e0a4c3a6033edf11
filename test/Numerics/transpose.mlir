// transpose.mlir - Axes in another order. Exact.

// x = spread(2x3)
// y = [[-2.5, 1.125], [2.125, 0.625], [1.625, 0.125]]
func.func @matrix(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %y = cameo.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// x = spread(2x3x2)
// y = [[[-2.5, 1.625, 0.625], [-0.375, -1.375, -2.375]], [[2.125, 1.125, 0.125], [-0.875, -1.875, 2.25]]]
func.func @three_axes(%x: tensor<2x3x2xf32>) -> tensor<2x2x3xf32> {
  %y = cameo.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x2xf32>) -> tensor<2x2x3xf32>
  return %y : tensor<2x2x3xf32>
}

// x = spread(37x41)
// y = naive
func.func @large(%x: tensor<37x41xf32>) -> tensor<41x37xf32> {
  %y = cameo.transpose %x {permutation = array<i64: 1, 0>} : (tensor<37x41xf32>) -> tensor<41x37xf32>
  return %y : tensor<41x37xf32>
}

// x = spread(2x5x3x7)
// y = naive
func.func @nchw_to_nhwc(%x: tensor<2x5x3x7xf32>) -> tensor<2x3x7x5xf32> {
  %y = cameo.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : (tensor<2x5x3x7xf32>) -> tensor<2x3x7x5xf32>
  return %y : tensor<2x3x7x5xf32>
}

// x = spread(2x3)
// y = [[236, 9], [17, 5], [13, 1]]
func.func @bytes(%x: tensor<2x3xui8>) -> tensor<3x2xui8> {
  %y = cameo.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xui8>) -> tensor<3x2xui8>
  return %y : tensor<3x2xui8>
}
