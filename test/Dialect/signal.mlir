// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Every op of the family reads back as it was written.
// CHECK-LABEL: func.func @dft
// CHECK: cameo.dft %{{.*}}, %{{.*}} {axis = 1 : i64, onesided}
func.func @dft(%x: tensor<1x8x1xf32>, %n: tensor<i64>) -> tensor<1x?x2xf32> {
  %y = cameo.dft %x, %n {axis = 1 : i64, onesided} : (tensor<1x8x1xf32>, tensor<i64>) -> tensor<1x?x2xf32>
  return %y : tensor<1x?x2xf32>
}

// CHECK-LABEL: func.func @mel_weight_matrix
// CHECK: cameo.mel_weight_matrix
func.func @mel_weight_matrix(%m: tensor<i64>, %l: tensor<i64>, %r: tensor<i64>, %lo: tensor<f32>, %hi: tensor<f32>) -> tensor<?x?xf32> {
  %y = cameo.mel_weight_matrix %m, %l, %r, %lo, %hi {to = f32} : (tensor<i64>, tensor<i64>, tensor<i64>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
