// lrn.mlir - Each element divided by a power of its neighbours' squares across channels. Expected values: NumPy in f64, rounded to
// the type.
// rtol = 1e-6: a power, a sum of 3 squares, a division

// x = [[[-2.5, 2.125, 1.625], [1.125, 0.625, 0.125], [-0.375, -0.875, -1.375], [-1.875, -2.375, 2.25]]]
// y = [[[-1.3596475, 1.3574249, 1.2344385], [0.60710996, 0.3794355, 0.081880525], [-0.2392885, -0.49578518, -0.7713341],
//     [-1.3122251, -1.3773575, 1.2633249]]]
func.func @three_channels(%x: tensor<1x4x3xf32>) -> tensor<1x4x3xf32> {
  %y = cameo.lrn %x {size = 3 : i64, alpha = 0.5 : f32, beta = 0.75 : f32, bias = 1.0 : f32} : (tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}
