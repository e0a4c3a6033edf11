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
