// gather_nd.mlir - Elements and slices by tuples of indices. Expected values: onnx's ReferenceEvaluator (1.23).

// x = spread(4x3)
// i = [[0, 1], [3, -1]]
// y = [2.125, 2.25]
func.func @elements(%x: tensor<4x3xf32>, %i: tensor<2x2xi64>) -> tensor<2xf32> {
  %y = cameo.gather_nd %x, %i {batchDims = 0 : i64} : (tensor<4x3xf32>, tensor<2x2xi64>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// x = spread(4x3)
// i = [[2], [0]]
// y = [[-0.375, -0.875, -1.375], [-2.5, 2.125, 1.625]]
func.func @rows(%x: tensor<4x3xf32>, %i: tensor<2x1xi64>) -> tensor<2x3xf32> {
  %y = cameo.gather_nd %x, %i {batchDims = 0 : i64} : (tensor<4x3xf32>, tensor<2x1xi64>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// x = spread(2x3x2)
// i = [[1], [2]]
// y = [[1.625, 1.125], [-2.375, 2.25]]
func.func @batches(%x: tensor<2x3x2xf32>, %i: tensor<2x1xi64>) -> tensor<2x2xf32> {
  %y = cameo.gather_nd %x, %i {batchDims = 1 : i64} : (tensor<2x3x2xf32>, tensor<2x1xi64>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
