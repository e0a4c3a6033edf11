// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Every op of the family reads back as it was written, with and without its optional operands and results.
// CHECK-LABEL: func.func @attention
// CHECK: cameo.attention %{{.*}}, %{{.*}}, %{{.*}} {right = 0 : i64, scale
// CHECK: cameo.attention %{{.*}}, %{{.*}}, %{{.*}} mask %{{.*}} lengths %{{.*}} offsets %{{.*}} sinks %{{.*}} {{{.*}}stage = "weights"}
func.func @attention(%q: tensor<2x8x?x64xf32>, %k: tensor<2x2x?x64xf32>, %v: tensor<2x2x?x64xf32>, %m: tensor<1x1x?x?xi1>, %n: tensor<2xi64>, %s: tensor<8xf32>) {
  %a = cameo.attention %q, %k, %v {scale = 0.125 : f32, right = 0 : i64}
    : (tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x64xf32>) -> tensor<2x8x?x64xf32>
  %b, %scores = cameo.attention %q, %k, %v mask %m lengths %n offsets %n sinks %s {scale = 0.125 : f32, stage = "weights"}
    : (tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x64xf32>, tensor<1x1x?x?xi1>, tensor<2xi64>, tensor<2xi64>, tensor<8xf32>)
    -> (tensor<2x8x?x64xf32>, tensor<2x8x?x?xf32>)
  return
}

// CHECK-LABEL: func.func @linear_attention
// CHECK: cameo.linear_attention %{{.*}}, %{{.*}}, %{{.*}} decay %{{.*}} beta %{{.*}} {scale
func.func @linear_attention(%q: tensor<1x5x4x8xf16>, %k: tensor<1x5x2x8xf16>, %v: tensor<1x5x2x6xf16>, %d: tensor<1x5x2x1xf16>, %b: tensor<1x5x2xf16>) {
  %y, %s = cameo.linear_attention %q, %k, %v decay %d beta %b {scale = 1.0 : f32, state = f32}
    : (tensor<1x5x4x8xf16>, tensor<1x5x2x8xf16>, tensor<1x5x2x6xf16>, tensor<1x5x2x1xf16>, tensor<1x5x2xf16>) -> (tensor<1x5x4x6xf16>, tensor<1x2x8x6xf32>)
  return
}

// CHECK-LABEL: func.func @rotary_embedding
// CHECK: cameo.rotary_embedding %{{.*}}, %{{.*}}, %{{.*}} at %{{.*}} {axis = 1 : i64, interleaved}
func.func @rotary_embedding(%x: tensor<2x16x8x64xf32>, %t: tensor<99x32xf32>, %p: tensor<1x16xi64>) -> tensor<2x16x8x64xf32> {
  %y = cameo.rotary_embedding %x, %t, %t at %p {axis = 1 : i64, interleaved}
    : (tensor<2x16x8x64xf32>, tensor<99x32xf32>, tensor<99x32xf32>, tensor<1x16xi64>) -> tensor<2x16x8x64xf32>
  return %y : tensor<2x16x8x64xf32>
}
