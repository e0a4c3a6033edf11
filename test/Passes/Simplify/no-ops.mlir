// RUN: cameo-opt %s --cameo-simplify | FileCheck %s

// Views of views are one reshape, or nothing.
// CHECK-LABEL: func.func @views
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>
// CHECK-DAG:   %[[SIZES:.*]] = cameo.constant dense<[0, 2, 4]>
// CHECK:       %[[Y:.*]] = cameo.reshape %[[X]], %[[SIZES]]
// CHECK-NEXT:  return %[[Y]], %[[X]]
func.func @views(%x: tensor<?x8xf32>) -> (tensor<?x2x4xf32>, tensor<?x8xf32>) {
  %s = cameo.constant dense<[0, 1, 2, 4]> : tensor<4xi64>
  %t = cameo.constant dense<[0, 8]> : tensor<2xi64>
  %a = cameo.unsqueeze %x {axes = array<i64: 1>} : (tensor<?x8xf32>) -> tensor<?x1x8xf32>
  %b = cameo.reshape %a, %s : (tensor<?x1x8xf32>, tensor<4xi64>) -> tensor<?x1x2x4xf32>
  %c = cameo.squeeze %b {axes = array<i64: 1>} : (tensor<?x1x2x4xf32>) -> tensor<?x2x4xf32>
  %d = cameo.reshape %c, %t : (tensor<?x2x4xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  return %c, %d : tensor<?x2x4xf32>, tensor<?x8xf32>
}

// Slices of everything, expansions and tiles to the own shape, pads by nothing, and pieces without elements.
// CHECK-LABEL: func.func @nothing_to_do
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>
// CHECK-NEXT:  return %[[X]]
func.func @nothing_to_do(%x: tensor<?x8xf32>, %none: tensor<0x8xf32>) -> tensor<?x8xf32> {
  %zero = cameo.constant dense<0> : tensor<1xi64>
  %end = cameo.constant dense<9223372036854775807> : tensor<1xi64>
  %one = cameo.constant dense<1> : tensor<1xi64>
  %pads = cameo.constant dense<0> : tensor<4xi64>
  %fill = cameo.constant dense<0.0> : tensor<f32>
  %sizes = cameo.constant dense<[1, 8]> : tensor<2xi64>
  %ones = cameo.constant dense<[1, 1]> : tensor<2xi64>
  %a = cameo.slice %x, %zero, %end, %one {axes = array<i64: 0>} : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x8xf32>
  %b = cameo.expand %a, %sizes : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %c = cameo.tile %b, %ones : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %d = cameo.pad %c, %pads, %fill {mode = "constant"} : (tensor<?x8xf32>, tensor<4xi64>, tensor<f32>) -> tensor<?x8xf32>
  %e = cameo.concat %none, %d {axis = 0 : i64} : (tensor<0x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %e : tensor<?x8xf32>
}

// A tile is an expansion: of an axis that is there already, or of one beside each that repeats. Sizes may be open.
// CHECK-LABEL: func.func @tiles
// CHECK-SAME:    %[[X:.*]]: tensor<?x1x4xf32>
// CHECK-DAG:   %[[APART:.*]] = cameo.constant dense<[0, 1, 1, 4]>
// CHECK-DAG:   %[[SIZES:.*]] = cameo.constant dense<[1, 2, 3, 1]>
// CHECK-DAG:   %[[TOGETHER:.*]] = cameo.constant dense<[0, 2, 12]>
// CHECK:       %[[A:.*]] = cameo.reshape %[[X]], %[[APART]]
// CHECK-NEXT:  %[[B:.*]] = cameo.expand %[[A]], %[[SIZES]]
// CHECK-NEXT:  %[[C:.*]] = cameo.reshape %[[B]], %[[TOGETHER]]
// CHECK-NEXT:  %[[D:.*]] = cameo.expand %[[X]]
// CHECK-NEXT:  return %[[C]], %[[D]]
func.func @tiles(%x: tensor<?x1x4xf32>) -> (tensor<?x2x12xf32>, tensor<?x5x4xf32>) {
  %r = cameo.constant dense<[1, 2, 3]> : tensor<3xi64>
  %s = cameo.constant dense<[1, 5, 1]> : tensor<3xi64>
  %a = cameo.tile %x, %r : (tensor<?x1x4xf32>, tensor<3xi64>) -> tensor<?x2x12xf32>
  %b = cameo.tile %x, %s : (tensor<?x1x4xf32>, tensor<3xi64>) -> tensor<?x5x4xf32>
  return %a, %b : tensor<?x2x12xf32>, tensor<?x5x4xf32>
}

// What the run repeats, and an axis of several open sizes, stays.
// CHECK-LABEL: func.func @tiles_that_stay
// CHECK-COUNT-2: cameo.tile
func.func @tiles_that_stay(%x: tensor<?x?xf32>, %r: tensor<2xi64>) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  %s = cameo.constant dense<[2, 2]> : tensor<2xi64>
  %a = cameo.tile %x, %r : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %b = cameo.tile %x, %s : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %a, %b : tensor<?x?xf32>, tensor<?x?xf32>
}

// No tensor has more bytes than a process has addresses: of long rows there are fewer than 2^31 - 1, of short ones not.
// CHECK-LABEL: func.func @ends_that_no_axis_reaches
// CHECK-SAME:    %[[X:.*]]: tensor<?x512x512xf32>, %[[Y:.*]]: tensor<?x8xf32>
// CHECK:       %[[Z:.*]] = cameo.slice %[[Y]]
// CHECK-NEXT:  return %[[X]], %[[Z]]
func.func @ends_that_no_axis_reaches(%x: tensor<?x512x512xf32>, %y: tensor<?x8xf32>) -> (tensor<?x512x512xf32>, tensor<?x8xf32>) {
  %zero = cameo.constant dense<0> : tensor<1xi64>
  %end = cameo.constant dense<2147483647> : tensor<1xi64>
  %one = cameo.constant dense<1> : tensor<1xi64>
  %a = cameo.slice %x, %zero, %end, %one {axes = array<i64: 0>} : (tensor<?x512x512xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x512x512xf32>
  %b = cameo.slice %y, %zero, %end, %one {axes = array<i64: 0>} : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x8xf32>
  return %a, %b : tensor<?x512x512xf32>, tensor<?x8xf32>
}

// The branch of a known condition takes the place of its if.
// CHECK-LABEL: func.func @known_branch
// CHECK-NOT:   cameo.if
// CHECK:       %[[Y:.*]] = cameo.neg
// CHECK:       return %[[Y]]
func.func @known_branch(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = cameo.constant dense<false> : tensor<i1>
  %y = cameo.if %c {
    %a = cameo.relu %x : (tensor<4xf32>) -> tensor<4xf32>
    cameo.yield %a : tensor<4xf32>
  } else {
    %a = cameo.neg %x : (tensor<4xf32>) -> tensor<4xf32>
    cameo.yield %a : tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// A slice that steps, one whose bounds only the run knows, and a branch that only the run takes, stay.
// CHECK-LABEL: func.func @these_stay
// CHECK:       cameo.slice
// CHECK:       cameo.slice
// CHECK:       cameo.if
func.func @these_stay(%x: tensor<8xf32>, %end: tensor<1xi64>, %c: tensor<i1>) -> (tensor<8xf32>, tensor<?xf32>, tensor<8xf32>) {
  %last = cameo.constant dense<-1> : tensor<1xi64>
  %before = cameo.constant dense<-9223372036854775808> : tensor<1xi64>
  %zero = cameo.constant dense<0> : tensor<1xi64>
  %one = cameo.constant dense<1> : tensor<1xi64>
  %reversed = cameo.slice %x, %last, %before, %last {axes = array<i64: 0>} : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<8xf32>
  %some = cameo.slice %x, %zero, %end, %one {axes = array<i64: 0>} : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  %y = cameo.if %c {
    cameo.yield %x : tensor<8xf32>
  } else {
    cameo.yield %reversed : tensor<8xf32>
  } : (tensor<i1>) -> tensor<8xf32>
  return %reversed, %some, %y : tensor<8xf32>, tensor<?xf32>, tensor<8xf32>
}

// Axes may be counted from the end.
// CHECK-LABEL: func.func @concat_of_empty_from_the_end
// CHECK-SAME:    %[[X:.*]]: tensor<2x3xf32>, %{{.*}}: tensor<2x0xf32>, %[[Y:.*]]: tensor<2x1xf32>
// CHECK-NEXT:  cameo.concat %[[X]], %[[Y]]
func.func @concat_of_empty_from_the_end(%x: tensor<2x3xf32>, %e: tensor<2x0xf32>, %y: tensor<2x1xf32>) -> tensor<2x4xf32> {
  %r = cameo.concat %x, %e, %y {axis = -1 : i64} : (tensor<2x3xf32>, tensor<2x0xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}

// An operand that only its expansion gives the result's rank keeps it.
// CHECK-LABEL: func.func @expand_to_another_rank
// CHECK:         %[[E:.*]] = cameo.expand
// CHECK:         cameo.add %[[E]]
func.func @expand_to_another_rank(%x: tensor<5xf32>, %y: tensor<1xf32>) -> tensor<1x5xf32> {
  %sizes = cameo.constant dense<[1, 1]> : tensor<2xi64>
  %e = cameo.expand %x, %sizes : (tensor<5xf32>, tensor<2xi64>) -> tensor<1x5xf32>
  %z = cameo.add %e, %y : (tensor<1x5xf32>, tensor<1xf32>) -> tensor<1x5xf32>
  return %z : tensor<1x5xf32>
}
