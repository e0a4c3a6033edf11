// RUN: cameo-opt %s --cameo-form-kernels --cameo-append-in-place --remarks-filter=cameo-append-in-place 2>&1 | FileCheck %s

// CHECK: remark: [Passed] inputs continued in place | Category:cameo-append-in-place
// CHECK: remark: [Missed] inputs continued in place | Category:cameo-append-in-place{{.*}}copies its first input: a reduce reads its result, and not by strides
// CHECK: remark: [Missed] inputs continued in place | Category:cameo-append-in-place{{.*}}copies its first input: others read that too, and not by strides

// The keys of a cache and new ones, which attention reads.
// CHECK-LABEL: func.func @appended
// CHECK-SAME:    %arg0: tensor<1x2x?x4xf32> {cameo.cache = array<i64: 0, 2>}
// CHECK:       cameo.kernel(%arg0, %arg1) attributes {appends = 2 : i64}
func.func @appended(%past: tensor<1x2x?x4xf32>, %new: tensor<1x2x1x4xf32>, %q: tensor<1x2x1x4xf32>) -> (tensor<1x2x?x4xf32>, tensor<1x2x1x4xf32>) {
  %k = cameo.concat %past, %new {axis = -2 : i64} : (tensor<1x2x?x4xf32>, tensor<1x2x1x4xf32>) -> tensor<1x2x?x4xf32>
  %y = cameo.attention %q, %k, %k {scale = 1.0 : f32} : (tensor<1x2x1x4xf32>, tensor<1x2x?x4xf32>, tensor<1x2x?x4xf32>) -> tensor<1x2x1x4xf32>
  return %k, %y : tensor<1x2x?x4xf32>, tensor<1x2x1x4xf32>
}

// CHECK-LABEL: func.func @read_in_another_way
// CHECK-NOT:   appends
func.func @read_in_another_way(%past: tensor<1x?x4xf32>, %new: tensor<1x1x4xf32>) -> (tensor<1x?x4xf32>, tensor<1xf32>) {
  %k = cameo.concat %past, %new {axis = 1 : i64} : (tensor<1x?x4xf32>, tensor<1x1x4xf32>) -> tensor<1x?x4xf32>
  %m = cameo.reduce %k {axes = array<i64: 1, 2>, kind = "max"} : (tensor<1x?x4xf32>) -> tensor<1xf32>
  return %k, %m : tensor<1x?x4xf32>, tensor<1xf32>
}

// CHECK-LABEL: func.func @past_is_read_too
// CHECK-NOT:   appends
func.func @past_is_read_too(%past: tensor<1x?x4xf32>, %new: tensor<1x1x4xf32>) -> (tensor<1x?x4xf32>, tensor<1x?x4xf32>) {
  %k = cameo.concat %past, %new {axis = 1 : i64} : (tensor<1x?x4xf32>, tensor<1x1x4xf32>) -> tensor<1x?x4xf32>
  %y = cameo.neg %past : (tensor<1x?x4xf32>) -> tensor<1x?x4xf32>
  return %k, %y : tensor<1x?x4xf32>, tensor<1x?x4xf32>
}
