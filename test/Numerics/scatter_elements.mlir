// scatter_elements.mlir - Elements put at indices along one axis. Exact.

// x = [1, 2, 3, 4, 5]
// i = [1, -2]
// u = [10, 20]
// y = [1, 10, 3, 20, 5]
func.func @none(%x: tensor<5xf32>, %i: tensor<2xi64>, %u: tensor<2xf32>) -> tensor<5xf32> {
  %y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "none"} : (tensor<5xf32>, tensor<2xi64>, tensor<2xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// x = [1, 2, 3, 4, 5]
// i = [1, 3, 1]
// u = [10, 20, 30]
// y = [1, 42, 3, 24, 5]
func.func @add(%x: tensor<5xf32>, %i: tensor<3xi64>, %u: tensor<3xf32>) -> tensor<5xf32> {
  %y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "add"} : (tensor<5xf32>, tensor<3xi64>, tensor<3xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// x = [1, 2, 3, 4, 5]
// i = [1, 3, 1]
// u = [10, 20, 30]
// y = [1, 600, 3, 80, 5]
func.func @mul(%x: tensor<5xf32>, %i: tensor<3xi64>, %u: tensor<3xf32>) -> tensor<5xf32> {
  %y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "mul"} : (tensor<5xf32>, tensor<3xi64>, tensor<3xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// x = [1, 2, 3, 4, 5]
// i = [1, 3, 1]
// u = [10, 20, 30]
// y = [1, 30, 3, 20, 5]
func.func @max(%x: tensor<5xf32>, %i: tensor<3xi64>, %u: tensor<3xf32>) -> tensor<5xf32> {
  %y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "max"} : (tensor<5xf32>, tensor<3xi64>, tensor<3xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// x = [1, 2, 3, 4, 5]
// i = [1, 3, 1]
// u = [10, 20, 30]
// y = [1, 2, 3, 4, 5]
func.func @min(%x: tensor<5xf32>, %i: tensor<3xi64>, %u: tensor<3xf32>) -> tensor<5xf32> {
  %y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "min"} : (tensor<5xf32>, tensor<3xi64>, tensor<3xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}
