// einsum.mlir - Sums of products by labels. Exact, as spread() makes every sum exact.

// x = [[-2.5, 2.125, 1.625], [1.125, 0.625, 0.125], [-0.375, -0.875, -1.375]]
// y = [-2.5, 0.625, -1.375]
func.func @diagonal(%x: tensor<3x3xf32>) -> tensor<3xf32> {
  %y = cameo.einsum %x {labels = [array<i64: 0, 0>], output = array<i64: 0>} : (tensor<3x3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// x = [[-2.5, 2.125, 1.625], [1.125, 0.625, 0.125], [-0.375, -0.875, -1.375]]
// y = -3.25
func.func @trace(%x: tensor<3x3xf32>) -> tensor<f32> {
  %y = cameo.einsum %x {labels = [array<i64: 0, 0>], output = array<i64>} : (tensor<3x3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// x = spread(2x3x4)
// y = spread(2x4x3)
// z = [15.59375, -3.984375]
func.func @two_inner_axes(%x: tensor<2x3x4xf32>, %y: tensor<2x4x3xf32>) -> tensor<2xf32> {
  %z = cameo.einsum %x, %y {labels = [array<i64: 0, 1, 2>, array<i64: 0, 2, 1>], output = array<i64: 0>} : (tensor<2x3x4xf32>, tensor<2x4x3xf32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// x = [-2.5, 2.125, 1.625]
// y = [-2.5, 2.125, 1.625, 1.125]
// z = [[6.25, -5.3125, -4.0625, -2.8125], [-5.3125, 4.515625, 3.453125, 2.390625], [-4.0625, 3.453125, 2.640625, 1.828125]]
func.func @outer(%x: tensor<3xf32>, %y: tensor<4xf32>) -> tensor<3x4xf32> {
  %z = cameo.einsum %x, %y {labels = [array<i64: 0>, array<i64: 1>], output = array<i64: 0, 1>} : (tensor<3xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  return %z : tensor<3x4xf32>
}
