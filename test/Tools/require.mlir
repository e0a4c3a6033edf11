// RUN: cameo-compile %s -O0 -o %t.O0.cameo && cameo-compile %s -O3 -o %t.O3.cameo
// RUN: cameo-run %t.O0.cameo --input x=ones --input c=ones
// RUN: cameo-run %t.O3.cameo --input x=ones --input c=ones
// RUN: not cameo-run %t.O0.cameo --input x=ones --input c=zeros 2>&1 | FileCheck %s
// RUN: not cameo-run %t.O3.cameo --input x=ones --input c=zeros 2>&1 | FileCheck %s

// A run ends with the op's message where its condition does not hold.
// CHECK: the clip is too long
func.func @main(%x: tensor<4xf32> {cameo.name = "x"}, %c: tensor<i1> {cameo.name = "c"}) -> (tensor<4xf32> {cameo.name = "y"}) {
  %y = cameo.require %x, %c {expected = true, message = "the clip is too long"} : (tensor<4xf32>, tensor<i1>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
