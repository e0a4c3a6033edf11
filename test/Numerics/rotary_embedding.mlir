// rotary_embedding.mlir - Expected values: the formula; all products and sums are exact. The last 2 of 6 elements stay.

// x = spread(1x2x2x6)
// c = [[1, 0.5], [0, -1], [0.25, 2]]
// s = [[0, 1], [1, 0.5], [-2, 0.125]]
// p = [[2, 1]]
// y = [[[[2.625, 4.109375, 5.40625, 2.515625, 0.625, 0.125], [1.375, 1.8125, -0.375, 1.4375, -2.375, 2.25]], [[1.9375, 2.46875,
//     -3.3125, 0.65625, -0.25, -0.75], [2.25, 0.5625, -1.25, -3.25, 1.875, 1.375]]]]
func.func @halves(%x: tensor<1x2x2x6xf32>, %c: tensor<3x2xf32>, %s: tensor<3x2xf32>, %p: tensor<1x2xi64>) -> tensor<1x2x2x6xf32> {
  %y = cameo.rotary_embedding %x, %c, %s at %p {axis = 2 : i64} : (tensor<1x2x2x6xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<1x2xi64>) -> tensor<1x2x2x6xf32>
  return %y : tensor<1x2x2x6xf32>
}

// x = spread(1x2x2x6)
// c = [[1, 0.5], [0, -1], [0.25, 2]]
// s = [[0, 1], [1, 0.5], [-2, 0.125]]
// p = [[0, 1]]
// y = [[[[-2.5, 2.125, -0.3125, 2.1875, 0.625, 0.125], [0.875, -0.375, 2.3125, 1.1875, -2.375, 2.25]], [[1.75, 1.25, 0.125,
//     0.875, -0.25, -0.75], [1.75, -1.25, 1.0625, -3.5, 1.875, 1.375]]]]
func.func @interleaved(%x: tensor<1x2x2x6xf32>, %c: tensor<3x2xf32>, %s: tensor<3x2xf32>, %p: tensor<1x2xi64>) -> tensor<1x2x2x6xf32> {
  %y = cameo.rotary_embedding %x, %c, %s at %p {axis = 2 : i64, interleaved} : (tensor<1x2x2x6xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<1x2xi64>) -> tensor<1x2x2x6xf32>
  return %y : tensor<1x2x2x6xf32>
}
