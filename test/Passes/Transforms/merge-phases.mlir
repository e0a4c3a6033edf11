// RUN: cameo-opt %s --cameo-merge-phases --remarks-filter=cameo-merge-phases 2>&1 | FileCheck %s

// CHECK: remark: [Passed] phases merged{{.*}}computes all phases of its stride as channels

// Taps 0, 2 and 1, 3 of each axis, one pixel apart: a window of 3. Row 2 r + y reads r + d by tap y + 1 - 2 d.
// CHECK-LABEL: func.func @to_one_channel
// CHECK:       %[[W:.*]] = cameo.constant {{.*}} : tensor<4x8x3x3xf32>
// CHECK:       %[[C:.*]] = cameo.conv %{{.*}}, %[[W]] {{.*}}pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>{{.*}} -> tensor<1x4x5x5xf32>
// CHECK:       %[[R:.*]] = cameo.reshape %[[C]]{{.*}} -> tensor<1x2x2x1x5x5xf32>
// CHECK:       %[[T:.*]] = cameo.transpose %[[R]] {permutation = array<i64: 0, 3, 4, 1, 5, 2>}
// CHECK:       %[[Y:.*]] = cameo.reshape %[[T]]{{.*}} -> tensor<1x1x10x10xf32>
// CHECK-NEXT:  return %[[Y]]
func.func @to_one_channel(%x: tensor<1x8x5x5xf32>) -> tensor<1x1x10x10xf32> {
  %w = cameo.constant dense<1.0> : tensor<8x1x4x4xf32>
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x8x5x5xf32>, tensor<8x1x4x4xf32>) -> tensor<1x1x10x10xf32>
  return %y : tensor<1x1x10x10xf32>
}

// One axis: phases of stride 4, each of two taps.
// CHECK-LABEL: func.func @of_one_axis
// CHECK:       %[[W:.*]] = cameo.constant {{.*}} : tensor<4x8x2xf32>
// CHECK:       %[[C:.*]] = cameo.conv %{{.*}}, %[[W]] {{.*}}pads = array<i64: 1, 1>, strides = array<i64: 1>{{.*}} -> tensor<1x4x6xf32>
// CHECK:       %[[R:.*]] = cameo.reshape %[[C]]{{.*}} -> tensor<1x4x1x6xf32>
// CHECK:       %[[T:.*]] = cameo.transpose %[[R]] {permutation = array<i64: 0, 2, 3, 1>}
// CHECK:       %[[Y:.*]] = cameo.reshape %[[T]]{{.*}} -> tensor<1x1x24xf32>
// CHECK-NEXT:  return %[[Y]]
func.func @of_one_axis(%x: tensor<1x8x5xf32>) -> tensor<1x1x24xf32> {
  %w = cameo.constant dense<1.0> : tensor<8x1x8xf32>
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 4>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, outputPadding = array<i64: 0>, group = 1 : i64} : (tensor<1x8x5xf32>, tensor<8x1x8xf32>) -> tensor<1x1x24xf32>
  return %y : tensor<1x1x24xf32>
}

// Vectors of channels are full as they are.
// CHECK-LABEL: func.func @to_many_channels_stays
// CHECK:       cameo.conv_transpose
func.func @to_many_channels_stays(%x: tensor<1x8x5x5xf32>) -> tensor<1x16x10x10xf32> {
  %w = cameo.constant dense<1.0> : tensor<8x16x4x4xf32>
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x8x5x5xf32>, tensor<8x16x4x4xf32>) -> tensor<1x16x10x10xf32>
  return %y : tensor<1x16x10x10xf32>
}

// CHECK-LABEL: func.func @unknown_sizes_stay
// CHECK:       cameo.conv_transpose
func.func @unknown_sizes_stay(%x: tensor<1x8x?x5xf32>) -> tensor<1x1x?x10xf32> {
  %w = cameo.constant dense<1.0> : tensor<8x1x4x4xf32>
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x8x?x5xf32>, tensor<8x1x4x4xf32>) -> tensor<1x1x?x10xf32>
  return %y : tensor<1x1x?x10xf32>
}

// CHECK-LABEL: func.func @no_channels_stay
// CHECK:       cameo.conv_transpose
func.func @no_channels_stay(%x: tensor<1x8x5x5xf32>) -> tensor<1x0x10x10xf32> {
  %w = cameo.constant dense<1.0> : tensor<8x0x4x4xf32>
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x8x5x5xf32>, tensor<8x0x4x4xf32>) -> tensor<1x0x10x10xf32>
  return %y : tensor<1x0x10x10xf32>
}

// What the rewritten ops know of their sizes the function's type knows, too.
// CHECK-LABEL: func.func @sizes_found(
// CHECK-SAME:    -> tensor<1x1x10x10xf32> {
func.func @sizes_found(%x: tensor<1x8x5x5xf32>) -> tensor<1x1x?x10xf32> {
  %w = cameo.constant dense<1.0> : tensor<8x1x4x4xf32>
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x8x5x5xf32>, tensor<8x1x4x4xf32>) -> tensor<1x1x?x10xf32>
  return %y : tensor<1x1x?x10xf32>
}
