// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics | FileCheck %s

// What the shape functions know becomes part of the types, and of the function's.
// CHECK-LABEL: func.func @constants_reach_the_types
// CHECK-SAME: -> tensor<2x8xf32>
// CHECK: cameo.relu {{.*}} -> tensor<2x8xf32>
func.func @constants_reach_the_types(%x: tensor<2x8xf32>) -> tensor<?x?xf32> {
  %y = cameo.relu %x : (tensor<2x8xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// A size that only the run knows stays open.
// CHECK-LABEL: func.func @unknown_size_stays
// CHECK: cameo.relu {{.*}} -> tensor<?x8xf32>
func.func @unknown_size_stays(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = cameo.relu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// A type may know more than the shape function.
// CHECK-LABEL: func.func @narrower_type_stays
// CHECK: cameo.relu {{.*}} -> tensor<4x8xf32>
func.func @narrower_type_stays(%x: tensor<?x8xf32>) -> tensor<4x8xf32> {
  %y = cameo.relu %x : (tensor<?x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// Regions come before the op that holds them.
// CHECK-LABEL: func.func @branches
// CHECK: : (tensor<i1>) -> tensor<2xf32>
func.func @branches(%c: tensor<i1>, %x: tensor<2xf32>) -> tensor<?xf32> {
  %y = cameo.if %c {
    %a = cameo.relu %x : (tensor<2xf32>) -> tensor<?xf32>
    cameo.yield %a : tensor<?xf32>
  } else {
    cameo.yield %x : tensor<2xf32>
  } : (tensor<i1>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @size_contradicts_operands(%x: tensor<2x8xf32>) -> tensor<3x8xf32> {
  // expected-error@+1 {{'cameo.relu' op result 0 has type 'tensor<3x8xf32>', but its operands give 'tensor<2x8xf32>'}}
  %y = cameo.relu %x : (tensor<2x8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

func.func @element_type_contradicts_operands(%x: tensor<2xf32>) -> tensor<2xf64> {
  // expected-error@+1 {{'cameo.relu' op result 0 has type 'tensor<2xf64>', but its operands give 'tensor<2xf32>'}}
  %y = cameo.relu %x : (tensor<2xf32>) -> tensor<2xf64>
  return %y : tensor<2xf64>
}
