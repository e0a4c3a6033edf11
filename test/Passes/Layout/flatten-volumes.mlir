// RUN: cameo-opt %s --cameo-flatten-volumes --remarks-filter=cameo-flatten-volumes 2>&1 | FileCheck %s

// CHECK: remark: [Passed] volumes flattened
// CHECK: remark: [Missed] volumes flattened{{.*}}its channels are not last

// Three slices side by side as channels, the filter's depth too.
// CHECK-LABEL: func.func @one_volume
// CHECK-SAME:    %[[X:.*]]: tensor<1x?x5x6x2xf32>
// CHECK:       cameo.pad %[[X]]
// CHECK-COUNT-3: cameo.slice
// CHECK:       cameo.concat {{.*}} -> tensor<?x5x6x6xf32>
// CHECK:       cameo.conv {{.*}}channelsLast{{.*}}pads = array<i64: 1, 0, 1, 0>, strides = array<i64: 1, 2>{{.*}}tensor<4x6x3x3xf32>
// CHECK:       cameo.unsqueeze
func.func @one_volume(%x: tensor<1x?x5x6x2xf32>) -> tensor<1x?x5x2x4xf32> {
  %w = cameo.constant dense<1.0> : tensor<4x2x3x3x3xf32>
  %y = cameo.conv %x, %w {channelsLast, strides = array<i64: 1, 1, 2>, dilations = array<i64: 1, 1, 1>, pads = array<i64: 1, 1, 0, 1, 1, 0>, group = 1 : i64} : (tensor<1x?x5x6x2xf32>, tensor<4x2x3x3x3xf32>) -> tensor<1x?x5x2x4xf32>
  return %y : tensor<1x?x5x2x4xf32>
}

// A filter per channel: the images' convolutions are added.
// CHECK-LABEL: func.func @channel_by_channel
// CHECK-NOT:   cameo.concat
// CHECK:       cameo.conv
// CHECK:       cameo.conv
// CHECK:       cameo.add
func.func @channel_by_channel(%x: tensor<2x4x5x6x3xf32>) -> tensor<2x3x5x6x3xf32> {
  %w = cameo.constant dense<1.0> : tensor<3x1x2x1x1xf32>
  %y = cameo.conv %x, %w {channelsLast, strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>, group = 3 : i64} : (tensor<2x4x5x6x3xf32>, tensor<3x1x2x1x1xf32>) -> tensor<2x3x5x6x3xf32>
  return %y : tensor<2x3x5x6x3xf32>
}

// Even slices of the result have one tap, odd ones two.
// CHECK-LABEL: func.func @transposed
// CHECK:       cameo.conv_transpose {{.*}}channelsLast{{.*}}tensor<2x3x2x2xf32>
// CHECK:       cameo.conv_transpose {{.*}}channelsLast{{.*}}tensor<4x3x2x2xf32>
// CHECK:       cameo.concat
func.func @transposed(%x: tensor<1x4x5x6x2xf32>) -> tensor<1x7x6x7x3xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x3x3x2x2xf32>
  %y = cameo.conv_transpose %x, %w {channelsLast, strides = array<i64: 2, 1, 1>, dilations = array<i64: 1, 1, 1>, pads = array<i64: 1, 0, 0, 1, 0, 0>, outputPadding = array<i64: 0, 0, 0>, group = 1 : i64} : (tensor<1x4x5x6x2xf32>, tensor<2x3x3x2x2xf32>) -> tensor<1x7x6x7x3xf32>
  return %y : tensor<1x7x6x7x3xf32>
}

// CHECK-LABEL: func.func @channels_first_stays
// CHECK:       cameo.conv {{.*}}tensor<4x2x3x3x3xf32>
func.func @channels_first_stays(%x: tensor<1x2x5x5x5xf32>) -> tensor<1x4x3x3x3xf32> {
  %w = cameo.constant dense<1.0> : tensor<4x2x3x3x3xf32>
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x2x5x5x5xf32>, tensor<4x2x3x3x3xf32>) -> tensor<1x4x3x3x3xf32>
  return %y : tensor<1x4x3x3x3xf32>
}

// What the rewritten ops know of their sizes the function's type knows, too.
// CHECK-LABEL: func.func @sizes_found(
// CHECK-SAME:    -> tensor<1x4x5x2x4xf32> {
func.func @sizes_found(%x: tensor<1x4x5x6x2xf32>) -> tensor<1x?x5x2x4xf32> {
  %w = cameo.constant dense<1.0> : tensor<4x2x3x3x3xf32>
  %y = cameo.conv %x, %w {channelsLast, strides = array<i64: 1, 1, 2>, dilations = array<i64: 1, 1, 1>, pads = array<i64: 1, 1, 0, 1, 1, 0>, group = 1 : i64} : (tensor<1x4x5x6x2xf32>, tensor<4x2x3x3x3xf32>) -> tensor<1x?x5x2x4xf32>
  return %y : tensor<1x?x5x2x4xf32>
}
