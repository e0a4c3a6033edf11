// RUN: cameo-opt %s --cameo-recognize | FileCheck %s

// CHECK-LABEL: func.func @softmax
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>
// CHECK-NEXT:  %[[Y:.*]] = cameo.softmax %[[X]] {axis = 1 : i64}
// CHECK-NEXT:  return %[[Y]]
func.func @softmax(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %m = cameo.reduce %x {axes = array<i64: 1>, kind = "max", keepDims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %z = cameo.sub %x, %m : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %e = cameo.exp %z : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %s = cameo.reduce %e {axes = array<i64: 1>, kind = "sum", keepDims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %y = cameo.div %e, %s : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// Without the maximum, the axis put back by a view, the quotient by a reciprocal.
// CHECK-LABEL: func.func @softmax_in_other_pieces
// CHECK-NEXT:  cameo.softmax %{{.*}} {axis = 0 : i64}
// CHECK-NEXT:  return
func.func @softmax_in_other_pieces(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %one = cameo.constant dense<1.0> : tensor<f32>
  %e = cameo.exp %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %s = cameo.reduce %e {axes = array<i64: 0>, kind = "sum"} : (tensor<4x8xf32>) -> tensor<8xf32>
  %u = cameo.unsqueeze %s {axes = array<i64: 0>} : (tensor<8xf32>) -> tensor<1x8xf32>
  %r = cameo.div %one, %u : (tensor<f32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  %y = cameo.mul %r, %e : (tensor<1x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// CHECK-LABEL: func.func @log_softmax
// CHECK-NEXT:  cameo.log_softmax %{{.*}} {axis = 1 : i64}
// CHECK-NEXT:  cameo.log_softmax %{{.*}} {axis = 1 : i64}
// CHECK-NEXT:  return
func.func @log_softmax(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %m = cameo.reduce %x {axes = array<i64: 1>, kind = "max", keepDims} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %z = cameo.sub %x, %m : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %e = cameo.exp %z : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %s = cameo.reduce %e {axes = array<i64: 1>, kind = "sum", keepDims} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %l = cameo.log %s : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %y = cameo.sub %z, %l : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %p = cameo.softmax %x {axis = 1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %q = cameo.log %p : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y, %q : tensor<4x8xf32>, tensor<4x8xf32>
}

// Another sum, or one over two axes, is no softmax.
// CHECK-LABEL: func.func @others_stay
// CHECK-NOT:   cameo.softmax
// CHECK:       return
func.func @others_stay(%x: tensor<4x8xf32>, %w: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %e = cameo.exp %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %f = cameo.exp %w : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %s = cameo.reduce %f {axes = array<i64: 1>, kind = "sum", keepDims} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %t = cameo.reduce %e {axes = array<i64: 0, 1>, kind = "sum", keepDims} : (tensor<4x8xf32>) -> tensor<1x1xf32>
  %y = cameo.div %e, %s : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %z = cameo.div %e, %t : (tensor<4x8xf32>, tensor<1x1xf32>) -> tensor<4x8xf32>
  return %y, %z : tensor<4x8xf32>, tensor<4x8xf32>
}
