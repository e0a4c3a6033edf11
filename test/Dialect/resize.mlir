// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Every op of the family reads back as it was written.
// CHECK-LABEL: func.func @resize
// CHECK: cameo.resize %{{.*}}, sizes %{{.*}} {axes = array<i64: 2>
func.func @resize(%x: tensor<1x1x4xf32>, %n: tensor<1xi64>) -> tensor<1x1x?xf32> {
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "nearest", transform = "asymmetric", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// CHECK-LABEL: func.func @resize_with_scales_and_roi
// CHECK: cameo.resize %{{.*}}, sizes %{{.*}} scales %{{.*}} roi %{{.*}} {axes
func.func @resize_with_scales_and_roi(%x: tensor<1x1x4xf32>, %n: tensor<1xi64>, %s: tensor<1xf32>, %r: tensor<2xf32>) -> tensor<1x1x?xf32> {
  %y = cameo.resize %x, sizes %n scales %s roi %r {axes = array<i64: 2>, mode = "linear", transform = "tf_crop_and_resize", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>, tensor<1xf32>, tensor<2xf32>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// CHECK-LABEL: func.func @grid_sample
// CHECK: cameo.grid_sample %{{.*}}, %{{.*}} {mode = "linear", padding = "zeros"}
func.func @grid_sample(%x: tensor<1x1x4x4xf32>, %g: tensor<1x6x6x2xf32>) -> tensor<1x1x6x6xf32> {
  %y = cameo.grid_sample %x, %g {mode = "linear", padding = "zeros"} : (tensor<1x1x4x4xf32>, tensor<1x6x6x2xf32>) -> tensor<1x1x6x6xf32>
  return %y : tensor<1x1x6x6xf32>
}
