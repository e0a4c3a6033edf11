// reduce_dynamic.mlir - Axes that only the run knows. Exact.

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125], [-0.375, -0.875, -1.375, -1.875, -2.375, 2.25]]
// a = [1]
// y = [3.125, -4.625]
func.func @second(%x: tensor<2x6xf32>, %a: tensor<1xi64>) -> tensor<?xf32> {
  %y = cameo.reduce_dynamic %x, %a {kind = "sum"} : (tensor<2x6xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125], [-0.375, -0.875, -1.375, -1.875, -2.375, 2.25]]
// a = [-2]
// y = [-2.875, 1.25, 0.25, -0.75, -1.75, 2.375]
func.func @first(%x: tensor<2x6xf32>, %a: tensor<1xi64>) -> tensor<?xf32> {
  %y = cameo.reduce_dynamic %x, %a {kind = "sum"} : (tensor<2x6xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
