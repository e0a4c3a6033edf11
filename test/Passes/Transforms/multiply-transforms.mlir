// RUN: cameo-opt %s --cameo-multiply-transforms --remarks-filter=cameo-multiply-transforms 2>&1 | FileCheck %s

// CHECK: remark: [Passed] transforms multiplied{{.*}}is a product with a matrix of 8 x 10
// CHECK: remark: [Missed] transforms multiplied{{.*}}only the run knows its length

// CHECK-LABEL: func.func @frames
// CHECK-SAME:    %[[X:.*]]: tensor<?x8x1xf32>
// CHECK:       %[[M:.*]] = cameo.constant {{.*}} : tensor<8x10xf32>
// CHECK:       %[[R:.*]] = cameo.reshape %[[X]]{{.*}} -> tensor<?x8xf32>
// CHECK:       cameo.matmul %[[R]], %[[M]]{{.*}} -> tensor<?x10xf32>
// CHECK:       cameo.reshape {{.*}} -> tensor<?x5x2xf32>
func.func @frames(%x: tensor<?x8x1xf32>) -> tensor<?x5x2xf32> {
  %n = cameo.constant dense<8> : tensor<i64>
  %y = cameo.dft %x, %n {axis = 1 : i64, onesided} : (tensor<?x8x1xf32>, tensor<i64>) -> tensor<?x5x2xf32>
  return %y : tensor<?x5x2xf32>
}

// Columns: two transforms of one length share a matrix, and what lies behind the axis moves before it.
// CHECK-LABEL: func.func @columns
// CHECK:       cameo.constant {{.*}} : tensor<8x8xf32>
// CHECK-NOT:   cameo.constant {{.*}} : tensor<8x8xf32>
// CHECK:       cameo.transpose {{.*}} -> tensor<3x4x2xf32>
// CHECK:       cameo.matmul
// CHECK:       cameo.transpose {{.*}} -> tensor<4x3x2xf32>
// CHECK:       cameo.matmul
func.func @columns(%x: tensor<4x3x2xf32>) -> tensor<4x3x2xf32> {
  %n = cameo.constant dense<4> : tensor<i64>
  %y = cameo.dft %x, %n {axis = 0 : i64} : (tensor<4x3x2xf32>, tensor<i64>) -> tensor<4x3x2xf32>
  %z = cameo.dft %y, %n {axis = 0 : i64} : (tensor<4x3x2xf32>, tensor<i64>) -> tensor<4x3x2xf32>
  return %z : tensor<4x3x2xf32>
}

// CHECK-LABEL: func.func @unknown_length_stays
// CHECK:       cameo.dft
func.func @unknown_length_stays(%x: tensor<2x?x1xf32>, %n: tensor<i64>) -> tensor<2x?x2xf32> {
  %y = cameo.dft %x, %n {axis = 1 : i64} : (tensor<2x?x1xf32>, tensor<i64>) -> tensor<2x?x2xf32>
  return %y : tensor<2x?x2xf32>
}

// What the rewritten ops know of their sizes the function's type knows, too.
// CHECK-LABEL: func.func @sizes_found(
// CHECK-SAME:    -> tensor<?x5x2xf32> {
func.func @sizes_found(%x: tensor<?x8x1xf32>) -> tensor<?x?x2xf32> {
  %n = cameo.constant dense<8> : tensor<i64>
  %y = cameo.dft %x, %n {axis = 1 : i64, onesided} : (tensor<?x8x1xf32>, tensor<i64>) -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}
