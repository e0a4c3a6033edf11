// RUN: cameo-opt %s --cameo-fix-input-sizes | FileCheck %s

// The filter decides the channels of %x; %z has them by the same name. What is computed keeps its type.
// CHECK-LABEL: func.func @channels
// CHECK-SAME:    %{{.*}}: tensor<?x3x?x?xf32> {cameo.dims = ["b", "c", "h", "w"]}
// CHECK-SAME:    %{{.*}}: tensor<3x?xf32> {cameo.dims = ["c", "b"]}
// CHECK:       cameo.abs %{{.*}} : (tensor<?x3x?x?xf32>) -> tensor<?x?x?x?xf32>
func.func @channels(%x: tensor<?x?x?x?xf32> {cameo.dims = ["b", "c", "h", "w"]}, %z: tensor<?x?xf32> {cameo.dims = ["c", "b"]}) -> (tensor<?x8x?x?xf32>, tensor<?x?xf32>) {
  %w = cameo.constant dense<1.0> : tensor<8x3x1x1xf32>
  %a = cameo.abs %x : (tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  %y = cameo.conv %a, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<?x?x?x?xf32>, tensor<8x3x1x1xf32>) -> tensor<?x8x?x?xf32>
  return %y, %z : tensor<?x8x?x?xf32>, tensor<?x?xf32>
}

// Two filters contradict each other: the run says so.
// CHECK-LABEL: func.func @contradiction
// CHECK-SAME:    %{{.*}}: tensor<1x?x4x4xf32>
func.func @contradiction(%x: tensor<1x?x4x4xf32>) -> (tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>) {
  %v = cameo.constant dense<1.0> : tensor<8x3x1x1xf32>
  %w = cameo.constant dense<1.0> : tensor<8x4x1x1xf32>
  %y = cameo.conv %x, %v {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x?x4x4xf32>, tensor<8x3x1x1xf32>) -> tensor<1x8x4x4xf32>
  %z = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x?x4x4xf32>, tensor<8x4x1x1xf32>) -> tensor<1x8x4x4xf32>
  return %y, %z : tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>
}

// So do the inner sizes of a product.
// CHECK-LABEL: func.func @product
// CHECK-SAME:    %{{.*}}: tensor<?x5xf32>
func.func @product(%x: tensor<?x?xf32>) -> tensor<?x4xf32> {
  %w = cameo.constant dense<1.0> : tensor<4x5xf32>
  %y = cameo.matmul %x, %w {transposeRhs} : (tensor<?x?xf32>, tensor<4x5xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
