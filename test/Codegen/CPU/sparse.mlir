// Where most blocks of 16 outputs by one weight are zeros, products skip them: a choice of the tile, told by a remark. Never with
// --strict (0 * inf is NaN), not where zeros lie otherwise, and refused where it cannot be.
// RUN: split-file %s %t
// RUN: cameo-compile %t/rows.mlir --cpu=x86-64-v4 --stop-after=tiles -o - | FileCheck %s
// RUN: cameo-compile %t/rows.mlir --cpu=x86-64-v4 --explain -o %t.cameo 2>&1 | FileCheck %s --check-prefix=TOLD
// RUN: cameo-compile %t/rows.mlir --cpu=x86-64-v4 --strict --stop-after=tiles -o - | FileCheck %s --check-prefix=WHOLE
// RUN: cameo-compile %t/columns.mlir --cpu=x86-64-v4 --stop-after=tiles -o - | FileCheck %s --check-prefix=WHOLE
// RUN: not cameo-compile %t/dense.mlir --cpu=x86-64-v4 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=DENSE

// Two threads get as many blocks of rows each.
// CHECK: mBlock = 16 : i64, mr = 16 : i64, nr = 16 : i64, {{.*}}sparse = 1 : i64
// TOLD: rows of 16 weights that are all 0 are skipped on x86-64-v4
// WHOLE: config =
// WHOLE-NOT: sparse = 1
//--- rows.mlir
func.func @main(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %some = cameo.constant dense<2.0> : tensor<32x256xf32>
  %none = cameo.constant dense<0.0> : tensor<224x256xf32>
  %w = cameo.concat %some, %none {axis = 0 : i64} : (tensor<32x256xf32>, tensor<224x256xf32>) -> tensor<256x256xf32>
  %y = cameo.matmul %x, %w : (tensor<64x256xf32>, tensor<256x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}

// One output of sixteen.
//--- columns.mlir
func.func @main(%x: tensor<64x256xf32>) -> tensor<64x64xf32> {
  %some = cameo.constant dense<2.0> : tensor<256x1xf32>
  %none = cameo.constant dense<0.0> : tensor<256x15xf32>
  %w = cameo.concat %some, %none, %some, %none, %some, %none, %some, %none {axis = 1 : i64}
      : (tensor<256x1xf32>, tensor<256x15xf32>, tensor<256x1xf32>, tensor<256x15xf32>, tensor<256x1xf32>, tensor<256x15xf32>, tensor<256x1xf32>, tensor<256x15xf32>) -> tensor<256x64xf32>
  %y = cameo.matmul %x, %w : (tensor<64x256xf32>, tensor<256x64xf32>) -> tensor<64x64xf32>
  return %y : tensor<64x64xf32>
}

// DENSE: config of x86-64-v4 is {{.*}}sparse = 1{{.*}}; expected that sparse is of products of f32 with constant weights, three tenths of them zero or more
//--- dense.mlir
func.func @main(%x: tensor<16x8xf32>) -> tensor<16x32xf32> {
  %w = cameo.constant dense<0.5> : tensor<8x32xf32>
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v4" = {mr = 8, nr = 16, lanes = 16, tailMr = 8, mBlock = 8, panelOuter = 0, kUnroll = 1, sparse = 1}}} {
  ^bb0(%a: tensor<16x8xf32>, %b: tensor<8x32xf32>):
    %0 = cameo.matmul %a, %b : (tensor<16x8xf32>, tensor<8x32xf32>) -> tensor<16x32xf32>
    cameo.yield %0 : tensor<16x32xf32>
  } : (tensor<16x8xf32>, tensor<8x32xf32>) -> tensor<16x32xf32>
  return %y : tensor<16x32xf32>
}
