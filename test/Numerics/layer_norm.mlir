// layer_norm.mlir - Rows with mean 0 and variance 1, scaled and shifted. Expected values: NumPy in f64, rounded to the type.
// rtol = 3e-6: sums of n <= 8 terms, a square root and a division, each within 2^-23; differences from the mean cancel by at
//     most a factor of 8
// atol = 1e-6: results near 0

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25, 1.75, 1.25, 0.75, 0.25]]
// s = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25]
// b = [-2.5, 2.125, 1.625, 1.125, 0.625, 0.125, -0.375, -0.875]
// y = [[-3.4807937, 3.1422231, 2.6226072, 1.9236463, 1.0453402, -0.012311123, -1.2493075, -2.6656492], [-2.9451637, 1.2274923,
//     0.12197377, 2.7883809, 2.161533, 1.3815107, 0.44831374, -0.63805795]]
func.func @rows(%x: tensor<2x8xf32>, %s: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<2x8xf32> {
  %y = cameo.layer_norm %x, %s, %b {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25, 1.75, 1.25, 0.75, 0.25]]
// s = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25]
// y = [[-0.9807937, 1.0172232, 0.99760735, 0.79864633, 0.42034018, -0.13731112, -0.8743076, -1.7906492], [-0.44516382,
//     -0.8975077, -1.5030262, 1.663381, 1.5365332, 1.2565107, 0.8233137, 0.23694204]]
func.func @no_shift(%x: tensor<2x8xf32>, %s: tensor<8xf32>) -> tensor<2x8xf32> {
  %y = cameo.layer_norm %x, %s {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// x = [[[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875]], [[-1.375, -1.875, -2.375, 2.25], [1.75, 1.25, 0.75,
//     0.25]]]
// s = [[2, 2, 2, 2], [2, 2, 2, 2]]
// y = [[[-3.9231749, 2.7125952, 1.9952147, 1.2778342], [0.56045353, -0.156927, -0.8743076, -1.5916882]], [[-1.7806553,
//     -2.393354, -3.0060525, 2.6614096], [2.0487108, 1.4360123, 0.8233137, 0.21061514]]]
func.func @two_axes(%x: tensor<2x2x4xf32>, %s: tensor<2x4xf32>) -> tensor<2x2x4xf32> {
  %y = cameo.layer_norm %x, %s {axis = 1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x2x4xf32>, tensor<2x4xf32>) -> tensor<2x2x4xf32>
  return %y : tensor<2x2x4xf32>
}

// atol = 2e-5: 67 terms
// x = spread(3x67)
// s = spread(67)
// b = spread(67)
// y = naive
func.func @long_rows(%x: tensor<?x67xf32>, %s: tensor<67xf32>, %b: tensor<67xf32>) -> tensor<?x67xf32> {
  %y = cameo.layer_norm %x, %s, %b {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<?x67xf32>, tensor<67xf32>, tensor<67xf32>) -> tensor<?x67xf32>
  return %y : tensor<?x67xf32>
}

// rtol = 9.8e-4: computed in f32, rounded to f16 once
// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25, 1.75, 1.25, 0.75, 0.25]]
// s = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25]
// y = [[-0.981, 1.018, 0.9976, 0.799, 0.4204, -0.1373, -0.8745, -1.791], [-0.445, -0.8975, -1.503, 1.663, 1.536, 1.257, 0.823,
//     0.2369]]
func.func @f16(%x: tensor<2x8xf16>, %s: tensor<8xf16>) -> tensor<2x8xf16> {
  %y = cameo.layer_norm %x, %s {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf16>, tensor<8xf16>) -> tensor<2x8xf16>
  return %y : tensor<2x8xf16>
}
