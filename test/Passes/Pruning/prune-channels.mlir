// RUN: cameo-opt %s --split-input-file --cameo-prune-channels="share=0.5 multiple=1" --cameo-infer-shapes | FileCheck %s
// RUN: cameo-opt %s --split-input-file --cameo-prune-channels="share=0.5 multiple=1 masked" | FileCheck %s --check-prefix=MASKED
// RUN: cameo-opt %s --split-input-file --cameo-prune-channels="share=0" | FileCheck %s --check-prefix=NOTHING

// Columns 1 and 3 of the first weights, with the rows of the second that read them, weigh least. Masked, those rows are 0.
// CHECK-LABEL: func.func @layers
// CHECK-SAME:    %[[X:.*]]: tensor<3x2xf32>
// CHECK-DAG:   %[[V:.*]] = cameo.constant dense<{{\[\[}}5.000000e+00, 6.000000e+00], [7.000000e+00, 8.000000e+00]]>
// CHECK-DAG:   %[[W:.*]] = cameo.constant dense<{{\[\[}}5.000000e+00], [7.000000e+00]]>
// CHECK:       %[[A:.*]] = cameo.matmul %[[X]], %[[V]] : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
// CHECK:       %[[B:.*]] = cameo.relu %[[A]]
// CHECK:       cameo.matmul %[[B]], %[[W]] : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
// MASKED-LABEL: func.func @layers
// MASKED:      cameo.constant dense<{{\[\[}}5.000000e+00, 1.000000e+00, 6.000000e+00, 2.000000e+00]
// MASKED:      cameo.constant dense<{{\[\[}}5.000000e+00], [0.000000e+00], [7.000000e+00], [0.000000e+00]]>
// NOTHING-LABEL: func.func @layers
// NOTHING:     cameo.constant dense<{{\[\[}}5.000000e+00], [1.000000e+00], [7.000000e+00], [2.000000e+00]]>
func.func @layers(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %v = cameo.constant dense<[[5.0, 1.0, 6.0, 2.0], [7.0, 1.0, 8.0, 2.0]]> : tensor<2x4xf32>
  %w = cameo.constant dense<[[5.0], [1.0], [7.0], [2.0]]> : tensor<4x1xf32>
  %a = cameo.matmul %x, %v : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %b = cameo.relu %a : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = cameo.matmul %b, %w : (tensor<3x4xf32>, tensor<4x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

// Both operands of the addition lose the same channels; the depthwise convolution in between is one of fewer groups.
// CHECK-LABEL: func.func @residual
// CHECK:       cameo.conv %{{.*}}group = 1 : i64{{.*}}(tensor<1x3x4x4xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x4x4xf32>
// CHECK:       cameo.conv %{{.*}}group = 2 : i64{{.*}}(tensor<1x2x4x4xf32>, tensor<2x1x3x3xf32>) -> tensor<1x2x4x4xf32>
// CHECK:       cameo.add %{{.*}}(tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>)
// CHECK:       cameo.conv %{{.*}}(tensor<1x2x4x4xf32>, tensor<5x2x1x1xf32>) -> tensor<1x5x4x4xf32>
func.func @residual(%x: tensor<1x3x4x4xf32>) -> tensor<1x5x4x4xf32> {
  %v = cameo.constant dense<1.0> : tensor<4x3x1x1xf32>
  %d = cameo.constant dense<1.0> : tensor<4x1x3x3xf32>
  %w = cameo.constant dense<1.0> : tensor<5x4x1x1xf32>
  %a = cameo.conv %x, %v {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x3x4x4xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x4x4xf32>
  %b = cameo.conv %a, %d {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 4 : i64} : (tensor<1x4x4x4xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x4x4xf32>
  %c = cameo.add %a, %b : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %y = cameo.conv %c, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x4x4x4xf32>, tensor<5x4x1x1xf32>) -> tensor<1x5x4x4xf32>
  return %y : tensor<1x5x4x4xf32>
}

// -----

// Of four query heads over two key heads, a key head goes with the two that read it, and with all their columns.
// CHECK-LABEL: func.func @grouped_query_heads
// CHECK-DAG:   cameo.matmul %{{.*}}(tensor<1x?x8xf32>, tensor<8x4xf32>) -> tensor<1x?x4xf32>
// CHECK-DAG:   cameo.matmul %{{.*}}(tensor<1x?x8xf32>, tensor<8x2xf32>) -> tensor<1x?x2xf32>
// CHECK:       cameo.attention %{{.*}}(tensor<1x2x?x2xf32>, tensor<1x1x?x2xf32>, tensor<1x1x?x2xf32>) -> tensor<1x2x?x2xf32>
// CHECK:       cameo.matmul %{{.*}}(tensor<1x?x4xf32>, tensor<4x8xf32>) -> tensor<1x?x8xf32>
func.func @grouped_query_heads(%x: tensor<1x?x8xf32>) -> tensor<1x?x8xf32> {
  %wq = cameo.constant dense<1.0> : tensor<8x8xf32>
  %wk = cameo.constant dense<1.0> : tensor<8x4xf32>
  %wo = cameo.constant dense<1.0> : tensor<8x8xf32>
  %heads = cameo.constant dense<[0, 0, -1, 2]> : tensor<4xi64>
  %joined = cameo.constant dense<[0, 0, 8]> : tensor<3xi64>
  %q0 = cameo.matmul %x, %wq : (tensor<1x?x8xf32>, tensor<8x8xf32>) -> tensor<1x?x8xf32>
  %k0 = cameo.matmul %x, %wk : (tensor<1x?x8xf32>, tensor<8x4xf32>) -> tensor<1x?x4xf32>
  %v0 = cameo.matmul %x, %wk : (tensor<1x?x8xf32>, tensor<8x4xf32>) -> tensor<1x?x4xf32>
  %q1 = cameo.reshape %q0, %heads : (tensor<1x?x8xf32>, tensor<4xi64>) -> tensor<1x?x4x2xf32>
  %k1 = cameo.reshape %k0, %heads : (tensor<1x?x4xf32>, tensor<4xi64>) -> tensor<1x?x2x2xf32>
  %v1 = cameo.reshape %v0, %heads : (tensor<1x?x4xf32>, tensor<4xi64>) -> tensor<1x?x2x2xf32>
  %q = cameo.transpose %q1 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x?x4x2xf32>) -> tensor<1x4x?x2xf32>
  %k = cameo.transpose %k1 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x?x2x2xf32>) -> tensor<1x2x?x2xf32>
  %v = cameo.transpose %v1 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x?x2x2xf32>) -> tensor<1x2x?x2xf32>
  %a = cameo.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<1x4x?x2xf32>, tensor<1x2x?x2xf32>, tensor<1x2x?x2xf32>) -> tensor<1x4x?x2xf32>
  %b = cameo.transpose %a {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x4x?x2xf32>) -> tensor<1x?x4x2xf32>
  %c = cameo.reshape %b, %joined : (tensor<1x?x4x2xf32>, tensor<3xi64>) -> tensor<1x?x8xf32>
  %y = cameo.matmul %c, %wo : (tensor<1x?x8xf32>, tensor<8x8xf32>) -> tensor<1x?x8xf32>
  return %y : tensor<1x?x8xf32>
}

// -----

// A concatenation's parts (its axis counts from the end) lose channels of their own, and the slice that takes them apart again knows where they begin.
// CHECK-LABEL: func.func @parts
// CHECK:       %[[ALL:.*]] = cameo.concat %{{.*}}(tensor<3x1xf32>, tensor<3x2xf32>) -> tensor<3x3xf32>
// CHECK:       %[[START:.*]] = cameo.constant dense<1> : tensor<1xi64>
// CHECK:       %[[END:.*]] = cameo.constant dense<3> : tensor<1xi64>
// CHECK:       cameo.slice %[[ALL]], %[[START]], %[[END]], %{{.*}} -> tensor<3x2xf32>
func.func @parts(%x: tensor<3x2xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>) {
  %u = cameo.constant dense<1.0> : tensor<2x2xf32>
  %v = cameo.constant dense<1.0> : tensor<2x4xf32>
  %w = cameo.constant dense<1.0> : tensor<6x1xf32>
  %t = cameo.constant dense<1.0> : tensor<4x1xf32>
  %start = cameo.constant dense<2> : tensor<1xi64>
  %end = cameo.constant dense<6> : tensor<1xi64>
  %step = cameo.constant dense<1> : tensor<1xi64>
  %a = cameo.matmul %x, %u : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %b = cameo.matmul %x, %v : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %c = cameo.concat %a, %b {axis = -1 : i64} : (tensor<3x2xf32>, tensor<3x4xf32>) -> tensor<3x6xf32>
  %y = cameo.matmul %c, %w : (tensor<3x6xf32>, tensor<6x1xf32>) -> tensor<3x1xf32>
  %d = cameo.slice %c, %start, %end, %step {axes = array<i64: 1>} : (tensor<3x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3x4xf32>
  %z = cameo.matmul %d, %t : (tensor<3x4xf32>, tensor<4x1xf32>) -> tensor<3x1xf32>
  return %y, %z : tensor<3x1xf32>, tensor<3x1xf32>
}

// -----

// Options that make no sense are refused.
// RUN: not cameo-opt %s --split-input-file --cameo-prune-channels="share=1" 2>&1 | FileCheck %s --check-prefix=WRONG
// WRONG: error: shares are from 0 to below 1{{.*}}found share=1
// RUN: not cameo-opt %s --split-input-file --cameo-prune-channels="shares=0.1,1.5" 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: error: shares are from 0 to below 1{{.*}}found shares[1]=1.5

// What softmax reads, and what the function returns, stays.
// CHECK-LABEL: func.func @rows_stay
// CHECK:       cameo.matmul %{{.*}}(tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
// CHECK:       cameo.matmul %{{.*}}(tensor<3x4xf32>, tensor<4x6xf32>) -> tensor<3x6xf32>
func.func @rows_stay(%x: tensor<3x2xf32>) -> tensor<3x6xf32> {
  %v = cameo.constant dense<1.0> : tensor<2x4xf32>
  %w = cameo.constant dense<1.0> : tensor<4x6xf32>
  %a = cameo.matmul %x, %v : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %b = cameo.softmax %a {axis = -1 : i64} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = cameo.matmul %b, %w : (tensor<3x4xf32>, tensor<4x6xf32>) -> tensor<3x6xf32>
  return %y : tensor<3x6xf32>
}

// -----

// The second channel is twice the first: where second moments say so, the weights of the one that stays do the work of both.
// (With the ridge of 1 % of the mean moment, 4 stands for 3 + 2 * 0.49.)
// CHECK-LABEL: func.func @reconstructed
// CHECK:       cameo.constant dense<3.49{{.*}}> : tensor<1x1xf32>
func.func @reconstructed(%x: tensor<3x1xf32>) -> tensor<3x1xf32> {
  %v = cameo.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %w = cameo.constant dense<[[1.0], [3.0]]> : tensor<2x1xf32>
  %a = cameo.matmul %x, %v : (tensor<3x1xf32>, tensor<1x2xf32>) -> tensor<3x2xf32>
  %y = cameo.matmul %a, %w {cameo.observed = {square = array<f32: 1.0, 4.0>, gram = array<f32: 1.0, 2.0, 2.0, 4.0>}} : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

// A bias that is shared by chance with what stays, as zeros are, ties nothing.
// CHECK-LABEL: func.func @shared_bias
// CHECK:       cameo.add %{{.*}}(tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
// CHECK:       cameo.add %{{.*}}(tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
func.func @shared_bias(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %v = cameo.constant dense<1.0> : tensor<4x4xf32>
  %bias = cameo.constant dense<0.0> : tensor<4xf32>
  %a = cameo.matmul %x, %v : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32>
  %b = cameo.add %a, %bias : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  %c = cameo.matmul %b, %v : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32>
  %y = cameo.add %c, %bias : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
