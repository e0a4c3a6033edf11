// RUN: cameo-opt %s --cameo-observe-layers --split-input-file | FileCheck %s

// Two layers read one activation, which is shown once.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    %[[X:.*]]: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32> {cameo.name = "observed:0"}, tensor<3x2xf32> {cameo.name = "observed:2"})
// CHECK:       %[[A:.*]] = cameo.matmul %[[X]]
// CHECK:       %[[Y:.*]] = cameo.matmul %[[A]]
// CHECK:       return %[[Y]], %[[X]], %[[A]]
func.func @main(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x2xf32>
  %a = cameo.matmul %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %b = cameo.matmul %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %y = cameo.matmul %a, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// A branch shows the rows that its layer reads, the other branch none.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    (tensor<3x2xf32>, tensor<?x2xf32> {cameo.name = "observed:0"}, tensor<?x2xf32> {cameo.name = "observed:1"})
// CHECK:       %[[Y:.*]]:3 = cameo.if
// CHECK:         %[[E:.*]] = cameo.exp
// CHECK:         %[[ROWS:.*]] = cameo.reshape
// CHECK:         cameo.yield %{{.*}}, %[[ROWS]], %{{.*}} : tensor<3x2xf32>, tensor<3x2xf32>, tensor<0x2xf32>
// CHECK:       } else {
// CHECK:         %[[NONE:.*]] = cameo.constant dense<> : tensor<0x2xf32>
// CHECK:         cameo.yield %{{.*}}, %[[NONE]], %{{.*}} : tensor<3x2xf32>, tensor<0x2xf32>, tensor<3x2xf32>
// CHECK:       return %[[Y]]#0, %[[Y]]#1, %[[Y]]#2
func.func @main(%x: tensor<3x2xf32>, %c: tensor<i1>) -> tensor<3x2xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x2xf32>
  %y = cameo.if %c {
    %e = cameo.exp %x : (tensor<3x2xf32>) -> tensor<3x2xf32>
    %a = cameo.matmul %e, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
    cameo.yield %a : tensor<3x2xf32>
  } else {
    %a = cameo.matmul %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
    cameo.yield %a : tensor<3x2xf32>
  } : (tensor<i1>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// A loop carries the rows of all iterations; channels become the last axis.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    tensor<?x4xf32> {cameo.name = "observed:0"})
// CHECK:       %[[EMPTY:.*]] = cameo.constant dense<> : tensor<0x4xf32>
// CHECK:       %[[Y:.*]]:2 = cameo.loop times %{{.*}} carry(%{{.*}}, %[[EMPTY]])
// CHECK:       ^bb0({{.*}}, %[[BEFORE:.*]]: tensor<?x4xf32>):
// CHECK:         cameo.transpose %{{.*}} {permutation = array<i64: 0, 2, 1>} : (tensor<1x4x5xf32>) -> tensor<1x5x4xf32>
// CHECK:         %[[ROWS:.*]] = cameo.reshape {{.*}} -> tensor<5x4xf32>
// CHECK:         %[[ALL:.*]] = cameo.concat %[[BEFORE]], %[[ROWS]] {axis = 0 : i64}
// CHECK:         cameo.yield %{{.*}}, %{{.*}}, %[[ALL]]
// CHECK:       return %[[Y]]#0, %[[Y]]#1
func.func @main(%x: tensor<1x4x5xf32>, %n: tensor<i64>) -> tensor<1x4x5xf32> {
  %w = cameo.constant dense<1.0> : tensor<4x4x1xf32>
  %y = cameo.loop times %n carry(%x) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %h: tensor<1x4x5xf32>):
    %t = cameo.conv %h, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x4x5xf32>, tensor<4x4x1xf32>) -> tensor<1x4x5xf32>
    cameo.yield %go, %t : tensor<i1>, tensor<1x4x5xf32>
  } : (tensor<i64>, tensor<1x4x5xf32>) -> tensor<1x4x5xf32>
  return %y : tensor<1x4x5xf32>
}

// -----

// How many channels there are the weights know, where the type of what is carried does not.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    tensor<?x2xf32> {cameo.name = "observed:0"})
func.func @main(%x: tensor<?x?xf32>, %n: tensor<i64>) -> tensor<?x?xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x2xf32>
  %y = cameo.loop times %n carry(%x) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %h: tensor<?x?xf32>):
    %t = cameo.matmul %h, %w : (tensor<?x?xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
    cameo.yield %go, %t : tensor<i1>, tensor<?x2xf32>
  } : (tensor<i64>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
