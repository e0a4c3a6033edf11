// What a kernel is expected to take follows from its tile: 1024^3 multiply-adds at 118 GFLOP/s are 18.2 ms; a convolution takes
// 1.95 ms and more, by Winograd's algorithm less.
// RUN: split-file %s %t
// RUN: cameo-compile %t/product.mlir --cpu=x86-64-v4 --explain -o %t.cameo 2>&1 | FileCheck %s --check-prefix=PRODUCT
// RUN: cameo-compile %t/conv.mlir --cpu=x86-64-v4 --explain -o %t.cameo 2>&1 | FileCheck %s --check-prefix=CONV
// RUN: cameo-compile %t/conv.mlir --cpu=x86-64-v4 --strict --explain -o %t.cameo 2>&1 | FileCheck %s --check-prefix=STRICT
// RUN: cameo-compile %t/open.mlir --cpu=x86-64-v4 --explain -o %t.cameo 2>&1 | FileCheck %s --check-prefix=OPEN

// PRODUCT: matmul
// PRODUCT: 2.1 GFLOP; about 1{{[89]}}.{{[0-9]+}} ms
// PRODUCT: about 1{{[89]}}.{{[0-9]+}} ms on one thread that multiplies and adds at 118 GFLOP/s
//--- product.mlir
func.func @main(%x: tensor<1024x1024xf32>) -> tensor<1024x1024xf32> {
  %w = cameo.constant dense<0.5> : tensor<1024x1024xf32>
  %y = cameo.matmul %x, %w : (tensor<1024x1024xf32>, tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
  return %y : tensor<1024x1024xf32>
}

// CONV: FLOP; about 0.{{[5-9][0-9]}}{{[0-9]}} ms
// STRICT: FLOP; about 2.{{[0-2]}}{{[0-9]+}} ms
//--- conv.mlir
func.func @main(%x: tensor<1x28x28x128xf32>) -> tensor<1x28x28x128xf32> {
  %w = cameo.constant dense<0.5> : tensor<128x128x3x3xf32>
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 1 : i64, channelsLast}
      : (tensor<1x28x28x128xf32>, tensor<128x128x3x3xf32>) -> tensor<1x28x28x128xf32>
  return %y : tensor<1x28x28x128xf32>
}

// Sizes of the run: nothing is expected.
// OPEN: matmul
// OPEN-NOT: about
//--- open.mlir
func.func @main(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = cameo.constant dense<0.5> : tensor<64x64xf32>
  %y = cameo.matmul %x, %w : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
