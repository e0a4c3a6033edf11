// range.mlir - start, start + delta, …: n values. Exact.

// s = 1
// d = 0.5
// n = 4
// y = [1, 1.5, 2, 2.5]
func.func @f32_4_values(%s: tensor<f32>, %d: tensor<f32>, %n: tensor<i64>) -> tensor<?xf32> {
  %y = cameo.range %s, %d, %n : (tensor<f32>, tensor<f32>, tensor<i64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// s = 5
// d = -2
// n = 3
// y = [5, 3, 1]
func.func @i64_3_values(%s: tensor<i64>, %d: tensor<i64>, %n: tensor<i64>) -> tensor<?xi64> {
  %y = cameo.range %s, %d, %n : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return %y : tensor<?xi64>
}

// s = 0
// d = 1
// n = 0
// y = []
func.func @f32_0_values(%s: tensor<f32>, %d: tensor<f32>, %n: tensor<i64>) -> tensor<?xf32> {
  %y = cameo.range %s, %d, %n : (tensor<f32>, tensor<f32>, tensor<i64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
