// lp_pool.mlir - The p-norm of each window. Expected values: NumPy in f64, rounded to the type.
// rtol = 1e-6: squares, a sum of 2, a root

// x = [[[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125], [-0.375, -0.875, -1.375, -1.875, -2.375, 2.25]]]
// y = [[[3.2811012, 1.9764235, 0.63737744], [0.95197165, 2.3251345, 3.271563]]]
func.func @two(%x: tensor<1x2x6xf32>) -> tensor<1x2x3xf32> {
  %y = cameo.lp_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, p = 2.0 : f32} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}

// x = [[[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125], [-0.375, -0.875, -1.375, -1.875, -2.375, 2.25]]]
// y = [[[4.625, 2.75, 0.75], [1.25, 3.25, 4.625]]]
func.func @one(%x: tensor<1x2x6xf32>) -> tensor<1x2x3xf32> {
  %y = cameo.lp_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, p = 1.0 : f32} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}
