// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Every op of the family reads back as it was written.
// CHECK-LABEL: func.func @range
// CHECK: cameo.range %{{.*}}, %{{.*}}, %{{.*}} : (tensor<f32>, tensor<f32>, tensor<i64>) -> tensor<?xf32>
func.func @range(%s: tensor<f32>, %d: tensor<f32>, %n: tensor<i64>) -> tensor<?xf32> {
  %y = cameo.range %s, %d, %n : (tensor<f32>, tensor<f32>, tensor<i64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// CHECK-LABEL: func.func @eye_like
// CHECK: cameo.eye_like %{{.*}} {k = 0 : i64, to = f32} : (tensor<3x4xi64>) -> tensor<3x4xf32>
func.func @eye_like(%x: tensor<3x4xi64>) -> tensor<3x4xf32> {
  %y = cameo.eye_like %x {k = 0 : i64, to = f32} : (tensor<3x4xi64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// CHECK-LABEL: func.func @one_hot
// CHECK: cameo.one_hot %{{.*}}, %{{.*}}, %{{.*}} {axis = -1 : i64} : (tensor<3xi64>, tensor<i64>, tensor<2xf32>) -> tensor<3x?xf32>
func.func @one_hot(%i: tensor<3xi64>, %d: tensor<i64>, %v: tensor<2xf32>) -> tensor<3x?xf32> {
  %y = cameo.one_hot %i, %d, %v {axis = -1 : i64} : (tensor<3xi64>, tensor<i64>, tensor<2xf32>) -> tensor<3x?xf32>
  return %y : tensor<3x?xf32>
}

// CHECK-LABEL: func.func @random
// CHECK: cameo.random %{{.*}} {a = 0.000000e+00 : f32, b = 1.000000e+00 : f32, distribution = "normal", seed = 7 : i64, to = f16}
func.func @random(%n: tensor<2xi64>) -> tensor<?x?xf16> {
  %y = cameo.random %n {distribution = "normal", a = 0.0 : f32, b = 1.0 : f32, seed = 7 : i64, to = f16} : (tensor<2xi64>) -> tensor<?x?xf16>
  return %y : tensor<?x?xf16>
}
