// RUN: cameo-opt %s --cameo-normalize-by-channel --remarks-filter=cameo-normalize-by-channel 2>&1 | FileCheck %s

// CHECK: remark: [Passed] normalizations by channel{{.*}}is means of channels and pointwise ops
// CHECK: remark: [Missed] normalizations by channel{{.*}}only the run knows the number of its channels

// CHECK-LABEL: func.func @one_group
// CHECK:       %[[Y:.*]] = cameo.conv
// CHECK:       %[[C:.*]] = cameo.reduce %[[Y]] {axes = array<i64: 2, 3>, keepDims, kind = "mean"}{{.*}} -> tensor<1x4x1x1xf32>
// CHECK:       %[[M:.*]] = cameo.reduce %[[C]] {axes = array<i64: 1>, keepDims, kind = "mean"}{{.*}} -> tensor<1x1x1x1xf32>
// CHECK:       %[[D:.*]] = cameo.sub %[[Y]], %[[M]]
// CHECK:       %[[Q:.*]] = cameo.mul %[[D]], %[[D]]
// CHECK:       cameo.reduce %[[Q]] {axes = array<i64: 2, 3>
// CHECK:       cameo.sqrt
// CHECK:       %[[F:.*]] = cameo.div
// CHECK:       cameo.mul %[[D]], %[[F]]
// CHECK:       cameo.add
// CHECK-NOT:   cameo.group_norm
func.func @one_group(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x1x1xf32>, %s: tensor<4xf32>) -> tensor<1x4x8x8xf32> {
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = cameo.group_norm %0, %s, %s {groups = 1 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
  return %1 : tensor<1x4x8x8xf32>
}

// A group per channel, of f16: the arithmetic is f32.
// CHECK-LABEL: func.func @instances
// CHECK:       cameo.cast {{.*}}tensor<1x4x8x8xf16>) -> tensor<1x4x8x8xf32>
// CHECK:       cameo.reduce {{.*}}axes = array<i64: 2, 3>{{.*}} -> tensor<1x4x1x1xf32>
// CHECK-NOT:   axes = array<i64: 1>
// CHECK:       cameo.cast {{.*}}tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf16>
func.func @instances(%x: tensor<1x3x8x8xf16>, %w: tensor<4x3x1x1xf16>, %s: tensor<4xf16>) -> tensor<1x4x8x8xf16> {
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf16>, tensor<4x3x1x1xf16>) -> tensor<1x4x8x8xf16>
  %1 = cameo.group_norm %0, %s, %s {groups = 0 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x4x8x8xf16>, tensor<4xf16>, tensor<4xf16>) -> tensor<1x4x8x8xf16>
  return %1 : tensor<1x4x8x8xf16>
}

// CHECK-LABEL: func.func @two_groups_stay
// CHECK:       cameo.group_norm
func.func @two_groups_stay(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x1x1xf32>, %s: tensor<4xf32>) -> tensor<1x4x8x8xf32> {
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = cameo.group_norm %0, %s, %s {groups = 2 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
  return %1 : tensor<1x4x8x8xf32>
}

// CHECK-LABEL: func.func @unknown_channels_stay
// CHECK:       cameo.group_norm
func.func @unknown_channels_stay(%x: tensor<1x3x8x8xf32>, %w: tensor<?x3x1x1xf32>, %s: tensor<?xf32>) -> tensor<1x?x8x8xf32> {
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<?x3x1x1xf32>) -> tensor<1x?x8x8xf32>
  %1 = cameo.group_norm %0, %s, %s {groups = 0 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x?x8x8xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<1x?x8x8xf32>
  return %1 : tensor<1x?x8x8xf32>
}

// CHECK-LABEL: func.func @without_a_convolution
// CHECK:       cameo.group_norm
func.func @without_a_convolution(%x: tensor<1x4x8x8xf32>, %s: tensor<4xf32>) -> tensor<1x4x8x8xf32> {
  %1 = cameo.group_norm %x, %s, %s {groups = 1 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
  return %1 : tensor<1x4x8x8xf32>
}

// CHECK-LABEL: func.func @no_channels_stay
// CHECK:       cameo.group_norm
func.func @no_channels_stay(%x: tensor<1x0x8x8xf32>, %s: tensor<0xf32>, %i: tensor<1x3x8x8xf32>, %w: tensor<4x3x1x1xf32>) -> (tensor<1x0x8x8xf32>, tensor<1x4x8x8xf32>) {
  %0 = cameo.conv %i, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = cameo.group_norm %x, %s, %s {groups = 1 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x0x8x8xf32>, tensor<0xf32>, tensor<0xf32>) -> tensor<1x0x8x8xf32>
  return %1, %0 : tensor<1x0x8x8xf32>, tensor<1x4x8x8xf32>
}

// What the rewritten ops know of their sizes the function's type knows, too.
// CHECK-LABEL: func.func @sizes_found(
// CHECK-SAME:    -> tensor<1x4x8x8xf32> {
func.func @sizes_found(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x1x1xf32>, %s: tensor<4xf32>) -> tensor<1x4x?x8xf32> {
  %0 = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = cameo.group_norm %0, %s, %s {groups = 1 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x?x8xf32>
  return %1 : tensor<1x4x?x8xf32>
}
