// couple_probabilities.mlir - Two classes keep the probability of their pair, as nearly as the iteration ends.
// Values: the iteration in double precision with NumPy; no gradient comes near the bound that ends it.

// atol = 2e-6: 100 rounds of 3 classes at most, each with a handful of operations of 2^-24 that the next round corrects
// r = [[0.7, 0.6, 0.4], [0.9, 0.5, 0.2], [0.5, 0.5, 0.5]]
// y = [[0.4773639, 0.2068333, 0.3158027], [0.4681757, 0.07953229, 0.4522921], [0.3333333, 0.3333333, 0.3333333]]
func.func @three(%r: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %y = cameo.couple_probabilities %r {classes = 3 : i64} : (tensor<3x3xf32>) -> tensor<3x3xf32>
  return %y : tensor<3x3xf32>
}

// atol = 2e-6: as above
// r = [[0.8], [0.25]]
// y = [[0.7999997, 0.2000003], [0.2499957, 0.7500043]]
func.func @two(%r: tensor<2x1xf32>) -> tensor<2x2xf32> {
  %y = cameo.couple_probabilities %r {classes = 2 : i64} : (tensor<2x1xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
