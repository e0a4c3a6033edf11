// non_max_suppression.mlir - Boxes by score, without those that overlap a better one. Expected values: onnx's ReferenceEvaluator
// (1.23). Exact.

// b = [[[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [0, 10.1, 1, 11.1], [0, 100, 1, 101]]]
// s = [[[0.9, 0.75, 0.6, 0.95, 0.5, 0.3]]]
// m = 3
// i = 0.5
// t = 0
// y = [[0, 0, 3], [0, 0, 0], [0, 0, 5]]
func.func @three_left(%b: tensor<1x6x4xf32>, %s: tensor<1x1x6xf32>, %m: tensor<i64>, %i: tensor<f32>, %t: tensor<f32>) -> tensor<?x3xi64> {
  %y = cameo.non_max_suppression %b, %s, %m, %i, %t : (tensor<1x6x4xf32>, tensor<1x1x6xf32>, tensor<i64>, tensor<f32>, tensor<f32>) -> tensor<?x3xi64>
  return %y : tensor<?x3xi64>
}
