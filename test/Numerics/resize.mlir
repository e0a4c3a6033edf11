// resize.mlir - Samples between the elements. Expected values: onnx's ReferenceEvaluator (1.23).
// rtol = 1e-6: products of 2 or 4 weights per axis
// atol = 1e-6: weighted sums cancel

// x = spread(1x1x4)
// n = [6]
// y = [[[-2.5, -2.5, 2.125, 1.625, 1.625, 1.125]]]
func.func @nearest_up(%x: tensor<1x1x4xf32>, %n: tensor<1xi64>) -> tensor<1x1x?xf32> {
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "nearest", transform = "asymmetric", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// x = spread(1x1x6)
// n = [4]
// y = [[[-2.5, 1.625, 1.125, 0.125]]]
func.func @nearest_down(%x: tensor<1x1x6xf32>, %n: tensor<1xi64>) -> tensor<1x1x?xf32> {
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "nearest", transform = "half_pixel", nearest = "round_prefer_floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x6xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// x = spread(1x1x4)
// n = [7]
// y = [[[-2.5, -0.84821427, 1.7946428, 1.875, 1.5892857, 1.3035715, 1.125]]]
func.func @linear_up(%x: tensor<1x1x4xf32>, %n: tensor<1xi64>) -> tensor<1x1x?xf32> {
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "linear", transform = "half_pixel", nearest = "round_prefer_floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// x = spread(1x1x2x3)
// n = [3, 5]
// y = [[[[-2.5, -0.1875, 2.125, 1.875, 1.625], [-0.6875, 0.34375, 1.375, 1.125, 0.875], [1.125, 0.875, 0.625, 0.375, 0.125]]]]
func.func @linear_corners(%x: tensor<1x1x2x3xf32>, %n: tensor<2xi64>) -> tensor<1x1x?x?xf32> {
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2, 3>, mode = "linear", transform = "align_corners", nearest = "round_prefer_floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x2x3xf32>, tensor<2xi64>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}

// The first element as it is: the specification's text places a single result there (its evaluator half an element before).
// x = spread(1x1x4)
// n = [1]
// y = [[[-2.5]]]
func.func @cubic_to_one(%x: tensor<1x1x4xf32>, %n: tensor<1xi64>) -> tensor<1x1x?xf32> {
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "cubic", transform = "pytorch_half_pixel", nearest = "round_prefer_floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// x = spread(1x1x4)
// n = [8]
// y = [[[-2.987793, -1.4345703, 1.1298828, 2.5170898, 1.9536133, 1.4589844, 1.2207031, 1.0722656]]]
func.func @cubic(%x: tensor<1x1x4xf32>, %n: tensor<1xi64>) -> tensor<1x1x?xf32> {
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "cubic", transform = "half_pixel", nearest = "round_prefer_floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// 3 / 0.6 is 5, as PyTorch and ONNX Runtime have it: in f32. (The evaluator divides by f32's 0.6 in f64, 4.9999998, and takes 4.)
// x = [[[0, 1, 2, 3, 4, 5, 6, 7]]]
// n = [4]
// s = [0.6]
// y = [[[0, 1, 3, 5]]]
func.func @nearest_by_scale(%x: tensor<1x1x8xf32>, %n: tensor<1xi64>, %s: tensor<1xf32>) -> tensor<1x1x?xf32> {
  %y = cameo.resize %x, sizes %n scales %s {axes = array<i64: 2>, mode = "nearest", transform = "asymmetric", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x8xf32>, tensor<1xi64>, tensor<1xf32>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}
