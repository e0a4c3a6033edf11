// concat.mlir - Tensors one after the other. Exact.

// x = [[-2.5], [2.125]]
// y = [[-2.5, 2.125, 1.625], [1.125, 0.625, 0.125]]
// z = [[-2.5, -2.5, 2.125, 1.625], [2.125, 1.125, 0.625, 0.125]]
func.func @columns(%x: tensor<2x1xf32>, %y: tensor<2x3xf32>) -> tensor<2x4xf32> {
  %z = cameo.concat %x, %y {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// x = spread(0x2)
// y = [[-2.5, 2.125]]
// w = [[-2.5, 2.125], [1.625, 1.125]]
// z = [[-2.5, 2.125], [-2.5, 2.125], [1.625, 1.125]]
func.func @with_empty(%x: tensor<0x2xf32>, %y: tensor<1x2xf32>, %w: tensor<2x2xf32>) -> tensor<3x2xf32> {
  %z = cameo.concat %x, %y, %w {axis = 0 : i64} : (tensor<0x2xf32>, tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %z : tensor<3x2xf32>
}
