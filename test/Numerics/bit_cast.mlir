// bit_cast.mlir - The same bits as another type. Exact.

// x = [1, -0.0, inf]
// y = [1065353216, -2147483648, 2139095040]
func.func @f32_to_i32(%x: tensor<3xf32>) -> tensor<3xi32> {
  %y = cameo.bit_cast %x {to = i32} : (tensor<3xf32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// x = [15360, 31744]
// y = [1, inf]
func.func @ui16_to_f16(%x: tensor<2xui16>) -> tensor<2xf16> {
  %y = cameo.bit_cast %x {to = f16} : (tensor<2xui16>) -> tensor<2xf16>
  return %y : tensor<2xf16>
}
