// RUN: cameo-opt %s --cameo-observe-layers=windows=0 | FileCheck %s
// RUN: not cameo-opt %s --cameo-observe-layers=windows=1 2>&1 | FileCheck %s --check-prefix=NONE

// A convolution's windows: each channel by each tap, in the order of the weights.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    {cameo.name = "observed:0"}, tensor<1x4x5xf32> {cameo.name = "windows:0"})
// CHECK:       %[[FILTERS:.*]] = cameo.constant dense<{{\[\[\[}}1.000000e+00, 0.000000e+00]], {{\[\[}}0.000000e+00, 1.000000e+00]], {{\[\[}}1.000000e+00, 0.000000e+00]], {{\[\[}}0.000000e+00, 1.000000e+00]]]>
// CHECK:       %[[WINDOWS:.*]] = cameo.conv %{{.*}}, %[[FILTERS]] {{.*}}group = 2 : i64
// CHECK:       return %{{.*}}, %{{.*}}, %[[WINDOWS]]
// NONE: error: expected that windows numbers convolutions of one group among 1 layers; found 1
func.func @main(%x: tensor<1x2x5xf32>) -> tensor<1x3x5xf32> {
  %w = cameo.constant dense<1.0> : tensor<3x2x2xf32>
  %y = cameo.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 1>, group = 1 : i64} : (tensor<1x2x5xf32>, tensor<3x2x2xf32>) -> tensor<1x3x5xf32>
  return %y : tensor<1x3x5xf32>
}
