// dft.mlir - Discrete Fourier transforms. Expected values: numpy.fft, rounded to f32.
// rtol = 2.4e-7: computed in f64, rounded once
// atol = 1e-6: frequencies that cancel

// x = [[[-2.5], [2.125], [1.625], [1.125], [0.625], [0.125], [-0.375], [-0.875]]]
// n = 8
// y = [[[1.875, 0], [-3.125, -4.8284273], [-3.125, -2], [-3.125, -0.82842714], [-3.125, 0]]]
func.func @onesided(%x: tensor<1x8x1xf32>, %n: tensor<i64>) -> tensor<1x?x2xf32> {
  %y = cameo.dft %x, %n {axis = 1 : i64, onesided} : (tensor<1x8x1xf32>, tensor<i64>) -> tensor<1x?x2xf32>
  return %y : tensor<1x?x2xf32>
}

// x = [[[-2.5, 2.125], [1.625, 1.125], [0.625, 0.125], [-0.375, -0.875], [-1.375, -1.875], [-2.375, 2.25]]]
// n = 6
// y = [[[-0.7291667, 0.47916666], [-0.48046204, 1.7931087], [0.09688823, 0.36159182], [-0.35416666, -0.35416666], [-0.80522156,
//     -0.21575847], [-0.2278713, 0.06105793]]]
func.func @inverse(%x: tensor<1x6x2xf32>, %n: tensor<i64>) -> tensor<1x?x2xf32> {
  %y = cameo.dft %x, %n {axis = 1 : i64, inverse} : (tensor<1x6x2xf32>, tensor<i64>) -> tensor<1x?x2xf32>
  return %y : tensor<1x?x2xf32>
}

// x = [[[-2.5], [2.125], [1.625], [1.125], [0.625], [0.125], [-0.375], [-0.875]]]
// n = 5
// y = [[[3, 0], [-3.875, -1.7204773], [-3.875, -0.40614963], [-3.875, 0.40614963], [-3.875, 1.7204773]]]
func.func @shortened(%x: tensor<1x8x1xf32>, %n: tensor<i64>) -> tensor<1x?x2xf32> {
  %y = cameo.dft %x, %n {axis = 1 : i64} : (tensor<1x8x1xf32>, tensor<i64>) -> tensor<1x?x2xf32>
  return %y : tensor<1x?x2xf32>
}
