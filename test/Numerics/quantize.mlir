// quantize.mlir - x / scale rounded half to even, plus the zero point, saturated. Exact.

// x = [-10, -1.5, -0.25, 0, 0.25, 0.75, 1.5, 300]
// s = 0.5
// z = 128
// y = [108, 125, 128, 128, 128, 130, 131, 255]
func.func @ui8(%x: tensor<8xf32>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<8xui8> {
  %y = cameo.quantize %x, %s, %z : (tensor<8xf32>, tensor<f32>, tensor<ui8>) -> tensor<8xui8>
  return %y : tensor<8xui8>
}

// x = [-10, -1.5, -0.25, 0, 0.25, 0.75, 1.5, 300]
// s = 0.5
// z = -1
// y = [-21, -4, -1, -1, -1, 1, 2, 127]
func.func @i8(%x: tensor<8xf32>, %s: tensor<f32>, %z: tensor<i8>) -> tensor<8xi8> {
  %y = cameo.quantize %x, %s, %z : (tensor<8xf32>, tensor<f32>, tensor<i8>) -> tensor<8xi8>
  return %y : tensor<8xi8>
}

// x = [[1, 2], [3, 4]]
// s = [[0.5], [2]]
// z = [[0], [10]]
// y = [[2, 4], [12, 12]]
func.func @per_row(%x: tensor<2x2xf32>, %s: tensor<2x1xf32>, %z: tensor<2x1xi8>) -> tensor<2x2xi8> {
  %y = cameo.quantize %x, %s, %z : (tensor<2x2xf32>, tensor<2x1xf32>, tensor<2x1xi8>) -> tensor<2x2xi8>
  return %y : tensor<2x2xi8>
}
