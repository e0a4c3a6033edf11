// pad.mlir - Values around, of four kinds; negative pads crop. Exact.

// x = [1, 2, 3, 4]
// p = [2, 1]
// v = 9
// y = [9, 9, 1, 2, 3, 4, 9]
func.func @constant(%x: tensor<4xf32>, %p: tensor<2xi64>, %v: tensor<f32>) -> tensor<?xf32> {
  %y = cameo.pad %x, %p, %v {mode = "constant"} : (tensor<4xf32>, tensor<2xi64>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// x = [1, 2, 3, 4]
// p = [-1, 2]
// v = 9
// y = [2, 3, 4, 9, 9]
func.func @crops(%x: tensor<4xf32>, %p: tensor<2xi64>, %v: tensor<f32>) -> tensor<?xf32> {
  %y = cameo.pad %x, %p, %v {mode = "constant"} : (tensor<4xf32>, tensor<2xi64>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// x = [1, 2, 3, 4]
// p = [2, 3]
// v = 9
// y = [3, 2, 1, 2, 3, 4, 3, 2, 1]
func.func @reflect(%x: tensor<4xf32>, %p: tensor<2xi64>, %v: tensor<f32>) -> tensor<?xf32> {
  %y = cameo.pad %x, %p, %v {mode = "reflect"} : (tensor<4xf32>, tensor<2xi64>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// x = [1, 2, 3, 4]
// p = [2, 1]
// v = 9
// y = [1, 1, 1, 2, 3, 4, 4]
func.func @edge(%x: tensor<4xf32>, %p: tensor<2xi64>, %v: tensor<f32>) -> tensor<?xf32> {
  %y = cameo.pad %x, %p, %v {mode = "edge"} : (tensor<4xf32>, tensor<2xi64>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// x = [1, 2, 3, 4]
// p = [2, 3]
// v = 9
// y = [3, 4, 1, 2, 3, 4, 1, 2, 3]
func.func @wrap(%x: tensor<4xf32>, %p: tensor<2xi64>, %v: tensor<f32>) -> tensor<?xf32> {
  %y = cameo.pad %x, %p, %v {mode = "wrap"} : (tensor<4xf32>, tensor<2xi64>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
