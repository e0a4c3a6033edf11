// trilu.mlir - A triangle of each matrix, zeros elsewhere. Exact.

// x = [[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25]]
// k = 0
// y = [[-2.5, 2.125, 1.625, 1.125], [0, 0.125, -0.375, -0.875], [0, 0, -2.375, 2.25]]
func.func @upper_0(%x: tensor<3x4xf32>, %k: tensor<i64>) -> tensor<3x4xf32> {
  %y = cameo.trilu %x, %k {upper} : (tensor<3x4xf32>, tensor<i64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25]]
// k = 0
// y = [[-2.5, 0, 0, 0], [0.625, 0.125, 0, 0], [-1.375, -1.875, -2.375, 0]]
func.func @lower_0(%x: tensor<3x4xf32>, %k: tensor<i64>) -> tensor<3x4xf32> {
  %y = cameo.trilu %x, %k : (tensor<3x4xf32>, tensor<i64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25]]
// k = 1
// y = [[0, 2.125, 1.625, 1.125], [0, 0, -0.375, -0.875], [0, 0, 0, 2.25]]
func.func @upper_1(%x: tensor<3x4xf32>, %k: tensor<i64>) -> tensor<3x4xf32> {
  %y = cameo.trilu %x, %k {upper} : (tensor<3x4xf32>, tensor<i64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25]]
// k = 1
// y = [[-2.5, 2.125, 0, 0], [0.625, 0.125, -0.375, 0], [-1.375, -1.875, -2.375, 2.25]]
func.func @lower_1(%x: tensor<3x4xf32>, %k: tensor<i64>) -> tensor<3x4xf32> {
  %y = cameo.trilu %x, %k : (tensor<3x4xf32>, tensor<i64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25]]
// k = -1
// y = [[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875], [0, -1.875, -2.375, 2.25]]
func.func @upper_minus_1(%x: tensor<3x4xf32>, %k: tensor<i64>) -> tensor<3x4xf32> {
  %y = cameo.trilu %x, %k {upper} : (tensor<3x4xf32>, tensor<i64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// x = [[-2.5, 2.125, 1.625, 1.125], [0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25]]
// k = -1
// y = [[0, 0, 0, 0], [0.625, 0, 0, 0], [-1.375, -1.875, 0, 0]]
func.func @lower_minus_1(%x: tensor<3x4xf32>, %k: tensor<i64>) -> tensor<3x4xf32> {
  %y = cameo.trilu %x, %k : (tensor<3x4xf32>, tensor<i64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
