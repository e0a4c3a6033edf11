// mel_weight_matrix.mlir - Triangular filters on the mel scale. Expected values: onnx's ReferenceEvaluator (1.23).
// rtol = 1e-6: computed in f64, rounded once

// m = 4
// l = 16
// r = 8192
// lo = 0
// hi = 4096
// y = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0.5], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0,
//     0, 0]]
func.func @four_filters(%m: tensor<i64>, %l: tensor<i64>, %r: tensor<i64>, %lo: tensor<f32>, %hi: tensor<f32>) -> tensor<?x?xf32> {
  %y = cameo.mel_weight_matrix %m, %l, %r, %lo, %hi {to = f32} : (tensor<i64>, tensor<i64>, tensor<i64>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
