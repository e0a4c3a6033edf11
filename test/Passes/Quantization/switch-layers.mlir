// RUN: cameo-opt %s --cameo-switch-layers --split-input-file | FileCheck %s
// RUN: cameo-opt %s --cameo-switch-layers --cameo-quantize-layers --split-input-file | FileCheck %s --check-prefix=QUANTIZED

// The first layer can be quantized in two ways, the second one in none.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[X:.*]]: tensor<3x2xf32>, %[[PLAN:.*]]: tensor<2xi64> {cameo.dims = [""], cameo.name = "plan"}
// CHECK:       %[[ASKED:.*]] = cameo.gather %[[PLAN]]
// CHECK:       cameo.equal %[[ASKED]]
// CHECK:       cameo.if
// CHECK:         cameo.matmul {{.*}}cameo.quantization = {kind = "dynamic"}
// CHECK:       } else {
// CHECK:         cameo.if
// CHECK:           cameo.matmul {{.*}}cameo.quantization = {kind = "bf16"}
// CHECK:         } else {
// CHECK:           cameo.matmul %{{[^{]*}} : (tensor<3x2xf32>, tensor<2x2xf32>)
// CHECK-NOT:   cameo.if
// QUANTIZED-LABEL: func.func @main
// QUANTIZED:   cameo.quantize
// QUANTIZED:   tensor<3x2xbf16>
func.func @main(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x2xf32>
  %a = cameo.matmul %x, %w {cameo.choices = [{kind = "dynamic"}, {kind = "bf16"}]} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %y = cameo.matmul %a, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// Layers inside of control flow, of several results.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[PLAN:[^:]*]]: tensor<1xi64> {cameo.dims = [""], cameo.name = "plan"}
// CHECK:       cameo.if
// CHECK:         cameo.gather %[[PLAN]]
// CHECK:         %[[H:.*]]:2 = cameo.if
// CHECK:           cameo.rnn {{.*}}cameo.quantization = {kind = "bf16"}
// CHECK:         cameo.yield %[[H]]#1
// QUANTIZED-LABEL: func.func @main
// QUANTIZED:   cameo.rnn {{.*}} (tensor<5x2x1x8xf32>, tensor<1x8x8xbf16>)
func.func @main(%x: tensor<5x2x1x8xf32>, %h: tensor<1x2x8xf32>, %c: tensor<i1>) -> tensor<1x2x8xf32> {
  %r = cameo.constant dense<1.0> : tensor<1x8x8xf32>
  %last = cameo.if %c {
    %y, %l = cameo.rnn %x, %r {cameo.choices = [{kind = "bf16"}], activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<5x2x1x8xf32>, tensor<1x8x8xf32>) -> (tensor<5x1x2x8xf32>, tensor<1x2x8xf32>)
    cameo.yield %l : tensor<1x2x8xf32>
  } else {
    cameo.yield %h : tensor<1x2x8xf32>
  } : (tensor<i1>) -> tensor<1x2x8xf32>
  return %last : tensor<1x2x8xf32>
}
