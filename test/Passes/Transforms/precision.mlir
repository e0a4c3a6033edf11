// Narrower factors are for layers: spectra stay f32.
// RUN: cameo-compile %s --precision=bf16 --stop-after=transforms -o - | FileCheck %s

// CHECK:     cameo.matmul {{.*}} : (tensor<3x20xf32>, tensor<20x22xf32>) -> tensor<3x22xf32>
// CHECK-NOT: cameo.dft
func.func @main(%x: tensor<3x20x1xf32> {cameo.name = "x"}) -> (tensor<3x11x2xf32> {cameo.name = "y"}) {
  %n = cameo.constant dense<20> : tensor<i64>
  %y = cameo.dft %x, %n {axis = 1 : i64, onesided} : (tensor<3x20x1xf32>, tensor<i64>) -> tensor<3x11x2xf32>
  return %y : tensor<3x11x2xf32>
}
