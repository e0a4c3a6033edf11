// RUN: cameo-opt %s --cameo-round-in-place --canonicalize | FileCheck %s

// The integers of the first quantize are read by the dequantize behind it alone.
// CHECK-LABEL: func.func @alone
// CHECK:       %[[SCALED:.*]] = cameo.mul
// CHECK-NEXT:  %[[ROUNDED:.*]] = cameo.round %[[SCALED]]
// CHECK:       %[[RAISED:.*]] = cameo.max %[[ROUNDED]], %{{.*}}
// CHECK:       %[[LIMITED:.*]] = cameo.min %[[RAISED]], %{{.*}}
// CHECK:       cameo.mul %[[LIMITED]]
// CHECK-NOT:   cameo.quantize
func.func @alone(%sums: tensor<4xi32>) -> tensor<4xf32> {
  %k = cameo.kernel(%sums) {
  ^bb0(%x: tensor<4xi32>):
    %one = cameo.constant dense<1.0> : tensor<f32>
    %scale = cameo.constant dense<0.5> : tensor<f32>
    %zero = cameo.constant dense<7> : tensor<ui8>
    %r = cameo.cast %x {to = f32} : (tensor<4xi32>) -> tensor<4xf32>
    %m = cameo.mul %r, %scale : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    %q = cameo.quantize %m, %one, %zero : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
    %d = cameo.dequantize %q, %scale, %zero : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
    cameo.yield %d : tensor<4xf32>
  } : (tensor<4xi32>) -> tensor<4xf32>
  return %k : tensor<4xf32>
}

// They are stored, too.
// CHECK-LABEL: func.func @stored
// CHECK:       cameo.quantize
// CHECK:       cameo.dequantize
func.func @stored(%sums: tensor<4xi32>) -> (tensor<4xui8>, tensor<4xf32>) {
  %k:2 = cameo.kernel(%sums) {
  ^bb0(%x: tensor<4xi32>):
    %one = cameo.constant dense<1.0> : tensor<f32>
    %scale = cameo.constant dense<0.5> : tensor<f32>
    %zero = cameo.constant dense<7> : tensor<ui8>
    %r = cameo.cast %x {to = f32} : (tensor<4xi32>) -> tensor<4xf32>
    %m = cameo.mul %r, %scale : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    %q = cameo.quantize %m, %one, %zero : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
    %d = cameo.dequantize %q, %scale, %zero : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
    cameo.yield %q, %d : tensor<4xui8>, tensor<4xf32>
  } : (tensor<4xi32>) -> (tensor<4xui8>, tensor<4xf32>)
  return %k#0, %k#1 : tensor<4xui8>, tensor<4xf32>
}

// The dequantize subtracts another zero point: the difference, 7 - 0, is added.
// CHECK-LABEL: func.func @other_zero
// CHECK-DAG:   %[[SEVEN:.*]] = cameo.constant dense<7.000000e+00> : tensor<f32>
// CHECK:       %[[LIMITED:.*]] = cameo.min
// CHECK-NEXT:  %[[SHIFTED:.*]] = cameo.add %[[LIMITED]], %[[SEVEN]]
// CHECK-NEXT:  cameo.mul %[[SHIFTED]]
func.func @other_zero(%sums: tensor<4xi32>) -> tensor<4xf32> {
  %k = cameo.kernel(%sums) {
  ^bb0(%x: tensor<4xi32>):
    %one = cameo.constant dense<1.0> : tensor<f32>
    %scale = cameo.constant dense<0.5> : tensor<f32>
    %zero = cameo.constant dense<0> : tensor<ui8>
    %seven = cameo.constant dense<7> : tensor<ui8>
    %r = cameo.cast %x {to = f32} : (tensor<4xi32>) -> tensor<4xf32>
    %m = cameo.mul %r, %scale : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    %q = cameo.quantize %m, %one, %seven : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
    %d = cameo.dequantize %q, %scale, %zero : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
    cameo.yield %d : tensor<4xf32>
  } : (tensor<4xi32>) -> tensor<4xf32>
  return %k : tensor<4xf32>
}
