// RUN: cameo-opt %s --cameo-lower-precision --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @product
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<3x2xf32>
// CHECK-DAG:   %[[A:.*]] = cameo.cast %[[X]] {{.*}} -> tensor<3x2xbf16>
// CHECK-DAG:   %[[B:.*]] = cameo.cast %{{.*}} : (tensor<2x2xf32>) -> tensor<2x2xbf16>
// CHECK:       %[[Y:.*]] = cameo.matmul %[[A]], %[[B]] : (tensor<3x2xbf16>, tensor<2x2xbf16>) -> tensor<3x2xbf16>
// CHECK:       cameo.cast %[[Y]] {{.*}} -> tensor<3x2xf32>
func.func @product(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = cameo.constant dense<1.5> : tensor<2x2xf32>
  %y = cameo.matmul %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// Two activations, and what is not f32, stay.
// CHECK-LABEL: func.func @others
// CHECK-NOT:   bf16
func.func @others(%x: tensor<3x2xf32>, %z: tensor<2x2xf32>, %d: tensor<3x2xf64>) -> (tensor<3x2xf32>, tensor<3x2xf64>) {
  %w = cameo.constant dense<1.5> : tensor<2x2xf64>
  %y = cameo.matmul %x, %z : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %e = cameo.matmul %d, %w : (tensor<3x2xf64>, tensor<2x2xf64>) -> tensor<3x2xf64>
  return %y, %e : tensor<3x2xf32>, tensor<3x2xf64>
}
