// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Every op of the family reads back as it was written.
// CHECK-LABEL: func.func @transpose
// CHECK: cameo.transpose %{{.*}} {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
func.func @transpose(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %y = cameo.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// CHECK-LABEL: func.func @slice
// CHECK: cameo.slice %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {axes = array<i64: 1>} : (tensor<2x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x4xf32>
func.func @slice(%x: tensor<2x8xf32>, %s: tensor<1xi64>, %e: tensor<1xi64>, %t: tensor<1xi64>) -> tensor<2x4xf32> {
  %y = cameo.slice %x, %s, %e, %t {axes = array<i64: 1>} : (tensor<2x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @concat
// CHECK: cameo.concat %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
func.func @concat(%x: tensor<2x1xf32>, %y: tensor<2x3xf32>) -> tensor<2x4xf32> {
  %z = cameo.concat %x, %y {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @expand
// CHECK: cameo.expand %{{.*}}, %{{.*}} : (tensor<1x4xf32>, tensor<2xi64>) -> tensor<3x4xf32>
func.func @expand(%x: tensor<1x4xf32>, %s: tensor<2xi64>) -> tensor<3x4xf32> {
  %y = cameo.expand %x, %s : (tensor<1x4xf32>, tensor<2xi64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// CHECK-LABEL: func.func @tile
// CHECK: cameo.tile %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<1xi64>) -> tensor<6xf32>
func.func @tile(%x: tensor<2xf32>, %r: tensor<1xi64>) -> tensor<6xf32> {
  %y = cameo.tile %x, %r : (tensor<2xf32>, tensor<1xi64>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}

// CHECK-LABEL: func.func @pad
// CHECK: cameo.pad %{{.*}}, %{{.*}}, %{{.*}} {mode = "constant"} : (tensor<2xf32>, tensor<2xi64>, tensor<f32>) -> tensor<5xf32>
func.func @pad(%x: tensor<2xf32>, %p: tensor<2xi64>, %v: tensor<f32>) -> tensor<5xf32> {
  %y = cameo.pad %x, %p, %v {mode = "constant"} : (tensor<2xf32>, tensor<2xi64>, tensor<f32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// CHECK-LABEL: func.func @reverse_sequence
// CHECK: cameo.reverse_sequence %{{.*}}, %{{.*}} {batchAxis = 0 : i64, timeAxis = 1 : i64} : (tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
func.func @reverse_sequence(%x: tensor<2x4xf32>, %n: tensor<2xi64>) -> tensor<2x4xf32> {
  %y = cameo.reverse_sequence %x, %n {batchAxis = 0 : i64, timeAxis = 1 : i64} : (tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @trilu
// CHECK: cameo.trilu %{{.*}}, %{{.*}} {upper} : (tensor<3x3xf32>, tensor<i64>) -> tensor<3x3xf32>
func.func @trilu(%x: tensor<3x3xf32>, %k: tensor<i64>) -> tensor<3x3xf32> {
  %y = cameo.trilu %x, %k {upper} : (tensor<3x3xf32>, tensor<i64>) -> tensor<3x3xf32>
  return %y : tensor<3x3xf32>
}
