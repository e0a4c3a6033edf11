// RUN: cameo-opt %s | cameo-opt | FileCheck %s
// RUN: cameo-opt %s --cameo-form-kernels | FileCheck %s --check-prefix=KERNELS

// Narrow floats and integers below 8 bits are moved and converted like other elements.
// CHECK-LABEL: func.func @moved
// CHECK: cameo.transpose %{{.*}} {permutation = array<i64: 1, 0>} : (tensor<3x5xi4>) -> tensor<5x3xi4>
// CHECK: cameo.concat {{.*}} : (tensor<3x5xf8E4M3FN>, tensor<3x5xf8E4M3FN>) -> tensor<6x5xf8E4M3FN>
func.func @moved(%x: tensor<3x5xi4>, %y: tensor<3x5xf8E4M3FN>) -> (tensor<5x3xi4>, tensor<6x5xf8E4M3FN>) {
  %t = cameo.transpose %x {permutation = array<i64: 1, 0>} : (tensor<3x5xi4>) -> tensor<5x3xi4>
  %c = cameo.concat %y, %y {axis = 0 : i64} : (tensor<3x5xf8E4M3FN>, tensor<3x5xf8E4M3FN>) -> tensor<6x5xf8E4M3FN>
  return %t, %c : tensor<5x3xi4>, tensor<6x5xf8E4M3FN>
}

// What saturation and rounding say is printed where it is not the default.
// CHECK-LABEL: func.func @converted
// CHECK: cameo.cast %{{.*}} {to = f8E5M2} : (tensor<4xf32>) -> tensor<4xf8E5M2>
// CHECK: cameo.cast %{{.*}} {roundMode = "nearest", saturate = false, to = f8E8M0FNU}
// CHECK: cameo.quantize %{{.*}}, %{{.*}}, %{{.*}} : (tensor<4xf32>, tensor<f32>, tensor<ui2>) -> tensor<4xui2>
// CHECK: cameo.dequantize %{{.*}}, %{{.*}}, %{{.*}} : (tensor<4xf4E2M1FN>, tensor<f32>, tensor<f4E2M1FN>) -> tensor<4xf32>
// KERNELS-LABEL: func.func @converted
// KERNELS-COUNT-4: cameo.kernel
func.func @converted(%x: tensor<4xf32>, %s: tensor<f32>, %z: tensor<ui2>, %q: tensor<4xf4E2M1FN>, %n: tensor<f4E2M1FN>)
    -> (tensor<4xf8E5M2>, tensor<4xf8E8M0FNU>, tensor<4xui2>, tensor<4xf32>) {
  %a = cameo.cast %x {to = f8E5M2} : (tensor<4xf32>) -> tensor<4xf8E5M2>
  %b = cameo.cast %x {to = f8E8M0FNU, saturate = false, roundMode = "nearest"} : (tensor<4xf32>) -> tensor<4xf8E8M0FNU>
  %c = cameo.quantize %x, %s, %z : (tensor<4xf32>, tensor<f32>, tensor<ui2>) -> tensor<4xui2>
  %d = cameo.dequantize %q, %s, %n : (tensor<4xf4E2M1FN>, tensor<f32>, tensor<f4E2M1FN>) -> tensor<4xf32>
  return %a, %b, %c, %d : tensor<4xf8E5M2>, tensor<4xf8E8M0FNU>, tensor<4xui2>, tensor<4xf32>
}
