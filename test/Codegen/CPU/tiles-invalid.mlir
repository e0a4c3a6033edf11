// A tile that cannot be used is an error, not a crash.
// RUN: split-file %s %t
// RUN: not cameo-compile %t/lanes.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=LANES
// RUN: not cameo-compile %t/registers.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=REGISTERS
// RUN: not cameo-compile %t/missing.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=MISSING

// LANES: config of x86-64-v3 is {{.*}}lanes = 16{{.*}}; expected that lanes is not more than the CPU's vectors have
//--- lanes.mlir
func.func @main(%x: tensor<8x8xf32>, %w: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 3, nr = 16, lanes = 16, tailMr = 3, mBlock = 6, panelOuter = 1, kUnroll = 1}}} {
  ^bb0(%a: tensor<8x8xf32>, %b: tensor<8x32xf32>):
    %0 = cameo.matmul %a, %b : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
    cameo.yield %0 : tensor<8x32xf32>
  } : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

// REGISTERS: expected that a tile of mr rows and a row of B fit the CPU's vector registers
//--- registers.mlir
func.func @main(%x: tensor<8x8xf32>, %w: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 8, nr = 16, lanes = 8, tailMr = 3, mBlock = 8, panelOuter = 1, kUnroll = 1}}} {
  ^bb0(%a: tensor<8x8xf32>, %b: tensor<8x32xf32>):
    %0 = cameo.matmul %a, %b : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
    cameo.yield %0 : tensor<8x32xf32>
  } : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

// MISSING: config of x86-64-v3 lacks the number 'nr'
//--- missing.mlir
func.func @main(%x: tensor<8x8xf32>, %w: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 3}}} {
  ^bb0(%a: tensor<8x8xf32>, %b: tensor<8x32xf32>):
    %0 = cameo.matmul %a, %b : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
    cameo.yield %0 : tensor<8x32xf32>
  } : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}
