// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Every op of the family reads back as it was written.
// CHECK-LABEL: func.func @gather
// CHECK: cameo.gather %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<4x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
func.func @gather(%x: tensor<4x2xf32>, %i: tensor<3xi64>) -> tensor<3x2xf32> {
  %y = cameo.gather %x, %i {axis = 0 : i64} : (tensor<4x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// CHECK-LABEL: func.func @gather_elements
// CHECK: cameo.gather_elements %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<2x4xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>
func.func @gather_elements(%x: tensor<2x4xf32>, %i: tensor<2x3xi64>) -> tensor<2x3xf32> {
  %y = cameo.gather_elements %x, %i {axis = 1 : i64} : (tensor<2x4xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @gather_nd
// CHECK: cameo.gather_nd %{{.*}}, %{{.*}} {batchDims = 0 : i64} : (tensor<2x4xf32>, tensor<3x2xi64>) -> tensor<3xf32>
func.func @gather_nd(%x: tensor<2x4xf32>, %i: tensor<3x2xi64>) -> tensor<3xf32> {
  %y = cameo.gather_nd %x, %i {batchDims = 0 : i64} : (tensor<2x4xf32>, tensor<3x2xi64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func @scatter_elements
// CHECK: cameo.scatter_elements %{{.*}}, %{{.*}}, %{{.*}} {axis = 0 : i64, reduction = "none"} : (tensor<4xf32>, tensor<2xi64>, tensor<2xf32>) -> tensor<4xf32>
func.func @scatter_elements(%x: tensor<4xf32>, %i: tensor<2xi64>, %u: tensor<2xf32>) -> tensor<4xf32> {
  %y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "none"} : (tensor<4xf32>, tensor<2xi64>, tensor<2xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @scatter_nd
// CHECK: cameo.scatter_nd %{{.*}}, %{{.*}}, %{{.*}} {reduction = "none"} : (tensor<4x2xf32>, tensor<3x1xi64>, tensor<3x2xf32>) -> tensor<4x2xf32>
func.func @scatter_nd(%x: tensor<4x2xf32>, %i: tensor<3x1xi64>, %u: tensor<3x2xf32>) -> tensor<4x2xf32> {
  %y = cameo.scatter_nd %x, %i, %u {reduction = "none"} : (tensor<4x2xf32>, tensor<3x1xi64>, tensor<3x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// CHECK-LABEL: func.func @tensor_scatter
// CHECK: cameo.tensor_scatter %{{.*}}, %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<2x8x4xf32>, tensor<2x1x4xf32>, tensor<2xi64>) -> tensor<2x8x4xf32>
func.func @tensor_scatter(%x: tensor<2x8x4xf32>, %u: tensor<2x1x4xf32>, %s: tensor<2xi64>) -> tensor<2x8x4xf32> {
  %y = cameo.tensor_scatter %x, %u, %s {axis = 1 : i64} : (tensor<2x8x4xf32>, tensor<2x1x4xf32>, tensor<2xi64>) -> tensor<2x8x4xf32>
  return %y : tensor<2x8x4xf32>
}

// CHECK-LABEL: func.func @compress
// CHECK: cameo.compress %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<4x2xf32>, tensor<4xi1>) -> tensor<?x2xf32>
func.func @compress(%x: tensor<4x2xf32>, %c: tensor<4xi1>) -> tensor<?x2xf32> {
  %y = cameo.compress %x, %c {axis = 0 : i64} : (tensor<4x2xf32>, tensor<4xi1>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @non_zero
// CHECK: cameo.non_zero %{{.*}} : (tensor<2x4xf32>) -> tensor<2x?xi64>
func.func @non_zero(%x: tensor<2x4xf32>) -> tensor<2x?xi64> {
  %y = cameo.non_zero %x : (tensor<2x4xf32>) -> tensor<2x?xi64>
  return %y : tensor<2x?xi64>
}
