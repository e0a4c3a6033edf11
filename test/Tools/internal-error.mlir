// A bug of ours says where it is and what to report: here a kernel as no pass should form it.
// RUN: not cameo-compile %s -o %t.cameo 2>&1 | FileCheck %s
// CHECK: error[E-INTERNAL]: {{.*}}holds 2 ops with loops of their own; one is the most; this is a bug of Cameo in code generation: please report it with the model or with what --stop-after=placement writes
func.func @main(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %y = cameo.kernel(%x, %w) {
  ^bb0(%a: tensor<8x8xf32>, %b: tensor<8x8xf32>):
    %p = cameo.matmul %a, %b : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
    %q = cameo.matmul %p, %b : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
    cameo.yield %q : tensor<8x8xf32>
  } : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}
