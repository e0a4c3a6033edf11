// RUN: cameo-opt %s --canonicalize | FileCheck %s

// What changes nothing is gone. -0 + 0 is 0, so only -0 may be added for nothing.
// CHECK-LABEL: func.func @neutral
// CHECK-SAME:    %[[X:.*]]: tensor<2x4xf32>
// CHECK-DAG:   %[[ZERO:.*]] = cameo.constant dense<0.000000e+00> : tensor<f32>
// CHECK:       %[[Y:.*]] = cameo.add %[[X]], %[[ZERO]]
// CHECK-NEXT:  return %[[Y]]
func.func @neutral(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %zero = cameo.constant dense<0.0> : tensor<f32>
  %minusZero = cameo.constant dense<-0.0> : tensor<4xf32>
  %one = cameo.constant dense<1.0> : tensor<1xf32>
  %a = cameo.add %x, %minusZero : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %b = cameo.sub %a, %zero : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %c = cameo.mul %one, %b : (tensor<1xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %d = cameo.div %c, %one : (tensor<2x4xf32>, tensor<1xf32>) -> tensor<2x4xf32>
  %e = cameo.pow %d, %one : (tensor<2x4xf32>, tensor<1xf32>) -> tensor<2x4xf32>
  %f = cameo.neg %e : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %g = cameo.neg %f : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = cameo.add %g, %zero : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// A product that also broadcasts stays.
// CHECK-LABEL: func.func @broadcast_stays
// CHECK:       cameo.mul
func.func @broadcast_stays(%x: tensor<1x4xf32>) -> tensor<2x4xf32> {
  %ones = cameo.constant dense<1.0> : tensor<2x1xf32>
  %y = cameo.mul %x, %ones : (tensor<1x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// A widening and back is nothing; a narrowing and back rounds.
// CHECK-LABEL: func.func @casts
// CHECK-SAME:    %[[H:.*]]: tensor<4xf16>, %[[X:.*]]: tensor<4xf32>
// CHECK:       %[[A:.*]] = cameo.cast %[[X]] {to = f16}
// CHECK:       %[[B:.*]] = cameo.cast %[[A]] {to = f32}
// CHECK:       return %[[H]], %[[B]]
func.func @casts(%h: tensor<4xf16>, %x: tensor<4xf32>) -> (tensor<4xf16>, tensor<4xf32>) {
  %a = cameo.cast %h {to = f32} : (tensor<4xf16>) -> tensor<4xf32>
  %b = cameo.cast %a {to = f16} : (tensor<4xf32>) -> tensor<4xf16>
  %c = cameo.cast %x {to = f16} : (tensor<4xf32>) -> tensor<4xf16>
  %d = cameo.cast %c {to = f32} : (tensor<4xf16>) -> tensor<4xf32>
  return %b, %d : tensor<4xf16>, tensor<4xf32>
}

// CHECK-LABEL: func.func @chosen
// CHECK-SAME:    %[[C:.*]]: tensor<4xi1>, %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>
// CHECK:       return %[[Y]], %[[X]]
func.func @chosen(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %no = cameo.constant dense<false> : tensor<i1>
  %a = cameo.where %no, %x, %y : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %b = cameo.where %c, %x, %x : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}
