// Sizes and strides near 2^31 are numbers like others: code for them is made in the time that small ones take.
// RUN: split-file %s %t
// RUN: cameo-compile %t/transpose.mlir -O3 -j1 -o %t.cameo
// RUN: cameo-compile %t/depthwise.mlir -O3 -j1 -o %t.cameo

// The two channels are 8 GB apart.
//--- transpose.mlir
func.func @main(%x: tensor<2147483647x2xf32>) -> tensor<2x2147483647xf32> {
  %y = cameo.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2147483647x2xf32>) -> tensor<2x2147483647xf32>
  return %y : tensor<2x2147483647xf32>
}

// How many columns the result has is known when it runs: mostly one.
//--- depthwise.mlir
func.func @main(%x: tensor<1x?x16xf32>) -> tensor<1x?x16xf32> {
  %w = cameo.constant dense<0.5> : tensor<16x1x3xf32>
  %y = cameo.conv %x, %w {strides = array<i64: 2147483647>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, group = 16 : i64, channelsLast}
      : (tensor<1x?x16xf32>, tensor<16x1x3xf32>) -> tensor<1x?x16xf32>
  return %y : tensor<1x?x16xf32>
}
