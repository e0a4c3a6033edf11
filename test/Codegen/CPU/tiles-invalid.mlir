// A tile that cannot be used is an error, not a crash.
// RUN: split-file %s %t
// RUN: not cameo-compile %t/lanes.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=LANES
// RUN: not cameo-compile %t/registers.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=REGISTERS
// RUN: not cameo-compile %t/along-k.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=ALONGK
// RUN: not cameo-compile %t/both.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=BOTH
// RUN: not cameo-compile %t/wide.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=WIDE
// RUN: not cameo-compile %t/missing.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not cameo-compile %t/stack.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=STACK
// RUN: not cameo-compile %t/part.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=PART
// RUN: not cameo-compile %t/huge.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=HUGE
// RUN: not cameo-compile %t/unrolled.mlir --cpu=x86-64-v3 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=UNROLLED

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

// ALONGK: expected that alongK is of products of f32 or bf16, contiguous along K, with constant weights or one column
//--- along-k.mlir
func.func @main(%x: tensor<8x8xf32>, %w: tensor<8x2xf32>) -> tensor<8x2xf32> {
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 2, nr = 16, lanes = 8, tailMr = 2, mBlock = 2, panelOuter = 1, kUnroll = 1, alongK = 1}}} {
  ^bb0(%a: tensor<8x8xf32>, %b: tensor<8x2xf32>):
    %0 = cameo.matmul %a, %b : (tensor<8x8xf32>, tensor<8x2xf32>) -> tensor<8x2xf32>
    cameo.yield %0 : tensor<8x2xf32>
  } : (tensor<8x8xf32>, tensor<8x2xf32>) -> tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}

// BOTH: expected that winograd, sparse and alongK are not 0 one at a time
//--- both.mlir
func.func @main(%x: tensor<8x8xf32>) -> tensor<8x2xf32> {
  %w = cameo.constant dense<0.5> : tensor<8x2xf32>
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 2, nr = 16, lanes = 8, tailMr = 2, mBlock = 2, panelOuter = 1, kUnroll = 1, sparse = 1, alongK = 1}}} {
  ^bb0(%a: tensor<8x8xf32>, %b: tensor<8x2xf32>):
    %0 = cameo.matmul %a, %b : (tensor<8x8xf32>, tensor<8x2xf32>) -> tensor<8x2xf32>
    cameo.yield %0 : tensor<8x2xf32>
  } : (tensor<8x8xf32>, tensor<8x2xf32>) -> tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}

// WIDE: expected that where alongK is 1 lanes are the CPU's, nr is a vector per column, tailMr is mr, and all fits its vector registers
//--- wide.mlir
func.func @main(%x: tensor<8x8xf32>) -> tensor<8x2xf32> {
  %w = cameo.constant dense<0.5> : tensor<8x2xf32>
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 7, nr = 16, lanes = 8, tailMr = 7, mBlock = 7, panelOuter = 1, kUnroll = 1, alongK = 1}}} {
  ^bb0(%a: tensor<8x8xf32>, %b: tensor<8x2xf32>):
    %0 = cameo.matmul %a, %b : (tensor<8x8xf32>, tensor<8x2xf32>) -> tensor<8x2xf32>
    cameo.yield %0 : tensor<8x2xf32>
  } : (tensor<8x8xf32>, tensor<8x2xf32>) -> tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}

// MISSING: config of x86-64-v3 lacks 'nr'
//--- missing.mlir
func.func @main(%x: tensor<8x8xf32>, %w: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 3}}} {
  ^bb0(%a: tensor<8x8xf32>, %b: tensor<8x32xf32>):
    %0 = cameo.matmul %a, %b : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
    cameo.yield %0 : tensor<8x32xf32>
  } : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

// STACK: config of x86-64-v3 is {{.*}}keys = 65536{{.*}}; expected that what a block needs fits a thread's stack
//--- stack.mlir
func.func @main(%x: tensor<1x1x8x16xf32>) -> tensor<1x1x8x16xf32> {
  %y = cameo.kernel(%x) attributes {config = {"x86-64-v3" = {queries = 8, keys = 65536, scores = {mr = 4, nr = 8, lanes = 8, tailMr = 4, mBlock = 4, panelOuter = 1, kUnroll = 1}, values = {mr = 4, nr = 16, lanes = 8, tailMr = 4, mBlock = 4, panelOuter = 1, kUnroll = 1}}}} {
  ^bb0(%a: tensor<1x1x8x16xf32>):
    %0 = cameo.attention %a, %a, %a {scale = 0.25 : f32} : (tensor<1x1x8x16xf32>, tensor<1x1x8x16xf32>, tensor<1x1x8x16xf32>) -> tensor<1x1x8x16xf32>
    cameo.yield %0 : tensor<1x1x8x16xf32>
  } : (tensor<1x1x8x16xf32>) -> tensor<1x1x8x16xf32>
  return %y : tensor<1x1x8x16xf32>
}

// PART: config of x86-64-v3 lacks 'scores'
//--- part.mlir
func.func @main(%x: tensor<1x1x8x16xf32>) -> tensor<1x1x8x16xf32> {
  %y = cameo.kernel(%x) attributes {config = {"x86-64-v3" = {queries = 8, keys = 64}}} {
  ^bb0(%a: tensor<1x1x8x16xf32>):
    %0 = cameo.attention %a, %a, %a {scale = 0.25 : f32} : (tensor<1x1x8x16xf32>, tensor<1x1x8x16xf32>, tensor<1x1x8x16xf32>) -> tensor<1x1x8x16xf32>
    cameo.yield %0 : tensor<1x1x8x16xf32>
  } : (tensor<1x1x8x16xf32>) -> tensor<1x1x8x16xf32>
  return %y : tensor<1x1x8x16xf32>
}

// HUGE: expected that mr, tailMr, nr and mBlock are 1 to 65536
//--- huge.mlir
func.func @main(%x: tensor<8x8xf32>, %w: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 4611686018427387904, nr = 32, lanes = 8, tailMr = 3, mBlock = 4611686018427387904, panelOuter = 1, kUnroll = 1}}} {
  ^bb0(%a: tensor<8x8xf32>, %b: tensor<8x32xf32>):
    %0 = cameo.matmul %a, %b : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
    cameo.yield %0 : tensor<8x32xf32>
  } : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

// UNROLLED: expected that kUnroll is 1 to 64
//--- unrolled.mlir
func.func @main(%x: tensor<8x8xf32>, %w: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 3, nr = 16, lanes = 8, tailMr = 3, mBlock = 6, panelOuter = 1, kUnroll = 1000000}}} {
  ^bb0(%a: tensor<8x8xf32>, %b: tensor<8x32xf32>):
    %0 = cameo.matmul %a, %b : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
    cameo.yield %0 : tensor<8x32xf32>
  } : (tensor<8x8xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}
