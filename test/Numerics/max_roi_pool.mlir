// max_roi_pool.mlir - The largest element of each cell of a region. Worked by hand.

// x = [[[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]]]]
// r = [[0, 0, 0, 3, 3]]
// y = [[[[5, 7], [13, 15]]]]
func.func @quarters(%x: tensor<1x1x4x4xf32>, %r: tensor<1x5xf32>) -> tensor<1x1x2x2xf32> {
  %y = cameo.max_roi_pool %x, %r {height = 2 : i64, width = 2 : i64, scale = 1.0 : f32} : (tensor<1x1x4x4xf32>, tensor<1x5xf32>) -> tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}
