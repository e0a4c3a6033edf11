// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Numbers of few bits read back as they were written.
// CHECK-LABEL: func.func @unpack
// CHECK: cameo.unpack %{{.*}} {bits = 4 : i64} : (tensor<3x2xui8>) -> tensor<3x4xui8>
func.func @unpack(%x: tensor<3x2xui8>) -> tensor<3x4xui8> {
  %y = cameo.unpack %x {bits = 4 : i64} : (tensor<3x2xui8>) -> tensor<3x4xui8>
  return %y : tensor<3x4xui8>
}
