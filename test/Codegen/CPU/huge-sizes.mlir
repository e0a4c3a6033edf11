// Huge sizes and strides are numbers like others: code for them is made in the time that small ones take.
// RUN: split-file %s %t
// RUN: cameo-compile %t/transpose.mlir -O3 -j1 -o %t.cameo
// RUN: cameo-compile %t/depthwise.mlir -O3 -j1 -o %t.cameo

// The two channels are 490 MB apart, more than the constants of an address hold.
//--- transpose.mlir
func.func @main(%x: tensor<123456789x2xf32>) -> tensor<2x123456789xf32> {
  %y = cameo.transpose %x {permutation = array<i64: 1, 0>} : (tensor<123456789x2xf32>) -> tensor<2x123456789xf32>
  return %y : tensor<2x123456789xf32>
}

// How many columns the result has is known when it runs: mostly one.
//--- depthwise.mlir
func.func @main(%x: tensor<1x?x16xf32>) -> tensor<1x?x16xf32> {
  %w = cameo.constant dense<0.5> : tensor<16x1x3xf32>
  %y = cameo.conv %x, %w {strides = array<i64: 2147483647>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, group = 16 : i64, channelsLast}
      : (tensor<1x?x16xf32>, tensor<16x1x3xf32>) -> tensor<1x?x16xf32>
  return %y : tensor<1x?x16xf32>
}
