// views.mlir - Ops that change the shape and no element; sizes as values. Exact.

// x = [[-2.5, 2.125, 1.625], [1.125, 0.625, 0.125]]
// s = [3, -1]
// y = [[-2.5, 2.125], [1.625, 1.125], [0.625, 0.125]]
func.func @reshape(%x: tensor<2x3xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
  %y = cameo.reshape %x, %s : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// x = [[[-2.5, 2.125, 1.625], [1.125, 0.625, 0.125]]]
// y = [[-2.5, 2.125, 1.625], [1.125, 0.625, 0.125]]
func.func @squeeze(%x: tensor<1x2x3xf32>) -> tensor<2x3xf32> {
  %y = cameo.squeeze %x {axes = array<i64: 0>} : (tensor<1x2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// x = [[-2.5, 2.125, 1.625], [1.125, 0.625, 0.125]]
// y = [[[-2.5, 2.125, 1.625]], [[1.125, 0.625, 0.125]]]
func.func @unsqueeze(%x: tensor<2x3xf32>) -> tensor<2x1x3xf32> {
  %y = cameo.unsqueeze %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2x1x3xf32>
  return %y : tensor<2x1x3xf32>
}

// x = [[-2.5, 2.125, 1.625], [1.125, 0.625, 0.125]]
// y = [2, 3]
func.func @shape_of(%x: tensor<?x3xf32>) -> tensor<2xi64> {
  %y = cameo.shape_of %x {start = 0 : i64, end = 2 : i64} : (tensor<?x3xf32>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}
