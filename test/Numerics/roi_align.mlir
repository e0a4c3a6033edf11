// roi_align.mlir - Bilinear samples averaged over each cell of a region. Expected values: onnx's ReferenceEvaluator (1.23).
// rtol = 2e-6: 4 samples of 4 products

// atol = 1e-6: samples cancel
// x = spread(1x1x6x6)
// r = [[0, 0, 4, 4], [1, 1, 5, 3]]
// b = [0, 0]
// y = [[[[-0.40625, -0.125], [0, 0.28125]]], [[[-0.484375, -1.484375], [0.359375, 0]]]]
func.func @average(%x: tensor<1x1x6x6xf32>, %r: tensor<2x4xf32>, %b: tensor<2xi64>) -> tensor<2x1x2x2xf32> {
  %y = cameo.roi_align %x, %r, %b {height = 2 : i64, width = 2 : i64, samplingRatio = 2 : i64, scale = 1.0 : f32, halfPixel} : (tensor<1x1x6x6xf32>, tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x1x2x2xf32>
  return %y : tensor<2x1x2x2xf32>
}
