// Winograd's algorithm is a choice of the tile: taken where it is faster, never with --strict, refused where it cannot be.
// RUN: split-file %s %t
// RUN: cameo-compile %t/conv.mlir --cpu=x86-64-v4 --stop-after=tiles -o - | FileCheck %s
// RUN: cameo-compile %t/conv.mlir --cpu=x86-64-v4 --strict --stop-after=tiles -o - | FileCheck %s --check-prefix=STRICT
// RUN: cameo-compile %t/batches.mlir --cpu=x86-64-v4 --stop-after=tiles -o - | FileCheck %s
// RUN: not cameo-compile %t/strided.mlir --cpu=x86-64-v4 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=STRIDED

// 28 x 28 are 49 tiles of 4 x 4: two blocks, one for each of two threads.
// The same where the run says how many images there are.
// CHECK: mBlock = 25 : i64, mr = 5 : i64, {{.*}} winograd = 4 : i64
// STRICT-NOT: winograd
//--- conv.mlir
func.func @main(%x: tensor<1x28x28x128xf32>) -> tensor<1x28x28x128xf32> {
  %w = cameo.constant dense<0.5> : tensor<128x128x3x3xf32>
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 1 : i64, channelsLast}
      : (tensor<1x28x28x128xf32>, tensor<128x128x3x3xf32>) -> tensor<1x28x28x128xf32>
  return %y : tensor<1x28x28x128xf32>
}

//--- batches.mlir
func.func @main(%x: tensor<?x28x28x128xf32>) -> tensor<?x28x28x128xf32> {
  %w = cameo.constant dense<0.5> : tensor<128x128x3x3xf32>
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 1 : i64, channelsLast}
      : (tensor<?x28x28x128xf32>, tensor<128x128x3x3xf32>) -> tensor<?x28x28x128xf32>
  return %y : tensor<?x28x28x128xf32>
}

// STRIDED: config of x86-64-v4 is {{.*}}winograd = 2{{.*}}; expected that winograd is of convolutions of floats by 3x3 with stride 1 and one group
//--- strided.mlir
func.func @main(%x: tensor<1x9x9x16xf32>) -> tensor<1x4x4x16xf32> {
  %w = cameo.constant dense<0.5> : tensor<16x16x3x3xf32>
  %y = cameo.kernel(%x, %w) attributes {config = {"x86-64-v4" = {mr = 4, nr = 16, lanes = 16, tailMr = 4, mBlock = 4, panelOuter = 1, kUnroll = 1, winograd = 2}}} {
  ^bb0(%a: tensor<1x9x9x16xf32>, %b: tensor<16x16x3x3xf32>):
    %0 = cameo.conv %a, %b {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channelsLast}
        : (tensor<1x9x9x16xf32>, tensor<16x16x3x3xf32>) -> tensor<1x4x4x16xf32>
    cameo.yield %0 : tensor<1x4x4x16xf32>
  } : (tensor<1x9x9x16xf32>, tensor<16x16x3x3xf32>) -> tensor<1x4x4x16xf32>
  return %y : tensor<1x4x4x16xf32>
}
