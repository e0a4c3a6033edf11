// RUN: cameo-opt %s --cameo-infer-shapes --cameo-simplify --cameo-fold-sizes | FileCheck %s

// CHECK-LABEL: func.func @slice_of_slice
// CHECK-DAG:   %[[S:.*]] = cameo.constant dense<[1, 2]>
// CHECK-DAG:   %[[E:.*]] = cameo.constant dense<[3, 6]>
// CHECK:       cameo.slice %{{.*}}, %[[S]], %[[E]], %{{.*}} {axes = array<i64: 0, 1>}
// CHECK-NEXT:  return
func.func @slice_of_slice(%x: tensor<4x8xf32>) -> tensor<2x4xf32> {
  %one = cameo.constant dense<1> : tensor<1xi64>
  %two = cameo.constant dense<2> : tensor<1xi64>
  %three = cameo.constant dense<3> : tensor<1xi64>
  %six = cameo.constant dense<6> : tensor<1xi64>
  %a = cameo.slice %x, %one, %three, %one {axes = array<i64: 0>} : (tensor<4x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x8xf32>
  %b = cameo.slice %a, %two, %six, %one {axes = array<i64: 1>} : (tensor<2x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x4xf32>
  return %b : tensor<2x4xf32>
}

// The second piece of a concatenation, and a part of the first.
// CHECK-LABEL: func.func @slice_of_concat
// CHECK-SAME:    %[[X:.*]]: tensor<3xf32>, %[[Y:.*]]: tensor<2xf32>
// CHECK-NOT:   cameo.concat
// CHECK:       %[[PART:.*]] = cameo.slice %[[X]]
// CHECK:       return %[[Y]], %[[PART]]
func.func @slice_of_concat(%x: tensor<3xf32>, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %one = cameo.constant dense<1> : tensor<1xi64>
  %three = cameo.constant dense<3> : tensor<1xi64>
  %end = cameo.constant dense<5> : tensor<1xi64>
  %c = cameo.concat %x, %y {axis = 0 : i64} : (tensor<3xf32>, tensor<2xf32>) -> tensor<5xf32>
  %a = cameo.slice %c, %three, %end, %one {axes = array<i64: 0>} : (tensor<5xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2xf32>
  %b = cameo.slice %c, %one, %three, %one {axes = array<i64: 0>} : (tensor<5xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2xf32>
  return %a, %b : tensor<2xf32>, tensor<2xf32>
}

// A split that is joined again is gone; in another order it stays.
// CHECK-LABEL: func.func @split_and_join
// CHECK-SAME:    %[[X:.*]]: tensor<6xf32>
// CHECK:       %[[SWAPPED:.*]] = cameo.concat
// CHECK:       return %[[X]], %[[SWAPPED]]
func.func @split_and_join(%x: tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>) {
  %zero = cameo.constant dense<0> : tensor<1xi64>
  %one = cameo.constant dense<1> : tensor<1xi64>
  %half = cameo.constant dense<-3> : tensor<1xi64>
  %end = cameo.constant dense<6> : tensor<1xi64>
  %a = cameo.slice %x, %zero, %half, %one {axes = array<i64: 0>} : (tensor<6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xf32>
  %b = cameo.slice %x, %half, %end, %one {axes = array<i64: 0>} : (tensor<6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xf32>
  %y = cameo.concat %a, %b {axis = 0 : i64} : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
  %z = cameo.concat %b, %a {axis = 0 : i64} : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
  return %y, %z : tensor<6xf32>, tensor<6xf32>
}

// What begins with all that another concatenation joins begins with its result; an earlier beginning is the longest.
// CHECK-LABEL: func.func @concat_of_concat
// CHECK:       %[[XY:.*]] = cameo.concat %arg0, %arg1 {axis = 0 : i64}
// CHECK:       %[[XYZ:.*]] = cameo.concat %[[XY]], %arg2 {axis = 0 : i64}
// CHECK:       %[[ALL:.*]] = cameo.concat %[[XYZ]], %arg0 {axis = -1 : i64}
// CHECK:       %[[OTHER:.*]] = cameo.concat %arg1, %arg0 {axis = 0 : i64}
// CHECK:       return %[[XY]], %[[XYZ]], %[[ALL]], %[[OTHER]]
func.func @concat_of_concat(%x: tensor<3xf32>, %y: tensor<2xf32>, %z: tensor<1xf32>) -> (tensor<5xf32>, tensor<6xf32>, tensor<9xf32>, tensor<5xf32>) {
  %xy = cameo.concat %x, %y {axis = 0 : i64} : (tensor<3xf32>, tensor<2xf32>) -> tensor<5xf32>
  %xyz = cameo.concat %x, %y, %z {axis = 0 : i64} : (tensor<3xf32>, tensor<2xf32>, tensor<1xf32>) -> tensor<6xf32>
  %all = cameo.concat %x, %y, %z, %x {axis = -1 : i64} : (tensor<3xf32>, tensor<2xf32>, tensor<1xf32>, tensor<3xf32>) -> tensor<9xf32>
  %other = cameo.concat %y, %x {axis = 0 : i64} : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  return %xy, %xyz, %all, %other : tensor<5xf32>, tensor<6xf32>, tensor<9xf32>, tensor<5xf32>
}
