// RUN: cameo-opt %s --cameo-simplify | FileCheck %s

// Moving axes of size 1 moves no elements.
// CHECK-LABEL: func.func @unit_axes
// CHECK-NOT:   cameo.transpose
// CHECK:       cameo.reshape {{.*}} -> tensor<8x1x?xf32>
func.func @unit_axes(%x: tensor<1x8x?xf32>) -> tensor<8x1x?xf32> {
  %y = cameo.transpose %x {permutation = array<i64: 1, 0, 2>} : (tensor<1x8x?xf32>) -> tensor<8x1x?xf32>
  return %y : tensor<8x1x?xf32>
}

// The matrix product reads the operand as stored.
// CHECK-LABEL: func.func @swap_before_matmul
// CHECK-SAME:    %[[X:.*]]: tensor<2x8xf32>, %[[W:.*]]: tensor<4x8xf32>
// CHECK-NEXT:  %[[Y:.*]] = cameo.matmul %[[X]], %[[W]] {transposeRhs}
// CHECK-NEXT:  return %[[Y]]
func.func @swap_before_matmul(%x: tensor<2x8xf32>, %w: tensor<4x8xf32>) -> tensor<2x4xf32> {
  %t = cameo.transpose %w {permutation = array<i64: 1, 0>} : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %y = cameo.matmul %x, %t : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// Keys of attention: what is left of the transpose moves whole rows.
// CHECK-LABEL: func.func @keys
// CHECK:       %[[K:.*]] = cameo.transpose %{{.*}} {permutation = array<i64: 0, 2, 1, 3>}
// CHECK:       cameo.matmul %{{.*}}, %[[K]] {transposeRhs}
func.func @keys(%q: tensor<2x4x?x16xf32>, %k: tensor<2x?x4x16xf32>) -> tensor<2x4x?x?xf32> {
  %t = cameo.transpose %k {permutation = array<i64: 0, 2, 3, 1>} : (tensor<2x?x4x16xf32>) -> tensor<2x4x16x?xf32>
  %y = cameo.matmul %q, %t : (tensor<2x4x?x16xf32>, tensor<2x4x16x?xf32>) -> tensor<2x4x?x?xf32>
  return %y : tensor<2x4x?x?xf32>
}

// Rows of channels that become an image, and an image that becomes rows: the transposes are the image's.
// CHECK-LABEL: func.func @rows_and_images
// CHECK-SAME:    %[[X:.*]]: tensor<2x12x5xf32>
// CHECK:       %[[V:.*]] = cameo.reshape %[[X]], {{.*}} -> tensor<2x3x4x5xf32>
// CHECK:       %[[I:.*]] = cameo.transpose %[[V]] {permutation = array<i64: 0, 3, 1, 2>}
// CHECK:       %[[C:.*]] = cameo.relu %[[I]]
// CHECK:       %[[T:.*]] = cameo.transpose %[[C]] {permutation = array<i64: 0, 2, 3, 1>}
// CHECK:       cameo.reshape %[[T]], {{.*}} -> tensor<2x12x5xf32>
func.func @rows_and_images(%x: tensor<2x12x5xf32>) -> tensor<2x12x5xf32> {
  %s = cameo.constant dense<[2, 5, 3, 4]> : tensor<4xi64>
  %r = cameo.constant dense<[2, 5, 12]> : tensor<3xi64>
  %t = cameo.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<2x12x5xf32>) -> tensor<2x5x12xf32>
  %v = cameo.reshape %t, %s : (tensor<2x5x12xf32>, tensor<4xi64>) -> tensor<2x5x3x4xf32>
  %c = cameo.relu %v : (tensor<2x5x3x4xf32>) -> tensor<2x5x3x4xf32>
  %w = cameo.reshape %c, %r : (tensor<2x5x3x4xf32>, tensor<3xi64>) -> tensor<2x5x12xf32>
  %y = cameo.transpose %w {permutation = array<i64: 0, 2, 1>} : (tensor<2x5x12xf32>) -> tensor<2x12x5xf32>
  return %y : tensor<2x12x5xf32>
}

// A view that takes channels apart is none of an image.
// CHECK-LABEL: func.func @rows_of_heads
// CHECK:       cameo.transpose %{{.*}} {permutation = array<i64: 0, 2, 1>}
// CHECK-NEXT:  cameo.reshape
func.func @rows_of_heads(%x: tensor<2x12x8xf32>) -> tensor<2x2x4x12xf32> {
  %s = cameo.constant dense<[2, 2, 4, 12]> : tensor<4xi64>
  %t = cameo.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<2x12x8xf32>) -> tensor<2x8x12xf32>
  %v = cameo.reshape %t, %s : (tensor<2x8x12xf32>, tensor<4xi64>) -> tensor<2x2x4x12xf32>
  return %v : tensor<2x2x4x12xf32>
}

// A transpose of a transpose is one, here none.
// CHECK-LABEL: func.func @there_and_back
// CHECK-SAME:    %[[X:.*]]: tensor<2x3x4xf32>
// CHECK-NEXT:  return %[[X]]
func.func @there_and_back(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %a = cameo.transpose %x {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %b = cameo.transpose %a {permutation = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  return %b : tensor<2x3x4xf32>
}

// One that moves the batch stays.
// CHECK-LABEL: func.func @batch_transpose_stays
// CHECK:       %[[T:.*]] = cameo.transpose
// CHECK:       cameo.matmul %{{.*}}, %[[T]] :
func.func @batch_transpose_stays(%x: tensor<3x2x8xf32>, %w: tensor<8x3x4xf32>) -> tensor<3x2x4xf32> {
  %t = cameo.transpose %w {permutation = array<i64: 1, 0, 2>} : (tensor<8x3x4xf32>) -> tensor<3x8x4xf32>
  %y = cameo.matmul %x, %t : (tensor<3x2x8xf32>, tensor<3x8x4xf32>) -> tensor<3x2x4xf32>
  return %y : tensor<3x2x4xf32>
}
