// RUN: cameo-opt %s --cameo-lower-precision --split-input-file | FileCheck %s
// RUN: cameo-opt %s --cameo-lower-precision=f16=true --split-input-file | FileCheck %s --check-prefix=F16

// CHECK-LABEL: func.func @product
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<3x2xf32>
// CHECK-DAG:   %[[A:.*]] = cameo.cast %[[X]] {{.*}} -> tensor<3x2xbf16>
// CHECK-DAG:   %[[B:.*]] = cameo.cast %{{.*}} : (tensor<2x2xf32>) -> tensor<2x2xbf16>
// CHECK:       %[[Y:.*]] = cameo.matmul %[[A]], %[[B]] : (tensor<3x2xbf16>, tensor<2x2xbf16>) -> tensor<3x2xbf16>
// CHECK:       cameo.cast %[[Y]] {{.*}} -> tensor<3x2xf32>
// F16-LABEL:   func.func @product
// F16:         %[[Y:.*]] = cameo.matmul %{{.*}}, %{{.*}} : (tensor<3x2xf16>, tensor<2x2xf16>) -> tensor<3x2xf16>
// F16:         cameo.cast %[[Y]] {{.*}} -> tensor<3x2xf32>
func.func @product(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = cameo.constant dense<1.5> : tensor<2x2xf32>
  %y = cameo.matmul %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// Two activations, and what is not f32, stay.
// CHECK-LABEL: func.func @others
// CHECK-NOT:   bf16
// F16-LABEL:   func.func @others
// F16-NOT:     f16
func.func @others(%x: tensor<3x2xf32>, %z: tensor<2x2xf32>, %d: tensor<3x2xf64>) -> (tensor<3x2xf32>, tensor<3x2xf64>) {
  %w = cameo.constant dense<1.5> : tensor<2x2xf64>
  %y = cameo.matmul %x, %z : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %e = cameo.matmul %d, %w : (tensor<3x2xf64>, tensor<2x2xf64>) -> tensor<3x2xf64>
  return %y, %e : tensor<3x2xf32>, tensor<3x2xf64>
}

// -----

// Attention of many queries; values are moved as bf16, and the result after it. The mask stays.
// F16-LABEL:   func.func @attention
// CHECK-LABEL: func.func @attention
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: tensor<1x2x16x4xf32>, %[[K:[a-z0-9]+]]: tensor<1x2x16x4xf32>, %[[V:[a-z0-9]+]]: tensor<1x16x2x4xf32>, %[[M:[a-z0-9]+]]: tensor<16x16xf32>
// CHECK-DAG:   %[[Q1:.*]] = cameo.cast %[[Q]]
// CHECK-DAG:   %[[K1:.*]] = cameo.cast %[[K]]
// CHECK-DAG:   %[[V1:.*]] = cameo.cast %[[V]]
// CHECK-DAG:   %[[V2:.*]] = cameo.transpose %[[V1]] {{.*}} -> tensor<1x2x16x4xbf16>
// CHECK:       %[[Y:.*]] = cameo.attention %[[Q1]], %[[K1]], %[[V2]] mask %[[M]]
// CHECK:       %[[T:.*]] = cameo.transpose %[[Y]] {{.*}} -> tensor<1x16x2x4xbf16>
// CHECK:       %[[R:.*]] = cameo.reshape %[[T]]
// CHECK:       cameo.matmul %[[R]], %{{.*}} : (tensor<16x8xbf16>, tensor<8x8xbf16>) -> tensor<16x8xbf16>
func.func @attention(%q: tensor<1x2x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x16x2x4xf32>, %m: tensor<16x16xf32>) -> tensor<16x8xf32> {
  %w = cameo.constant dense<1.5> : tensor<8x8xf32>
  %shape = cameo.constant dense<[16, 8]> : tensor<2xi64>
  %vt = cameo.transpose %v {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x16x2x4xf32>) -> tensor<1x2x16x4xf32>
  %y = cameo.attention %q, %k, %vt mask %m {scale = 0.5 : f32} : (tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>, tensor<16x16xf32>) -> tensor<1x2x16x4xf32>
  %t = cameo.transpose %y {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x2x16x4xf32>) -> tensor<1x16x2x4xf32>
  %r = cameo.reshape %t, %shape : (tensor<1x16x2x4xf32>, tensor<2xi64>) -> tensor<16x8xf32>
  %z = cameo.matmul %r, %w : (tensor<16x8xf32>, tensor<8x8xf32>) -> tensor<16x8xf32>
  return %z : tensor<16x8xf32>
}

// -----

// One query reads each key once, which is no more work than rounding them.
// CHECK-LABEL: func.func @decode
// CHECK-NOT:   bf16
// F16-LABEL:   func.func @decode
// F16-NOT:     f16
func.func @decode(%q: tensor<1x2x1x4xf32>, %k: tensor<1x2x99x4xf32>, %v: tensor<1x2x99x4xf32>) -> tensor<1x2x1x4xf32> {
  %y = cameo.attention %q, %k, %v {scale = 0.5 : f32} : (tensor<1x2x1x4xf32>, tensor<1x2x99x4xf32>, tensor<1x2x99x4xf32>) -> tensor<1x2x1x4xf32>
  return %y : tensor<1x2x1x4xf32>
}

// -----

// A recurrence rounds its weights; its state is f32 between steps.
// F16-LABEL:   func.func @recurrence
// F16:         cameo.rnn %{{.*}} : (tensor<3x2x1x2xf32>, tensor<1x2x2xf16>) -> (tensor<3x1x2x2xf32>, tensor<1x2x2xf32>)
// CHECK-LABEL: func.func @recurrence
// CHECK:       %[[W:.*]] = cameo.cast %{{.*}} -> tensor<1x2x2xbf16>
// CHECK:       cameo.rnn %{{.*}}, %[[W]] {{.*}} : (tensor<3x2x1x2xf32>, tensor<1x2x2xbf16>) -> (tensor<3x1x2x2xf32>, tensor<1x2x2xf32>)
func.func @recurrence(%x: tensor<3x2x1x2xf32>) -> (tensor<3x1x2x2xf32>, tensor<1x2x2xf32>) {
  %w = cameo.constant dense<1.5> : tensor<1x2x2xf32>
  %y, %h = cameo.rnn %x, %w {activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<3x2x1x2xf32>, tensor<1x2x2xf32>) -> (tensor<3x1x2x2xf32>, tensor<1x2x2xf32>)
  return %y, %h : tensor<3x1x2x2xf32>, tensor<1x2x2xf32>
}
