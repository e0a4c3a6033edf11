// A row of 17 bytes ends with a vector of one lane, of which no more than a byte is stored (LlvmLowering.cpp).
// RUN: cameo-compile %s --cpu=x86-64-v4 --emit=asm -o - | FileCheck %s
// CHECK-LABEL: cameo_kernel_0_v0:
// CHECK:     vpmovdb
// CHECK-NOT: {{vmovd|vmovss|vextractps|vpextrd}} {{.*}}, {{[0-9-]*\(}}
// CHECK:     vpextrb
// CHECK-NOT: {{vmovd|vmovss|vextractps|vpextrd}} {{.*}}, {{[0-9-]*\(}}
// CHECK:     retq
func.func @main(%x: tensor<31x17xf32>, %b: tensor<17xf32>, %s: tensor<f32>) -> tensor<31x17xui8> {
  %zero = cameo.constant dense<0> : tensor<ui8>
  %sum = cameo.add %x, %b : (tensor<31x17xf32>, tensor<17xf32>) -> tensor<31x17xf32>
  %y = cameo.quantize %sum, %s, %zero : (tensor<31x17xf32>, tensor<f32>, tensor<ui8>) -> tensor<31x17xui8>
  return %y : tensor<31x17xui8>
}
