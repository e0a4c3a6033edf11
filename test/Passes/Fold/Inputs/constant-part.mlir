// Weights that are normalised, gathered, reshaped and multiplied before the input meets them.
func.func @main(%x: tensor<2x4xf32> {cameo.name = "x"}) -> (tensor<2x3xf32> {cameo.name = "y"}) {
  %w = cameo.constant dense<[[0.1, -0.2, 0.3], [0.4, 0.5, -0.6], [0.7, 0.8, 0.9], [-1.0, 1.1, 1.2], [3.1, 2.7, 1.9]]> : tensor<5x3xf32>
  %order = cameo.constant dense<[4, 0, 2, -2]> : tensor<4xi64>
  %eps = cameo.constant dense<1.0e-5> : tensor<f32>
  %picked = cameo.gather %w, %order {axis = 0 : i64} : (tensor<5x3xf32>, tensor<4xi64>) -> tensor<4x3xf32>
  %mean = cameo.reduce %picked {axes = array<i64: 0>, kind = "mean", keepDims} : (tensor<4x3xf32>) -> tensor<1x3xf32>
  %centred = cameo.sub %picked, %mean : (tensor<4x3xf32>, tensor<1x3xf32>) -> tensor<4x3xf32>
  %square = cameo.mul %centred, %centred : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %variance = cameo.reduce %square {axes = array<i64: 0>, kind = "mean", keepDims} : (tensor<4x3xf32>) -> tensor<1x3xf32>
  %safe = cameo.add %variance, %eps : (tensor<1x3xf32>, tensor<f32>) -> tensor<1x3xf32>
  %deviation = cameo.sqrt %safe : (tensor<1x3xf32>) -> tensor<1x3xf32>
  %normal = cameo.div %centred, %deviation : (tensor<4x3xf32>, tensor<1x3xf32>) -> tensor<4x3xf32>
  %weight = cameo.exp %normal : (tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = cameo.matmul %x, %weight : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
