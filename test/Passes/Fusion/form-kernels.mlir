// RUN: cameo-opt %s --cameo-form-kernels | FileCheck %s

// Each op that computes gets a kernel of its own. A splat constant is copied into the kernel, where it becomes an immediate; a
// constant with different elements stays outside and is read from memory.
// CHECK-LABEL: func.func @one_each
// CHECK-SAME:    %[[X:.*]]: tensor<2x4xf32>
// CHECK:       %[[B:.*]] = cameo.constant dense<[1.0{{.*}}, 2.0{{.*}}, 3.0{{.*}}, 4.0{{.*}}]>
// CHECK:       %[[Y:.*]] = cameo.kernel(%[[X]]) {
// CHECK-NEXT:  ^bb0(%[[A:.*]]: tensor<2x4xf32>):
// CHECK-NEXT:    %[[TWO:.*]] = cameo.constant dense<2.0
// CHECK-NEXT:    %[[P:.*]] = cameo.mul %[[A]], %[[TWO]]
// CHECK-NEXT:    cameo.yield %[[P]]
// CHECK:       %[[Z:.*]] = cameo.kernel(%[[Y]], %[[B]]) {
// CHECK:         cameo.add
// CHECK:       return %[[Z]]
func.func @one_each(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %two = cameo.constant dense<2.0> : tensor<f32>
  %bias = cameo.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %y = cameo.mul %x, %two : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %z = cameo.add %y, %bias : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// What nobody reads is not computed, and an op with several results gives its kernel all of them: it stores them anyway.
// CHECK-LABEL: func.func @results
// CHECK-NOT:   cameo.exp
// CHECK:       %[[V:.*]]:2 = cameo.kernel
// CHECK:         cameo.top_k
// CHECK:       return %[[V]]#0
func.func @results(%x: tensor<8xf32>) -> tensor<3xf32> {
  %unused = cameo.exp %x : (tensor<8xf32>) -> tensor<8xf32>
  %k = cameo.constant dense<3> : tensor<1xi64>
  %v, %i = cameo.top_k %x, %k {axis = 0 : i64, largest} : (tensor<8xf32>, tensor<1xi64>) -> (tensor<3xf32>, tensor<3xi64>)
  return %v : tensor<3xf32>
}

// Views are the operand's bytes, and sizes are written by the entry function: neither needs a kernel. Kernels that are there stay.
// CHECK-LABEL: func.func @left_alone
// CHECK:       cameo.shape_of
// CHECK-NEXT:  cameo.mul
// CHECK:       cameo.reshape
// CHECK:       cameo.kernel
// CHECK:         cameo.matmul
// CHECK-NEXT:    cameo.relu
// CHECK-NOT:   cameo.kernel
// CHECK:       return
func.func @left_alone(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> (tensor<?x8xf32>, tensor<2xi64>) {
  %sizes = cameo.shape_of %x {start = 0 : i64, end = 2 : i64} : (tensor<?x8xf32>) -> tensor<2xi64>
  %area = cameo.mul %sizes, %sizes : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %flat = cameo.constant dense<[-1, 8]> : tensor<2xi64>
  %v = cameo.reshape %x, %flat : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %y = cameo.kernel(%v, %w) {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<8x8xf32>):
    %p = cameo.matmul %a, %b : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
    %r = cameo.relu %p : (tensor<?x8xf32>) -> tensor<?x8xf32>
    cameo.yield %r : tensor<?x8xf32>
  } : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  return %y, %area : tensor<?x8xf32>, tensor<2xi64>
}

// Regions of control flow are entered.
// CHECK-LABEL: func.func @branches
// CHECK:       cameo.if
// CHECK:         cameo.kernel
// CHECK:           cameo.exp
// CHECK:         cameo.kernel
// CHECK:           cameo.neg
func.func @branches(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %y = cameo.if %c {
    %e = cameo.exp %x : (tensor<4xf32>) -> tensor<4xf32>
    cameo.yield %e : tensor<4xf32>
  } else {
    %n = cameo.neg %x : (tensor<4xf32>) -> tensor<4xf32>
    cameo.yield %n : tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
