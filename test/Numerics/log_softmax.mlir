// log_softmax.mlir - Logarithm of the softmax. Expected values: NumPy in f64, rounded to the type.
// rtol = 2e-6: an exponential (2 units), a sum of up to 8 terms, a division or logarithm
// atol = 2e-7: a logarithm near 1

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25, 1.75, 1.25, 0.75, 0.25]]
// y = [[-5.5310593, -0.9060591, -1.406059, -1.906059, -2.406059, -2.906059, -3.406059, -3.906059], [-4.4944053, -4.9944053,
//     -5.4944053, -0.8694053, -1.3694053, -1.8694053, -2.3694053, -2.8694053]]
func.func @rows(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %y = cameo.log_softmax %x {axis = -1 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25, 1.75, 1.25, 0.75, 0.25]]
// y = [[-1.4061501, -0.018149927, -0.018149927, -1.4061501, -1.4061501, -1.4061501, -1.4061501, -1.4061501], [-0.28115013,
//     -4.01815, -4.01815, -0.28115013, -0.28115013, -0.28115013, -0.28115013, -0.28115013]]
func.func @columns(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %y = cameo.log_softmax %x {axis = 0 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// x = [[1000, 1000], [-1000, 0]]
// y = [[-0.6931472, -0.6931472], [-1000, 0]]
func.func @large_values(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %y = cameo.log_softmax %x {axis = 1 : i64} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// rtol = 9.8e-4: computed in f32, rounded to f16 once
// x = [[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875]]
// y = [[-5.31, -0.685, -1.186, -1.686], [-0.787, -1.287, -1.787, -2.287]]
func.func @f16(%x: tensor<2x4xf16>) -> tensor<2x4xf16> {
  %y = cameo.log_softmax %x {axis = -1 : i64} : (tensor<2x4xf16>) -> tensor<2x4xf16>
  return %y : tensor<2x4xf16>
}

// rtol = 1e-5: 131 terms
// x = spread(3x131)
// y = naive
func.func @long_rows(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %y = cameo.log_softmax %x {axis = -1 : i64} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
