// dequantize.mlir - (x - zero point) * scale. Exact.

// x = [0, 100, 128, 255]
// s = 0.5
// z = 128
// y = [-64, -14, 0, 63.5]
func.func @ui8(%x: tensor<4xui8>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<4xf32> {
  %y = cameo.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// x = [-128, -1, 0, 127]
// s = 0.25
// z = 3
// y = [-32.75, -1, -0.75, 31]
func.func @i8(%x: tensor<4xi8>, %s: tensor<f32>, %z: tensor<i8>) -> tensor<4xf32> {
  %y = cameo.dequantize %x, %s, %z : (tensor<4xi8>, tensor<f32>, tensor<i8>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
