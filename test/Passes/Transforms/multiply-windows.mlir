// RUN: cameo-opt %s --cameo-multiply-windows --remarks-filter=cameo-multiply-windows 2>&1 | FileCheck %s

// CHECK-DAG: remark: [Passed] windows multiplied{{.*}}is a product with its windows
// CHECK-DAG: remark: {{.*}}few outputs per group
// CHECK-DAG: remark: {{.*}}sizes that only the run knows
// CHECK-DAG: remark: {{.*}}few channels per group
// CHECK-DAG: remark: {{.*}}outputs that are sums of nothing
// CHECK-DAG: remark: {{.*}}windows that are large together
// CHECK-DAG: remark: {{.*}}many taps

// Tap 1 of the first axis is two lines further, as the dilation says.
// CHECK-LABEL: func.func @two_groups
// CHECK-SAME:    %[[X:.*]]: tensor<?x4x8x9xf32>, %[[W:.*]]: tensor<16x2x2x1xf32>
// CHECK:       %[[P:.*]] = cameo.pad %[[X]]{{.*}} -> tensor<?x4x9x9xf32>
// CHECK:       %[[S:.*]] = cameo.slice %[[P]]{{.*}} -> tensor<?x4x7x5xf32>
// CHECK:       %[[FROM:.*]] = cameo.constant dense<[2, 0]>
// CHECK:       %[[TO:.*]] = cameo.constant dense<9>
// CHECK:       %[[T:.*]] = cameo.slice %[[P]], %[[FROM]], %[[TO]]
// CHECK:       %[[A:.*]] = cameo.reshape %[[S]]{{.*}} -> tensor<?x4x1x35xf32>
// CHECK:       %[[B:.*]] = cameo.reshape %[[T]]
// CHECK:       %[[C:.*]] = cameo.concat %[[A]], %[[B]] {axis = 2 : i64}{{.*}} -> tensor<?x4x2x35xf32>
// CHECK-DAG:   %[[F:.*]] = cameo.reshape %[[W]]{{.*}} -> tensor<2x8x4xf32>
// CHECK-DAG:   %[[G:.*]] = cameo.reshape %[[C]]{{.*}} -> tensor<?x2x4x35xf32>
// CHECK:       %[[M:.*]] = cameo.matmul %[[F]], %[[G]]{{.*}} -> tensor<?x2x8x35xf32>
// CHECK:       %[[Y:.*]] = cameo.reshape %[[M]]{{.*}} -> tensor<?x16x7x5xf32>
// CHECK-NEXT:  return %[[Y]]
func.func @two_groups(%x: tensor<?x4x8x9xf32>, %w: tensor<16x2x2x1xf32>) -> tensor<?x16x7x5xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 2>, dilations = array<i64: 2, 1>, pads = array<i64: 0, 0, 1, 0>, group = 2 : i64} : (tensor<?x4x8x9xf32>, tensor<16x2x2x1xf32>) -> tensor<?x16x7x5xf32>
  return %y : tensor<?x16x7x5xf32>
}

// A channel per group: its taps times numbers.
// CHECK-LABEL: func.func @depthwise
// CHECK:       %[[A:.*]] = cameo.slice %{{.*}} -> tensor<1x3x5xf32>
// CHECK:       %[[B:.*]] = cameo.slice %{{.*}} -> tensor<1x3x5xf32>
// CHECK:       %[[F:.*]] = cameo.reshape %{{.*}} -> tensor<3x2xf32>
// CHECK:       cameo.mul %[[A]], %{{.*}} : (tensor<1x3x5xf32>, tensor<3x1xf32>)
// CHECK:       %[[M:.*]] = cameo.mul %[[B]], %{{.*}}
// CHECK:       %[[Y:.*]] = cameo.add %{{.*}}, %[[M]]
// CHECK-NEXT:  return %[[Y]]
func.func @depthwise(%x: tensor<1x3x6xf32>, %w: tensor<3x1x2xf32>) -> tensor<1x3x5xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 3 : i64} : (tensor<1x3x6xf32>, tensor<3x1x2xf32>) -> tensor<1x3x5xf32>
  return %y : tensor<1x3x5xf32>
}

// CHECK-LABEL: func.func @one_output_stays
// CHECK:       cameo.conv
func.func @one_output_stays(%x: tensor<1x3x6xf32>, %w: tensor<1x3x2xf32>) -> tensor<1x1x5xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x6xf32>, tensor<1x3x2xf32>) -> tensor<1x1x5xf32>
  return %y : tensor<1x1x5xf32>
}

// CHECK-LABEL: func.func @unknown_size_stays
// CHECK:       cameo.conv
func.func @unknown_size_stays(%x: tensor<1x3x?xf32>, %w: tensor<8x3x2xf32>) -> tensor<1x8x?xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x?xf32>, tensor<8x3x2xf32>) -> tensor<1x8x?xf32>
  return %y : tensor<1x8x?xf32>
}

// The micro-kernels' form of it is made by the compiler.
// CHECK-LABEL: func.func @constant_filter_stays
// CHECK:       cameo.conv
func.func @constant_filter_stays(%x: tensor<1x3x6xf32>) -> tensor<1x8x5xf32> {
  %w = cameo.constant dense<1.0> : tensor<8x3x2xf32>
  %y = cameo.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x6xf32>, tensor<8x3x2xf32>) -> tensor<1x8x5xf32>
  return %y : tensor<1x8x5xf32>
}

// Outputs 2 m are tap 1 of pixel m; outputs 2 m + 1 are tap 2 of pixel m and tap 0 of pixel m + 1.
// CHECK-LABEL: func.func @transposed
// CHECK-SAME:    %[[X:.*]]: tensor<1x8x4xf32>, %[[W:.*]]: tensor<8x3x3xf32>
// CHECK:       %[[R:.*]] = cameo.reshape %[[W]]{{.*}} -> tensor<1x8x9xf32>
// CHECK:       %[[F:.*]] = cameo.transpose %[[R]]{{.*}} -> tensor<1x9x8xf32>
// CHECK:       cameo.matmul %[[F]], %{{.*}} -> tensor<1x1x9x4xf32>
// CHECK:       cameo.slice {{.*}} -> tensor<1x3x1x4xf32>
// CHECK:       %[[EVEN:.*]] = cameo.pad {{.*}} -> tensor<1x3x4xf32>
// CHECK:       %[[FIRST:.*]] = cameo.pad {{.*}} -> tensor<1x3x4xf32>
// CHECK:       %[[LAST:.*]] = cameo.pad {{.*}} -> tensor<1x3x4xf32>
// CHECK:       %[[ODD:.*]] = cameo.add %[[FIRST]], %[[LAST]]
// CHECK:       cameo.concat {{.*}} -> tensor<1x3x2x4xf32>
// CHECK:       cameo.transpose {{.*}} {permutation = array<i64: 0, 1, 3, 2>}
// CHECK:       %[[Y:.*]] = cameo.slice {{.*}} -> tensor<1x3x7xf32>
// CHECK-NEXT:  return %[[Y]]
func.func @transposed(%x: tensor<1x8x4xf32>, %w: tensor<8x3x3xf32>) -> tensor<1x3x7xf32> {
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, outputPadding = array<i64: 0>, group = 1 : i64} : (tensor<1x8x4xf32>, tensor<8x3x3xf32>) -> tensor<1x3x7xf32>
  return %y : tensor<1x3x7xf32>
}

// Every third output is nothing's sum.
// CHECK-LABEL: func.func @empty_phases_stay
// CHECK:       cameo.conv_transpose
func.func @empty_phases_stay(%x: tensor<1x8x4xf32>, %w: tensor<8x3x2xf32>) -> tensor<1x3x11xf32> {
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 3>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, outputPadding = array<i64: 0>, group = 1 : i64} : (tensor<1x8x4xf32>, tensor<8x3x2xf32>) -> tensor<1x3x11xf32>
  return %y : tensor<1x3x11xf32>
}

// Products of two would be mostly written and read.
// CHECK-LABEL: func.func @few_channels_stay
// CHECK:       cameo.conv_transpose
func.func @few_channels_stay(%x: tensor<1x2x4xf32>, %w: tensor<2x3x3xf32>) -> tensor<1x3x7xf32> {
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, outputPadding = array<i64: 0>, group = 1 : i64} : (tensor<1x2x4xf32>, tensor<2x3x3xf32>) -> tensor<1x3x7xf32>
  return %y : tensor<1x3x7xf32>
}

// A gigabyte, of 64 images.
// CHECK-LABEL: func.func @large_windows_stay
// CHECK:       cameo.conv
func.func @large_windows_stay(%x: tensor<64x64x99x99xf32>, %w: tensor<64x64x3x3xf32>) -> tensor<64x64x97x97xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<64x64x99x99xf32>, tensor<64x64x3x3xf32>) -> tensor<64x64x97x97xf32>
  return %y : tensor<64x64x97x97xf32>
}

// CHECK-LABEL: func.func @many_taps_stay
// CHECK:       cameo.conv
func.func @many_taps_stay(%x: tensor<1x3x99xf32>, %w: tensor<8x3x65xf32>) -> tensor<1x8x35xf32> {
  %y = cameo.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x99xf32>, tensor<8x3x65xf32>) -> tensor<1x8x35xf32>
  return %y : tensor<1x8x35xf32>
}

// Windows begin at 0 and 1. What is nowhere reads nothing. Constant filters, too.
// CHECK-LABEL: func.func @deformed
// CHECK-SAME:    %[[X:.*]]: tensor<1x2x1x4xf32>, %[[O:.*]]: tensor<1x4x1x3xf32>, %[[M:.*]]: tensor<1x2x1x3xf32>
// CHECK:       %[[R:.*]] = cameo.reshape %[[O]]{{.*}} -> tensor<1x2x2x1x3xf32>
// CHECK:       cameo.slice %[[R]]
// CHECK:       cameo.constant dense<{{.*}}[0.000000e+00, 0.000000e+00], [1.000000e+00, 0.000000e+00], [2.000000e+00, 0.000000e+00]{{.*}}[1.000000e+00, 0.000000e+00], [2.000000e+00, 0.000000e+00], [3.000000e+00, 0.000000e+00]{{.*}}> : tensor<2x1x3x2xf32>
// CHECK:       cameo.where
// CHECK:       %[[G:.*]] = cameo.reshape {{.*}} -> tensor<1x2x3x2xf32>
// CHECK:       %[[S:.*]] = cameo.grid_sample %{{.*}}, %[[G]] {inPixels, mode = "linear", padding = "zeros"}{{.*}} -> tensor<1x2x2x3xf32>
// CHECK:       %[[MASKED:.*]] = cameo.mul %[[S]]
// CHECK:       cameo.reshape %[[MASKED]]{{.*}} -> tensor<1x4x3xf32>
// CHECK:       cameo.matmul {{.*}} -> tensor<1x8x3xf32>
func.func @deformed(%x: tensor<1x2x1x4xf32>, %o: tensor<1x4x1x3xf32>, %m: tensor<1x2x1x3xf32>) -> tensor<1x8x1x3xf32> {
  %w = cameo.constant dense<1.0> : tensor<8x2x1x2xf32>
  %y = cameo.deform_conv %x, %w, %o, %m {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, offsetGroup = 1 : i64} : (tensor<1x2x1x4xf32>, tensor<8x2x1x2xf32>, tensor<1x4x1x3xf32>, tensor<1x2x1x3xf32>) -> tensor<1x8x1x3xf32>
  return %y : tensor<1x8x1x3xf32>
}
