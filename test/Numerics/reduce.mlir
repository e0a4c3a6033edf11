// reduce.mlir - Reductions of each kind over fixed axes. Expected values: NumPy in f64, rounded to the type. Sums are exact.
// rtol = 1e-6: a product of 6 factors: 6 roundings

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125], [-0.375, -0.875, -1.375, -1.875, -2.375, 2.25]]
// y = [3.125, -4.625]
func.func @sum(%x: tensor<2x6xf32>) -> tensor<2xf32> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "sum"} : (tensor<2x6xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125], [-0.375, -0.875, -1.375, -1.875, -2.375, 2.25]]
// y = [0.5208333, -0.7708333]
func.func @mean(%x: tensor<2x6xf32>) -> tensor<2xf32> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "mean"} : (tensor<2x6xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125], [-0.375, -0.875, -1.375, -1.875, -2.375, 2.25]]
// y = [-0.7587433, -4.5205307]
func.func @prod(%x: tensor<2x6xf32>) -> tensor<2xf32> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "prod"} : (tensor<2x6xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125], [-0.375, -0.875, -1.375, -1.875, -2.375, 2.25]]
// y = [2.125, 2.25]
func.func @max(%x: tensor<2x6xf32>) -> tensor<2xf32> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "max"} : (tensor<2x6xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125], [-0.375, -0.875, -1.375, -1.875, -2.375, 2.25]]
// y = [-2.5, -2.375]
func.func @min(%x: tensor<2x6xf32>) -> tensor<2xf32> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "min"} : (tensor<2x6xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// x = spread(2x3x4)
// y = [[[6.375], [-4.5], [0]]]
func.func @two_axes_kept(%x: tensor<2x3x4xf32>) -> tensor<1x3x1xf32> {
  %y = cameo.reduce %x {axes = array<i64: 0, 2>, keepDims, kind = "sum"} : (tensor<2x3x4xf32>) -> tensor<1x3x1xf32>
  return %y : tensor<1x3x1xf32>
}

// x = spread(2x3x4)
// y = 2.375
func.func @all_axes(%x: tensor<2x3x4xf32>) -> tensor<f32> {
  %y = cameo.reduce %x {axes = array<i64: 0, 1, 2>, kind = "max"} : (tensor<2x3x4xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// x = spread(2x0)
// y = [0, 0]
func.func @empty_sum(%x: tensor<2x0xf32>) -> tensor<2xf32> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "sum"} : (tensor<2x0xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// x = spread(5x131)
// y = [1.875, 0.625, -0.625, -1.875, 2]
func.func @long_rows(%x: tensor<?x?xf32>) -> tensor<?xf32> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "sum"} : (tensor<?x?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// x = spread(131x5)
// y = [-8, 8.5, 4.5, 0.5, -3.5]
func.func @long_columns(%x: tensor<?x?xf32>) -> tensor<?xf32> {
  %y = cameo.reduce %x {axes = array<i64: 0>, kind = "sum"} : (tensor<?x?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// x = [[-20, 17, 13, 9, 5, 1], [-3, -7, -11, -15, -19, 18]]
// y = [25, -37]
func.func @integers(%x: tensor<2x6xi64>) -> tensor<2xi64> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "sum"} : (tensor<2x6xi64>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}

// x = [[1, nan, 3], [2, 1, 0]]
// y = [nan, 2]
func.func @nan_wins(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "max"} : (tensor<2x3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// x = spread(1x300)
// y = [0.25]
func.func @f16_sums_in_f32(%x: tensor<1x300xf16>) -> tensor<1xf16> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "sum"} : (tensor<1x300xf16>) -> tensor<1xf16>
  return %y : tensor<1xf16>
}

// Nothing has the mean 0, as in ONNX Runtime: an empty bag of PyTorch's EmbeddingBag is a row of zeros.
// x = [[], []]
// y = [0, 0]
func.func @mean_of_nothing(%x: tensor<2x0xf32>) -> tensor<2xf32> {
  %y = cameo.reduce %x {axes = array<i64: 1>, kind = "mean"} : (tensor<2x0xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
