// cast.mlir - Another element type: floats to integers truncate, to bool is != 0, to narrower floats rounds to the nearest, ties
// to even. Exact.

// x = [-2.7, -0.5, 0, 1.9, 300]
// y = [-2, 0, 0, 1, 300]
func.func @f32_to_i64(%x: tensor<5xf32>) -> tensor<5xi64> {
  %y = cameo.cast %x {to = i64} : (tensor<5xf32>) -> tensor<5xi64>
  return %y : tensor<5xi64>
}

// x = [0, -0.0, 0.3, nan]
// y = [false, false, true, true]
func.func @f32_to_i1(%x: tensor<4xf32>) -> tensor<4xi1> {
  %y = cameo.cast %x {to = i1} : (tensor<4xf32>) -> tensor<4xi1>
  return %y : tensor<4xi1>
}

// x = [true, false]
// y = [1, 0]
func.func @i1_to_f32(%x: tensor<2xi1>) -> tensor<2xf32> {
  %y = cameo.cast %x {to = f32} : (tensor<2xi1>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// x = [1, 1.0004883, 1.0009766, 65520, 1e-08]
// y = [1, 1, 1.001, inf, 0]
func.func @f32_to_f16(%x: tensor<5xf32>) -> tensor<5xf16> {
  %y = cameo.cast %x {to = f16} : (tensor<5xf32>) -> tensor<5xf16>
  return %y : tensor<5xf16>
}

// x = [1, 1.0039062, 1.0117188, nan]
// y = [1, 1, 1.015625, nan]
func.func @f32_to_bf16(%x: tensor<4xf32>) -> tensor<4xbf16> {
  %y = cameo.cast %x {to = bf16} : (tensor<4xf32>) -> tensor<4xbf16>
  return %y : tensor<4xbf16>
}

// x = [1.5, inf, nan]
// y = [1.5, inf, nan]
func.func @f16_to_f32(%x: tensor<3xf16>) -> tensor<3xf32> {
  %y = cameo.cast %x {to = f32} : (tensor<3xf16>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// x = [1.0000000596046448, 1e+300]
// y = [1, inf]
func.func @f64_to_f32(%x: tensor<2xf64>) -> tensor<2xf32> {
  %y = cameo.cast %x {to = f32} : (tensor<2xf64>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// x = [1, 128, -129, 255]
// y = [1, -128, 127, -1]
func.func @i64_to_i8(%x: tensor<4xi64>) -> tensor<4xi8> {
  %y = cameo.cast %x {to = i8} : (tensor<4xi64>) -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// x = [0, 128, 255]
// y = [0, 128, 255]
func.func @ui8_to_f32(%x: tensor<3xui8>) -> tensor<3xf32> {
  %y = cameo.cast %x {to = f32} : (tensor<3xui8>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// x = [-1, 1]
// y = [255, 1]
func.func @i8_to_ui8(%x: tensor<2xi8>) -> tensor<2xui8> {
  %y = cameo.cast %x {to = ui8} : (tensor<2xi8>) -> tensor<2xui8>
  return %y : tensor<2xui8>
}

// x = [-5, 2147483647]
// y = [-5, 2147483647.0]
func.func @i32_to_f64(%x: tensor<2xi32>) -> tensor<2xf64> {
  %y = cameo.cast %x {to = f64} : (tensor<2xi32>) -> tensor<2xf64>
  return %y : tensor<2xf64>
}

// Rounded on the way, where all three ops are one kernel too.
// x = [100000, 0.12573022, 1.0004, 1.00048828125, 1.00048828126, -1.00048828124, nan]
// y = [inf, 0.12573242, 1, 1, 1.0009765625, 1, nan]
func.func @f64_to_f16_to_f32(%x: tensor<7xf64>) -> tensor<7xf32> {
  %0 = cameo.cast %x {to = f16} : (tensor<7xf64>) -> tensor<7xf16>
  %1 = cameo.abs %0 : (tensor<7xf16>) -> tensor<7xf16>
  %y = cameo.cast %1 {to = f32} : (tensor<7xf16>) -> tensor<7xf32>
  return %y : tensor<7xf32>
}

// x = [1.0001, 3.1415927]
// y = [1, 3.140625]
func.func @f64_to_bf16_to_f64(%x: tensor<2xf64>) -> tensor<2xf64> {
  %0 = cameo.cast %x {to = bf16} : (tensor<2xf64>) -> tensor<2xbf16>
  %1 = cameo.abs %0 : (tensor<2xbf16>) -> tensor<2xbf16>
  %y = cameo.cast %1 {to = f64} : (tensor<2xbf16>) -> tensor<2xf64>
  return %y : tensor<2xf64>
}
