// RUN: cameo-opt %s --cameo-choose-tiles=cpus=x86-64-v3,x86-64-v4 | FileCheck %s
// RUN: cameo-opt %s --cameo-choose-tiles=cpus=znver4 | FileCheck %s --check-prefix=PAIRS
// RUN: not cameo-opt %s --cameo-choose-tiles=cpus=z80 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: z80

// An entry per CPU, with the lanes that its vectors have.
// CHECK-LABEL: func.func @product
// CHECK:         config = {"x86-64-v3" = {{{.*}}lanes = 8{{.*}}}, "x86-64-v4" = {{{.*}}lanes = 16
func.func @product(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %y = cameo.kernel(%x, %w) {
  ^bb0(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>):
    %0 = cameo.matmul %a, %b : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
    cameo.yield %0 : tensor<64x64xf32>
  } : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %y : tensor<64x64xf32>
}

// What was written by hand stays; the other CPU gets its entry.
// CHECK-LABEL: func.func @by_hand_stays
// CHECK:         "x86-64-v3" = {kUnroll = 1 : i64, lanes = 8 : i64, mBlock = 6 : i64, mr = 3 : i64, nr = 16 : i64, panelOuter = 1 : i64, tailMr = 3 : i64}
// CHECK-SAME:    "x86-64-v4" = {
func.func @by_hand_stays(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v3" = {mr = 3, nr = 16, lanes = 8, tailMr = 3, mBlock = 6, panelOuter = 1, kUnroll = 1}}} {
  ^bb0(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>):
    %0 = cameo.matmul %a, %b : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
    cameo.yield %0 : tensor<64x64xf32>
  } : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %y : tensor<64x64xf32>
}

// No tiled code, no tile.
// CHECK-LABEL: func.func @pointwise_has_none
// CHECK-NOT:     config
func.func @pointwise_has_none(%x: tensor<64xf32>) -> tensor<64xf32> {
  %y = cameo.kernel(%x) {
  ^bb0(%a: tensor<64xf32>):
    %0 = cameo.exp %a : (tensor<64xf32>) -> tensor<64xf32>
    cameo.yield %0 : tensor<64xf32>
  } : (tensor<64xf32>) -> tensor<64xf32>
  return %y : tensor<64xf32>
}

// Few columns, all of K at hand: lanes hold elements of K, and a vector of columns would be mostly empty.
// CHECK-LABEL: func.func @few_columns
// CHECK:         config = {"x86-64-v3" = {alongK = 1 : i64, {{.*}}lanes = 8 : i64, {{.*}}nr = 24{{.*}}}, "x86-64-v4" = {alongK = 1 : i64, {{.*}}lanes = 16 : i64, {{.*}}nr = 48
func.func @few_columns(%x: tensor<64x512xf32>) -> tensor<64x3xf32> {
  %w = cameo.constant dense<0.5> : tensor<512x3xf32>
  %y = cameo.kernel(%x, %w) {
  ^bb0(%a: tensor<64x512xf32>, %b: tensor<512x3xf32>):
    %0 = cameo.matmul %a, %b : (tensor<64x512xf32>, tensor<512x3xf32>) -> tensor<64x3xf32>
    cameo.yield %0 : tensor<64x3xf32>
  } : (tensor<64x512xf32>, tensor<512x3xf32>) -> tensor<64x3xf32>
  return %y : tensor<64x3xf32>
}

// As above, but the columns lie side by side in memory; a single one is a column either way.
// CHECK-LABEL: func.func @columns_of_the_run
// CHECK-NOT:     alongK
// CHECK-LABEL: func.func @column_of_the_run
// CHECK:         alongK
func.func @columns_of_the_run(%x: tensor<64x512xf32>, %w: tensor<512x3xf32>) -> tensor<64x3xf32> {
  %y = cameo.kernel(%x, %w) {
  ^bb0(%a: tensor<64x512xf32>, %b: tensor<512x3xf32>):
    %0 = cameo.matmul %a, %b : (tensor<64x512xf32>, tensor<512x3xf32>) -> tensor<64x3xf32>
    cameo.yield %0 : tensor<64x3xf32>
  } : (tensor<64x512xf32>, tensor<512x3xf32>) -> tensor<64x3xf32>
  return %y : tensor<64x3xf32>
}
func.func @column_of_the_run(%x: tensor<64x512xf32>, %w: tensor<512x1xf32>) -> tensor<64x1xf32> {
  %y = cameo.kernel(%x, %w) {
  ^bb0(%a: tensor<64x512xf32>, %b: tensor<512x1xf32>):
    %0 = cameo.matmul %a, %b : (tensor<64x512xf32>, tensor<512x1xf32>) -> tensor<64x1xf32>
    cameo.yield %0 : tensor<64x1xf32>
  } : (tensor<64x512xf32>, tensor<512x1xf32>) -> tensor<64x1xf32>
  return %y : tensor<64x1xf32>
}

// Neither matrix fits the caches: all panels of B pass by rows of A, which pass once.
// CHECK-LABEL: func.func @both_are_large
// CHECK:         "x86-64-v4" = {{{.*}}mBlock = 132 : i64, mr = 6 : i64, nr = 64 : i64, panelOuter = 0
func.func @both_are_large(%x: tensor<4096x1024xf32>, %w: tensor<1024x256xf32>) -> tensor<4096x256xf32> {
  %y = cameo.kernel(%x, %w) {
  ^bb0(%a: tensor<4096x1024xf32>, %b: tensor<1024x256xf32>):
    %0 = cameo.matmul %a, %b : (tensor<4096x1024xf32>, tensor<1024x256xf32>) -> tensor<4096x256xf32>
    cameo.yield %0 : tensor<4096x256xf32>
  } : (tensor<4096x1024xf32>, tensor<1024x256xf32>) -> tensor<4096x256xf32>
  return %y : tensor<4096x256xf32>
}

// Each pair of bf16 is for two vectors or more.
// PAIRS-LABEL: func.func @pairs
// PAIRS:         znver4 = {{{.*}}nr = {{32|64}} : i64
func.func @pairs(%x: tensor<1500x384xbf16>) -> tensor<1500x384xbf16> {
  %w = cameo.constant dense<0.5> : tensor<384x384xbf16>
  %y = cameo.kernel(%x, %w) {
  ^bb0(%a: tensor<1500x384xbf16>, %b: tensor<384x384xbf16>):
    %0 = cameo.matmul %a, %b : (tensor<1500x384xbf16>, tensor<384x384xbf16>) -> tensor<1500x384xbf16>
    cameo.yield %0 : tensor<1500x384xbf16>
  } : (tensor<1500x384xbf16>, tensor<384x384xbf16>) -> tensor<1500x384xbf16>
  return %y : tensor<1500x384xbf16>
}
