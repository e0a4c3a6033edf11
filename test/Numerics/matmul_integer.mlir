// matmul_integer.mlir - Products of bytes minus their zero points. Exact.

// x = spread(2x9)
// w = spread(9x2)
// xz = 7
// wz = [3, -128]
// y = [[-2765, 128933], [-3651, 128965]]
func.func @zero_per_column(%x: tensor<2x9xui8>, %w: tensor<9x2xi8>, %xz: tensor<ui8>, %wz: tensor<2xi8>) -> tensor<2x2xi32> {
  %y = cameo.matmul_integer %x, %w, %xz, %wz : (tensor<2x9xui8>, tensor<9x2xi8>, tensor<ui8>, tensor<2xi8>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}

// x = spread(2x1x9)
// w = spread(4x9)
// xz = -1
// wz = 200
// y = [[[-10924, -6477, -1866, 2909]], [[-7281, -11834, -7408, -2818]]]
func.func @transposed(%x: tensor<2x1x9xi8>, %w: tensor<4x9xui8>, %xz: tensor<i8>, %wz: tensor<ui8>) -> tensor<2x1x4xi32> {
  %y = cameo.matmul_integer %x, %w, %xz, %wz {transposeRhs} : (tensor<2x1x9xi8>, tensor<4x9xui8>, tensor<i8>, tensor<ui8>) -> tensor<2x1x4xi32>
  return %y : tensor<2x1x4xi32>
}

// x = spread(2x9)
// w = spread(9x2)
// xz = [[1], [255]]
// wz = 0
// y = [[28, 5587], [3472, -2259]]
func.func @zero_per_row(%x: tensor<2x9xui8>, %w: tensor<9x2xi8>, %xz: tensor<2x1xui8>, %wz: tensor<i8>) -> tensor<2x2xi32> {
  %y = cameo.matmul_integer %x, %w, %xz, %wz : (tensor<2x9xui8>, tensor<9x2xi8>, tensor<2x1xui8>, tensor<i8>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}
