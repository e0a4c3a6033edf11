// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Every op of the family reads back as it was written.
// CHECK-LABEL: func.func @matmul
// CHECK: cameo.matmul %{{.*}}, %{{.*}} {transposeRhs} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
func.func @matmul(%a: tensor<2x3xf32>, %b: tensor<4x3xf32>) -> tensor<2x4xf32> {
  %y = cameo.matmul %a, %b {transposeRhs} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @matmul_integers
// CHECK: cameo.matmul %{{.*}}, %{{.*}} {accumulator = i32} : (tensor<2x3xui8>, tensor<3x4xi8>) -> tensor<2x4xi32>
func.func @matmul_integers(%a: tensor<2x3xui8>, %b: tensor<3x4xi8>) -> tensor<2x4xi32> {
  %y = cameo.matmul %a, %b {accumulator = i32} : (tensor<2x3xui8>, tensor<3x4xi8>) -> tensor<2x4xi32>
  return %y : tensor<2x4xi32>
}

// CHECK-LABEL: func.func @matmul_integer
// CHECK: cameo.matmul_integer %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {transposeRhs} : (tensor<2x3xui8>, tensor<4x3xi8>, tensor<ui8>, tensor<4x1xi8>) -> tensor<2x4xi32>
func.func @matmul_integer(%a: tensor<2x3xui8>, %b: tensor<4x3xi8>, %az: tensor<ui8>, %bz: tensor<4x1xi8>) -> tensor<2x4xi32> {
  %y = cameo.matmul_integer %a, %b, %az, %bz {transposeRhs} : (tensor<2x3xui8>, tensor<4x3xi8>, tensor<ui8>, tensor<4x1xi8>) -> tensor<2x4xi32>
  return %y : tensor<2x4xi32>
}

// CHECK-LABEL: func.func @einsum
// CHECK: cameo.einsum %{{.*}} {labels = [array<i64: 0, 0>], output = array<i64: 0>} : (tensor<3x3xf32>) -> tensor<3xf32>
func.func @einsum(%x: tensor<3x3xf32>) -> tensor<3xf32> {
  %y = cameo.einsum %x {labels = [array<i64: 0, 0>], output = array<i64: 0>} : (tensor<3x3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func @det
// CHECK: cameo.det %{{.*}} : (tensor<5x3x3xf32>) -> tensor<5xf32>
func.func @det(%x: tensor<5x3x3xf32>) -> tensor<5xf32> {
  %y = cameo.det %x : (tensor<5x3x3xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}
