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

// Lengths that are known: what is computed is known too (test/Costs).
// x = [[[1.5], [-0.5], [2.25], [-1.25], [0.75], [0.5]]]
// y = [[[3.25, 0], [1.25, -0.43301269], [-1.25, 2.1650636], [5.75, 5.5511151e-17], [-1.25, -2.1650636], [1.25, 0.43301269]]]
func.func @of_fixed_length(%x: tensor<1x6x1xf32>) -> tensor<1x6x2xf32> {
  %n = cameo.constant dense<6> : tensor<i64>
  %y = cameo.dft %x, %n {axis = 1 : i64} : (tensor<1x6x1xf32>, tensor<i64>) -> tensor<1x6x2xf32>
  return %y : tensor<1x6x2xf32>
}

// Half of the spectrum, the other half conjugate.
// x = [[[3.25, 0], [1.25, -0.43301269], [-1.25, 2.1650636], [5.75, 0]]]
// y = [[[1.5], [-0.5], [2.25], [-1.25], [0.75], [0.49999994]]]
func.func @onesided_inverse_of_fixed_length(%x: tensor<1x4x2xf32>) -> tensor<1x6x1xf32> {
  %n = cameo.constant dense<6> : tensor<i64>
  %y = cameo.dft %x, %n {axis = 1 : i64, inverse, onesided} : (tensor<1x4x2xf32>, tensor<i64>) -> tensor<1x6x1xf32>
  return %y : tensor<1x6x1xf32>
}

// The first three of four elements.
// x = [[[1, 2], [-0, -0.5], [3, 0], [0.25, -1]]]
// y = [[[1.3333334, 0.5], [-0.022329103, -0.11602537], [-0.31100425, 1.6160253]]]
func.func @inverse_shortened(%x: tensor<1x4x2xf32>) -> tensor<1x3x2xf32> {
  %n = cameo.constant dense<3> : tensor<i64>
  %y = cameo.dft %x, %n {axis = 1 : i64, inverse} : (tensor<1x4x2xf32>, tensor<i64>) -> tensor<1x3x2xf32>
  return %y : tensor<1x3x2xf32>
}
