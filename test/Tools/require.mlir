// RUN: cameo-compile %s -O0 -o %t.O0.cameo && cameo-compile %s -O3 -o %t.O3.cameo
// RUN: cameo-run %t.O0.cameo --input x=ones --input c=ones --input d=ones --input e=ones
// RUN: cameo-run %t.O3.cameo --input x=ones --input c=ones --input d=ones --input e=ones
// RUN: not cameo-run %t.O0.cameo --input c=zeros --input d=ones --input e=ones 2>&1 | FileCheck %s
// RUN: not cameo-run %t.O3.cameo --input c=zeros --input d=ones --input e=ones 2>&1 | FileCheck %s
// RUN: not cameo-run %t.O0.cameo --input c=ones --input d=zeros --input e=ones 2>&1 | FileCheck %s --check-prefix=SIZES
// RUN: not cameo-run %t.O3.cameo --input c=ones --input d=zeros --input e=ones 2>&1 | FileCheck %s --check-prefix=SIZES
// RUN: not cameo-run %t.O0.cameo --input n=ones --input c=ones --input d=ones --input e=zeros 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not cameo-run %t.O3.cameo --input n=ones --input c=ones --input d=ones --input e=zeros 2>&1 | FileCheck %s --check-prefix=NUMBER

// A run ends with the op's message where its condition does not hold.
// CHECK: the clip is too long
// Elements that are known at compile time do not take the op's place.
// SIZES: the clip has other sizes
// A number is told.
// NUMBER: n is 1; expected another
func.func @main(%x: tensor<4xf32> {cameo.name = "x"}, %n: tensor<i64> {cameo.name = "n"}, %c: tensor<i1> {cameo.name = "c"}, %d: tensor<i1> {cameo.name = "d"},
                %e: tensor<i1> {cameo.name = "e"}) -> (tensor<4xf32> {cameo.name = "y"}, tensor<1xi64> {cameo.name = "sizes"}, tensor<i64> {cameo.name = "number"}) {
  %y = cameo.require %x, %c {expected = true, message = "the clip is too long"} : (tensor<4xf32>, tensor<i1>) -> tensor<4xf32>
  %s = cameo.shape_of %x {start = 0 : i64, end = 1 : i64} : (tensor<4xf32>) -> tensor<1xi64>
  %sizes = cameo.require %s, %d {expected = true, message = "the clip has other sizes"} : (tensor<1xi64>, tensor<i1>) -> tensor<1xi64>
  %number = cameo.require %n, %e {expected = true, message = "n is %lld; expected another"} : (tensor<i64>, tensor<i1>) -> tensor<i64>
  return %y, %sizes, %number : tensor<4xf32>, tensor<1xi64>, tensor<i64>
}
