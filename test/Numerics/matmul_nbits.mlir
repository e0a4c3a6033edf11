// matmul_nbits.mlir - Products with 4-bit weights in blocks of 16, the last of which K = 40 does not fill, and with 8-bit ones per
// column. All numbers are multiples of powers of two, so every sum is exact.

// x = spread(2x40)
// w = spread(3x24)
// s = [[0.5, 0.25, 1.0], [1.0, 2.0, 0.5], [0.25, 0.125, 4.0]]
// z = [[8, 0, 15], [8, 8, 8], [1, 2, 3]]
// y = [[13.28125, -39.75, -61.9375], [-6.28125, -54.375, -11.828125]]
func.func @rest(%x: tensor<2x40xf32>, %w: tensor<3x24xui8>, %s: tensor<3x3xf32>, %z: tensor<3x3xui8>) -> tensor<2x3xf32> {
  %y = cameo.matmul_nbits %x, %w, %s, %z {block = 16 : i64} : (tensor<2x40xf32>, tensor<3x24xui8>, tensor<3x3xf32>, tensor<3x3xui8>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// x = spread(2x40)
// w = spread(3x64)
// s = [[0.5], [0.25], [2.0]]
// z = [[128], [250], [0]]
// y = [[-2889.25, -216.71875, 11462.5], [-1826.875, 409.09375, 8767.0]]
func.func @bytes(%x: tensor<2x40xf32>, %w: tensor<3x64xui8>, %s: tensor<3x1xf32>, %z: tensor<3x1xui8>) -> tensor<2x3xf32> {
  %y = cameo.matmul_nbits %x, %w, %s, %z {block = 64 : i64} : (tensor<2x40xf32>, tensor<3x64xui8>, tensor<3x1xf32>, tensor<3x1xui8>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
