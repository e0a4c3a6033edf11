// RUN: cameo-opt %s --cameo-simplify | FileCheck %s

// CHECK-LABEL: func.func @conv_takes_zeros
// CHECK-SAME:    %[[X:.*]]: tensor<1x1x6x6xf32>
// CHECK-NOT:   cameo.pad
// CHECK:       cameo.conv %[[X]], {{.*}} pads = array<i64: 1, 1, 2, 1>
func.func @conv_takes_zeros(%x: tensor<1x1x6x6xf32>, %w: tensor<1x1x3x3xf32>) -> tensor<1x1x7x6xf32> {
  %n = cameo.constant dense<[0, 0, 1, 0, 0, 0, 2, 0]> : tensor<8xi64>
  %zero = cameo.constant dense<0.0> : tensor<f32>
  %p = cameo.pad %x, %n, %zero {mode = "constant"} : (tensor<1x1x6x6xf32>, tensor<8xi64>, tensor<f32>) -> tensor<1x1x9x6xf32>
  %y = cameo.conv %p, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>, group = 1 : i64} : (tensor<1x1x9x6xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x7x6xf32>
  return %y : tensor<1x1x7x6xf32>
}

// CHECK-LABEL: func.func @average_counts_zeros
// CHECK-NOT:   cameo.pad
// CHECK:       cameo.average_pool {{.*}}countIncludePad{{.*}} pads = array<i64: 1, 1>
func.func @average_counts_zeros(%x: tensor<1x1x6xf32>) -> tensor<1x1x4xf32> {
  %n = cameo.constant dense<[0, 0, 1, 0, 0, 1]> : tensor<6xi64>
  %zero = cameo.constant dense<0.0> : tensor<f32>
  %p = cameo.pad %x, %n, %zero {mode = "constant"} : (tensor<1x1x6xf32>, tensor<6xi64>, tensor<f32>) -> tensor<1x1x8xf32>
  %y = cameo.average_pool %p {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x1x8xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// Ones, mirrored elements and padded channels stay.
// CHECK-LABEL: func.func @other_padding_stays
// CHECK-COUNT-3: cameo.pad
func.func @other_padding_stays(%x: tensor<1x1x6xf32>, %w: tensor<1x1x3xf32>, %v: tensor<1x2x3xf32>) -> (tensor<1x1x6xf32>, tensor<1x1x6xf32>, tensor<1x1x4xf32>) {
  %n = cameo.constant dense<[0, 0, 1, 0, 0, 1]> : tensor<6xi64>
  %channels = cameo.constant dense<[0, 1, 0, 0, 0, 0]> : tensor<6xi64>
  %zero = cameo.constant dense<0.0> : tensor<f32>
  %one = cameo.constant dense<1.0> : tensor<f32>
  %ones = cameo.pad %x, %n, %one {mode = "constant"} : (tensor<1x1x6xf32>, tensor<6xi64>, tensor<f32>) -> tensor<1x1x8xf32>
  %a = cameo.conv %ones, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x6xf32>
  %mirrored = cameo.pad %x, %n, %zero {mode = "reflect"} : (tensor<1x1x6xf32>, tensor<6xi64>, tensor<f32>) -> tensor<1x1x8xf32>
  %b = cameo.conv %mirrored, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x6xf32>
  %more = cameo.pad %x, %channels, %zero {mode = "constant"} : (tensor<1x1x6xf32>, tensor<6xi64>, tensor<f32>) -> tensor<1x2x6xf32>
  %c = cameo.conv %more, %v {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x2x6xf32>, tensor<1x2x3xf32>) -> tensor<1x1x4xf32>
  return %a, %b, %c : tensor<1x1x6xf32>, tensor<1x1x6xf32>, tensor<1x1x4xf32>
}
