// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Numbers of few bits read back as they were written.
// CHECK-LABEL: func.func @unpack
// CHECK: cameo.unpack %{{.*}} {bits = 4 : i64} : (tensor<3x2xui8>) -> tensor<3x4xui8>
func.func @unpack(%x: tensor<3x2xui8>) -> tensor<3x4xui8> {
  %y = cameo.unpack %x {bits = 4 : i64} : (tensor<3x2xui8>) -> tensor<3x4xui8>
  return %y : tensor<3x4xui8>
}

// CHECK-LABEL: func.func @matmul_of_bytes
// CHECK: cameo.matmul_nbits %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {block = 192 : i64} : (tensor<2x40xf32>, tensor<8x192xui8>, tensor<8x1xf32>, tensor<8x1xui8>) -> tensor<2x8xf32>
func.func @matmul_of_bytes(%x: tensor<2x40xf32>, %w: tensor<8x192xui8>, %s: tensor<8x1xf32>, %z: tensor<8x1xui8>) -> tensor<2x8xf32> {
  %y = cameo.matmul_nbits %x, %w, %s, %z {block = 192 : i64} : (tensor<2x40xf32>, tensor<8x192xui8>, tensor<8x1xf32>, tensor<8x1xui8>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// CHECK-LABEL: func.func @matmul_nbits
// CHECK: cameo.matmul_nbits %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {block = 32 : i64, byteActivations} : (tensor<2x40xf32>, tensor<8x32xui8>, tensor<8x2xf32>, tensor<8x2xui8>) -> tensor<2x8xf32>
func.func @matmul_nbits(%x: tensor<2x40xf32>, %w: tensor<8x32xui8>, %s: tensor<8x2xf32>, %z: tensor<8x2xui8>) -> tensor<2x8xf32> {
  %y = cameo.matmul_nbits %x, %w, %s, %z {block = 32 : i64, byteActivations} : (tensor<2x40xf32>, tensor<8x32xui8>, tensor<8x2xf32>, tensor<8x2xui8>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}
