// RUN: cameo-opt %s --cameo-switch-layers | FileCheck %s
// RUN: cameo-opt %s --cameo-switch-layers --cameo-quantize-layers | FileCheck %s --check-prefix=QUANTIZED

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
