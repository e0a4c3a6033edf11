// RUN: cameo-opt %s --cameo-channels-last --split-input-file | FileCheck %s

// A chain runs channels-last as a whole: one transpose in, one out. The bias, one number per channel, is a view.
// CHECK-LABEL: func.func @chain
// CHECK-SAME:    %[[X:.*]]: tensor<1x3x8x8xf32>, %[[W:.*]]: tensor<4x3x3x3xf32>, %[[B:.*]]: tensor<4x1x1xf32>
// CHECK:       %[[S:.*]] = cameo.squeeze %{{.*}} {axes = array<i64: 0, 2, 3>} : (tensor<1x4x1x1xf32>) -> tensor<4xf32>
// CHECK:       %[[V:.*]] = cameo.unsqueeze %[[S]] {axes = array<i64: 0, 1, 2>} : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
// CHECK:       %[[T:.*]] = cameo.transpose %[[X]] {permutation = array<i64: 0, 2, 3, 1>}
// CHECK:       %[[C:.*]] = cameo.conv %[[T]], %[[W]] {channelsLast, {{.*}}} : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x8x8x4xf32>
// CHECK:       %[[A:.*]] = cameo.add %[[C]], %[[V]]
// CHECK:       %[[R:.*]] = cameo.relu %[[A]]
// CHECK:       %[[P:.*]] = cameo.max_pool %[[R]] {channelsLast, {{.*}}} : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
// CHECK:       %[[Y:.*]] = cameo.transpose %[[P]] {permutation = array<i64: 0, 3, 1, 2>}
// CHECK-NOT:   cameo.transpose
// CHECK:       return %[[Y]]
func.func @chain(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4x1x1xf32>) -> tensor<1x4x4x4xf32> {
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32>
  %1 = cameo.add %0, %b : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = cameo.relu %1 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %3 = cameo.max_pool %2 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  return %3 : tensor<1x4x4x4xf32>
}

// -----

// Axes that attributes and constants name are renamed: channels are 3 now, height is 1.
// CHECK-LABEL: func.func @named_axes
// CHECK:       cameo.conv
// CHECK:       %[[SLICE:.*]] = cameo.slice %{{.*}} {axes = array<i64: 1>} : {{.*}} -> tensor<1x2x4x2xf32>
// CHECK:       %[[PADS:.*]] = cameo.constant dense<[0, 1, 0, 0, 0, 1, 0, 0]>
// CHECK:       %[[PAD:.*]] = cameo.pad %[[SLICE]], %[[PADS]]
// CHECK:       %[[CONCAT:.*]] = cameo.concat {{.*}} {axis = 3 : i64} : {{.*}} -> tensor<1x4x4x4xf32>
// CHECK:       %[[MEAN:.*]] = cameo.reduce %[[CONCAT]] {axes = array<i64: 1, 2>, kind = "mean"} : (tensor<1x4x4x4xf32>) -> tensor<1x4xf32>
// CHECK:       return %[[MEAN]]
func.func @named_axes(%x: tensor<1x3x4x4xf32>, %w: tensor<2x3x1x1xf32>) -> tensor<1x4xf32> {
  %start = cameo.constant dense<1> : tensor<1xi64>
  %end = cameo.constant dense<3> : tensor<1xi64>
  %step = cameo.constant dense<1> : tensor<1xi64>
  %pads = cameo.constant dense<[0, 0, 1, 0, 0, 0, 1, 0]> : tensor<8xi64>
  %zero = cameo.constant dense<0.0> : tensor<f32>
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x4x4xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = cameo.slice %0, %start, %end, %step {axes = array<i64: 2>} : (tensor<1x2x4x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x2x4xf32>
  %2 = cameo.pad %1, %pads, %zero {mode = "constant"} : (tensor<1x2x2x4xf32>, tensor<8xi64>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %3 = cameo.concat %2, %0 {axis = 1 : i64} : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x4x4x4xf32>
  %4 = cameo.reduce %3 {axes = array<i64: 2, 3>, kind = "mean"} : (tensor<1x4x4x4xf32>) -> tensor<1x4xf32>
  return %4 : tensor<1x4xf32>
}

// -----

// The cheapest border: the small operand of the resize is transposed on the way out, not its large result; but a value that
// two others read in the model's order is transposed once, before they part.
// CHECK-LABEL: func.func @cheapest_border
// CHECK:       %[[C:.*]] = cameo.conv
// CHECK:       %[[Y:.*]] = cameo.transpose %[[C]] {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x2xf32>)
// CHECK-NOT:   cameo.transpose
// CHECK:       cameo.resize %[[Y]]
func.func @cheapest_border(%x: tensor<1x3x4x4xf32>, %w: tensor<2x3x1x1xf32>) -> tensor<1x2x64x64xf32> {
  %sizes = cameo.constant dense<64> : tensor<2xi64>
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x4x4xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = cameo.resize %0, sizes %sizes {axes = array<i64: 2, 3>, mode = "nearest", transform = "asymmetric", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x2x4x4xf32>, tensor<2xi64>) -> tensor<1x2x64x64xf32>
  return %1 : tensor<1x2x64x64xf32>
}

// -----

// A model that comes channels-last has transposes around each convolution: none is left.
// CHECK-LABEL: func.func @model_has_channels_last
// CHECK-NOT:   cameo.transpose
// CHECK:       cameo.conv %{{.*}} {channelsLast
// CHECK-NOT:   cameo.transpose
// CHECK:       return
func.func @model_has_channels_last(%x: tensor<1x4x4x3xf32>, %w: tensor<2x3x1x1xf32>) -> tensor<1x4x4x2xf32> {
  %0 = cameo.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x3xf32>) -> tensor<1x3x4x4xf32>
  %1 = cameo.conv %0, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x4x4xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x4x4xf32>
  %2 = cameo.transpose %1 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x2x4x4xf32>) -> tensor<1x4x4x2xf32>
  return %2 : tensor<1x4x4x2xf32>
}

// -----

// A 1-D convolution of one column: nothing is moved, both borders are views.
// CHECK-LABEL: func.func @one_dimensional
// CHECK-NOT:   cameo.transpose
// CHECK:       cameo.conv %{{.*}} {channelsLast, {{.*}}} : (tensor<1x1x8xf32>, tensor<4x8x1xf32>) -> tensor<1x1x4xf32>
func.func @one_dimensional(%x: tensor<1x8x1xf32>, %w: tensor<4x8x1xf32>) -> tensor<1x4x1xf32> {
  %0 = cameo.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x8x1xf32>, tensor<4x8x1xf32>) -> tensor<1x4x1xf32>
  return %0 : tensor<1x4x1xf32>
}

// -----

// Without a convolution nothing changes.
// CHECK-LABEL: func.func @no_convolution_stays
// CHECK-NEXT:  cameo.transpose %{{.*}} {permutation = array<i64: 0, 2, 3, 1>}
// CHECK-NEXT:  cameo.relu
// CHECK-NEXT:  return
func.func @no_convolution_stays(%x: tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32> {
  %0 = cameo.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32>
  %1 = cameo.relu %0 : (tensor<1x8x8x3xf32>) -> tensor<1x8x8x3xf32>
  return %1 : tensor<1x8x8x3xf32>
}

// -----

// The pads are known only to the run, so the pad stays in the model's order.
// CHECK-LABEL: func.func @run_time_pads_stay
// CHECK:       cameo.pad %{{.*}} : (tensor<1x3x8x8xf32>
// CHECK:       cameo.transpose
// CHECK:       cameo.conv %{{.*}} {channelsLast
func.func @run_time_pads_stay(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x1x1xf32>, %pads: tensor<8xi64>) -> tensor<?x4x?x?xf32> {
  %zero = cameo.constant dense<0.0> : tensor<f32>
  %0 = cameo.pad %x, %pads, %zero {mode = "constant"} : (tensor<1x3x8x8xf32>, tensor<8xi64>, tensor<f32>) -> tensor<?x?x?x?xf32>
  %1 = cameo.conv %0, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<?x?x?x?xf32>, tensor<4x3x1x1xf32>) -> tensor<?x4x?x?xf32>
  return %1 : tensor<?x4x?x?xf32>
}

// -----

// Text beside a convolution has a price too.
// CHECK-LABEL: func.func @text_stays
// CHECK:       cameo.conv %{{.*}} {channelsLast
// CHECK:       cameo.equal %{{.*}} : (tensor<1x2x3x!cameo.string>, tensor<1x2x3x!cameo.string>)
func.func @text_stays(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x1x1xf32>, %t: tensor<1x2x3x!cameo.string>) -> (tensor<1x4x8x8xf32>, tensor<1x2x3xi1>) {
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = cameo.equal %t, %t : (tensor<1x2x3x!cameo.string>, tensor<1x2x3x!cameo.string>) -> tensor<1x2x3xi1>
  return %0, %1 : tensor<1x4x8x8xf32>, tensor<1x2x3xi1>
}

// -----

// Four channels side by side would be all that a softmax along the width has.
// CHECK-LABEL: func.func @few_channels_stay
// CHECK:       cameo.conv %{{.*}} {channelsLast
// CHECK-NEXT:  cameo.transpose
// CHECK-NEXT:  cameo.softmax %{{.*}} {axis = 3 : i64} : (tensor<1x4x8x64xf32>)
// CHECK-LABEL: func.func @many_channels_move
// CHECK:       cameo.softmax %{{.*}} {axis = 2 : i64} : (tensor<1x8x64x32xf32>)
func.func @few_channels_stay(%x: tensor<1x3x8x64xf32>, %w: tensor<4x3x1x1xf32>) -> tensor<1x4x8x64xf32> {
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x8x64xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x64xf32>
  %1 = cameo.softmax %0 {axis = 3 : i64} : (tensor<1x4x8x64xf32>) -> tensor<1x4x8x64xf32>
  return %1 : tensor<1x4x8x64xf32>
}
func.func @many_channels_move(%x: tensor<1x3x8x64xf32>, %w: tensor<32x3x1x1xf32>) -> tensor<1x32x8x64xf32> {
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x8x64xf32>, tensor<32x3x1x1xf32>) -> tensor<1x32x8x64xf32>
  %1 = cameo.softmax %0 {axis = 3 : i64} : (tensor<1x32x8x64xf32>) -> tensor<1x32x8x64xf32>
  return %1 : tensor<1x32x8x64xf32>
}

// -----

// What the rewritten ops know of their sizes the function's type knows, too.
// CHECK-LABEL: func.func @sizes_found(
// CHECK-SAME:    -> tensor<1x2x4x4xf32> {
// CHECK:       return %{{.*}} : tensor<1x2x4x4xf32>
func.func @sizes_found(%x: tensor<1x3x4x4xf32>, %w: tensor<2x3x1x1xf32>) -> tensor<1x?x4x4xf32> {
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x4x4xf32>, tensor<2x3x1x1xf32>) -> tensor<1x?x4x4xf32>
  return %0 : tensor<1x?x4x4xf32>
}
