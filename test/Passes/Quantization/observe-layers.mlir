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

// A layer inside of control flow runs as often as its condition says, and is not shown.
// CHECK-LABEL: func.func @main
// CHECK-NOT:   observed
// CHECK:       cameo.if
// CHECK:       return %{{[^,]*}} : tensor<3x2xf32>
func.func @main(%x: tensor<3x2xf32>, %c: tensor<i1>) -> tensor<3x2xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x2xf32>
  %y = cameo.if %c {
    %a = cameo.matmul %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
    cameo.yield %a : tensor<3x2xf32>
  } else {
    cameo.yield %x : tensor<3x2xf32>
  } : (tensor<i1>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
