// RUN: cameo-opt %s --cameo-recognize | FileCheck %s

// CHECK-LABEL: func.func @gelu
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>
// CHECK:       %[[Y:.*]] = cameo.gelu %[[X]] :
// CHECK-NEXT:  return %[[Y]]
func.func @gelu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %root = cameo.constant dense<1.41421354> : tensor<f32>
  %one = cameo.constant dense<1.0> : tensor<f32>
  %half = cameo.constant dense<0.5> : tensor<f32>
  %d = cameo.div %x, %root : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %e = cameo.erf %d : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %s = cameo.add %one, %e : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %p = cameo.mul %s, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = cameo.mul %p, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// The approximation by tanh, its argument as x (1 + 0.044715 x^2), constants rounded to f16.
// CHECK-LABEL: func.func @gelu_tanh
// CHECK:       %[[Y:.*]] = cameo.gelu %{{.*}} {approximate}
// CHECK-NEXT:  return %[[Y]]
func.func @gelu_tanh(%x: tensor<8xf16>) -> tensor<8xf16> {
  %k = cameo.constant dense<0.79785> : tensor<f16>
  %c = cameo.constant dense<0.044708> : tensor<f16>
  %one = cameo.constant dense<1.0> : tensor<f16>
  %half = cameo.constant dense<0.5> : tensor<f16>
  %xk = cameo.mul %x, %k : (tensor<8xf16>, tensor<f16>) -> tensor<8xf16>
  %xc = cameo.mul %x, %c : (tensor<8xf16>, tensor<f16>) -> tensor<8xf16>
  %square = cameo.mul %xc, %x : (tensor<8xf16>, tensor<8xf16>) -> tensor<8xf16>
  %w = cameo.add %square, %one : (tensor<8xf16>, tensor<f16>) -> tensor<8xf16>
  %u = cameo.mul %xk, %w : (tensor<8xf16>, tensor<8xf16>) -> tensor<8xf16>
  %t = cameo.tanh %u : (tensor<8xf16>) -> tensor<8xf16>
  %s = cameo.add %t, %one : (tensor<8xf16>, tensor<f16>) -> tensor<8xf16>
  %h = cameo.mul %x, %half : (tensor<8xf16>, tensor<f16>) -> tensor<8xf16>
  %y = cameo.mul %h, %s : (tensor<8xf16>, tensor<8xf16>) -> tensor<8xf16>
  return %y : tensor<8xf16>
}

// CHECK-LABEL: func.func @swishes
// CHECK:       cameo.swish %{{.*}} {alpha = 1.000000e+00 : f32}
// CHECK:       cameo.swish %{{.*}} {alpha = 1.702{{.*}} : f32}
// CHECK:       cameo.swish %{{.*}} {alpha = 1.000000e+00 : f32}
func.func @swishes(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %k = cameo.constant dense<1.702> : tensor<f32>
  %one = cameo.constant dense<1.0> : tensor<f32>
  %a = cameo.sigmoid %x : (tensor<8xf32>) -> tensor<8xf32>
  %silu = cameo.mul %x, %a : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %b = cameo.mul %x, %k : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %c = cameo.sigmoid %b : (tensor<8xf32>) -> tensor<8xf32>
  %quick = cameo.mul %c, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %n = cameo.neg %x : (tensor<8xf32>) -> tensor<8xf32>
  %e = cameo.exp %n : (tensor<8xf32>) -> tensor<8xf32>
  %d = cameo.add %one, %e : (tensor<f32>, tensor<8xf32>) -> tensor<8xf32>
  %quotient = cameo.div %x, %d : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %silu, %quick, %quotient : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: func.func @hard_swish
// CHECK-NEXT:  cameo.hard_swish
// CHECK-NEXT:  return
func.func @hard_swish(%x: tensor<8xf32>) -> tensor<8xf32> {
  %three = cameo.constant dense<3.0> : tensor<f32>
  %zero = cameo.constant dense<0.0> : tensor<f32>
  %six = cameo.constant dense<6.0> : tensor<f32>
  %a = cameo.add %x, %three : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %b = cameo.max %a, %zero : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %c = cameo.min %b, %six : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %d = cameo.mul %x, %c : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %y = cameo.div %d, %six : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// Mish holds a softplus.
// CHECK-LABEL: func.func @mish
// CHECK-NEXT:  cameo.mish
// CHECK-NEXT:  return
func.func @mish(%x: tensor<8xf32>) -> tensor<8xf32> {
  %one = cameo.constant dense<1.0> : tensor<f32>
  %e = cameo.exp %x : (tensor<8xf32>) -> tensor<8xf32>
  %s = cameo.add %e, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %l = cameo.log %s : (tensor<8xf32>) -> tensor<8xf32>
  %t = cameo.tanh %l : (tensor<8xf32>) -> tensor<8xf32>
  %y = cameo.mul %t, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// Another slope of erf, a sigmoid of another value, and a gate that broadcasts, are none of these.
// CHECK-LABEL: func.func @others_stay
// CHECK-NOT:   cameo.gelu
// CHECK-NOT:   cameo.swish
// CHECK:       return
func.func @others_stay(%x: tensor<8xf32>, %z: tensor<8xf32>, %w: tensor<1xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %one = cameo.constant dense<1.0> : tensor<f32>
  %half = cameo.constant dense<0.5> : tensor<f32>
  %e = cameo.erf %x : (tensor<8xf32>) -> tensor<8xf32>
  %s = cameo.add %e, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %p = cameo.mul %x, %s : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %steep = cameo.mul %p, %half : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %g = cameo.sigmoid %z : (tensor<8xf32>) -> tensor<8xf32>
  %glu = cameo.mul %x, %g : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %h = cameo.sigmoid %w : (tensor<1xf32>) -> tensor<1xf32>
  %gated = cameo.mul %x, %h : (tensor<8xf32>, tensor<1xf32>) -> tensor<8xf32>
  return %steep, %glu, %gated : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}
