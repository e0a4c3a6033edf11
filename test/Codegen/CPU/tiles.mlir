// The tile of a contraction is an attribute of its kernel: chosen per CPU, shown by --stop-after, and taken as it stands when written by hand.
// RUN: cameo-compile %s --cpu=x86-64-v4,x86-64-v3 --stop-after=tiles -o - | FileCheck %s
// RUN: cameo-compile %s --cpu=x86-64-v3 --emit=llvm -o - | FileCheck %s --check-prefix=CODE

// The entry written by hand stays; the other CPU gets the model's choice.
// CHECK:       cameo.kernel
// CHECK-SAME:    config = {"x86-64-v3" = {kUnroll = 1 : i64, lanes = 8 : i64, mBlock = 6 : i64, mr = 3 : i64, nr = 16 : i64, panelOuter = 1 : i64, tailMr = 3 : i64},
// CHECK-SAME:              "x86-64-v4" = {{{.*}}mr = {{[0-9]+}} : i64
// CHECK:       cameo.matmul

// 48 rows: blocks of 6 are two tiles of 3 rows by 2 vectors, so one step of K is 6 multiply-adds, and there is no other tile.
// CODE-COUNT-6: call <8 x float> @llvm.fmuladd.v8f32
// CODE-NOT:     call {{.*}}@llvm.fmuladd
// CODE:         ret void
func.func @main(%x: tensor<48x64xf32>, %w: tensor<64x32xf32>) -> tensor<48x32xf32> {
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 3, nr = 16, lanes = 8, tailMr = 3, mBlock = 6, panelOuter = 1, kUnroll = 1}}} {
  ^bb0(%a: tensor<48x64xf32>, %b: tensor<64x32xf32>):
    %0 = cameo.matmul %a, %b : (tensor<48x64xf32>, tensor<64x32xf32>) -> tensor<48x32xf32>
    cameo.yield %0 : tensor<48x32xf32>
  } : (tensor<48x64xf32>, tensor<64x32xf32>) -> tensor<48x32xf32>
  return %y : tensor<48x32xf32>
}
