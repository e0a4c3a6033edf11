// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Every op of the family reads back as it was written.
// CHECK-LABEL: func.func @max_pool
// CHECK: cameo.max_pool %{{.*}} {dilations = array<i64: 1>, kernel = array<i64: 2>, pads = array<i64: 0, 0>, strides = array<i64: 2>} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>
func.func @max_pool(%x: tensor<1x2x6xf32>) -> tensor<1x2x3xf32> {
  %y = cameo.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}

// CHECK-LABEL: func.func @max_pool_with_indices
// CHECK: %{{.*}}, %{{.*}} = cameo.max_pool
func.func @max_pool_with_indices(%x: tensor<1x2x6xf32>) -> (tensor<1x2x3xf32>, tensor<1x2x3xi64>) {
  %y:2 = cameo.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x6xf32>) -> (tensor<1x2x3xf32>, tensor<1x2x3xi64>)
  return %y#0, %y#1 : tensor<1x2x3xf32>, tensor<1x2x3xi64>
}

// CHECK-LABEL: func.func @average_pool
// CHECK: cameo.average_pool %{{.*}} {ceilMode, countIncludePad, dilations
func.func @average_pool(%x: tensor<1x2x6xf32>) -> tensor<1x2x3xf32> {
  %y = cameo.average_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, countIncludePad, ceilMode} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}

// CHECK-LABEL: func.func @lp_pool
// CHECK: cameo.lp_pool
func.func @lp_pool(%x: tensor<1x2x6xf32>) -> tensor<1x2x3xf32> {
  %y = cameo.lp_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, p = 2.0 : f32} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}

// CHECK-LABEL: func.func @max_unpool
// CHECK: cameo.max_unpool
func.func @max_unpool(%x: tensor<1x1x2xf32>, %i: tensor<1x1x2xi64>, %s: tensor<3xi64>) -> tensor<?x?x?xf32> {
  %y = cameo.max_unpool %x, %i, %s : (tensor<1x1x2xf32>, tensor<1x1x2xi64>, tensor<3xi64>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// CHECK-LABEL: func.func @roi_align
// CHECK: cameo.roi_align %{{.*}}, %{{.*}}, %{{.*}} {halfPixel, height = 2 : i64
func.func @roi_align(%x: tensor<1x1x8x8xf32>, %r: tensor<3x4xf32>, %b: tensor<3xi64>) -> tensor<3x1x2x2xf32> {
  %y = cameo.roi_align %x, %r, %b {height = 2 : i64, width = 2 : i64, samplingRatio = 2 : i64, scale = 1.0 : f32, halfPixel} : (tensor<1x1x8x8xf32>, tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x1x2x2xf32>
  return %y : tensor<3x1x2x2xf32>
}

// CHECK-LABEL: func.func @max_roi_pool
// CHECK: cameo.max_roi_pool
func.func @max_roi_pool(%x: tensor<1x1x8x8xf32>, %r: tensor<3x5xf32>) -> tensor<3x1x2x2xf32> {
  %y = cameo.max_roi_pool %x, %r {height = 2 : i64, width = 2 : i64, scale = 1.0 : f32} : (tensor<1x1x8x8xf32>, tensor<3x5xf32>) -> tensor<3x1x2x2xf32>
  return %y : tensor<3x1x2x2xf32>
}
