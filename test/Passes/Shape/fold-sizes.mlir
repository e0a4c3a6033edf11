// RUN: cameo-opt %s --cameo-infer-shapes --cameo-fold-sizes | FileCheck %s

// The sizes of a reshape come from arithmetic: what is a constant, the operand's, or the rest is said so, and the arithmetic is gone.
// CHECK-LABEL: func.func @reshape_by_arithmetic
// CHECK-SAME:    %[[X:.*]]: tensor<?x?x768xf32>) -> tensor<?x?x12x64xf32>
// CHECK-NEXT:  %[[SIZES:.*]] = cameo.constant dense<[0, 0, 12, 64]>
// CHECK-NEXT:  %[[Y:.*]] = cameo.reshape %[[X]], %[[SIZES]] : (tensor<?x?x768xf32>, tensor<4xi64>) -> tensor<?x?x12x64xf32>
// CHECK-NEXT:  return %[[Y]]
func.func @reshape_by_arithmetic(%x: tensor<?x?x768xf32>) -> tensor<?x?x?x?xf32> {
  %lead = cameo.shape_of %x {start = 0 : i64, end = 2 : i64} : (tensor<?x?x768xf32>) -> tensor<2xi64>
  %last = cameo.shape_of %x {start = 2 : i64, end = 3 : i64} : (tensor<?x?x768xf32>) -> tensor<1xi64>
  %heads = cameo.constant dense<12> : tensor<1xi64>
  %depth = cameo.div %last, %heads : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %sizes = cameo.concat %lead, %heads, %depth {axis = 0 : i64} : (tensor<2xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %y = cameo.reshape %x, %sizes : (tensor<?x?x768xf32>, tensor<4xi64>) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}

// One size that is neither constant nor copied is what remains.
// CHECK-LABEL: func.func @rest
// CHECK:       cameo.constant dense<[-1, 64]>
// CHECK:       cameo.reshape {{.*}} -> tensor<?x64xf32>
func.func @rest(%x: tensor<?x?x64xf32>) -> tensor<?x64xf32> {
  %b = cameo.shape_of %x {start = 0 : i64, end = 1 : i64} : (tensor<?x?x64xf32>) -> tensor<1xi64>
  %s = cameo.shape_of %x {start = 1 : i64, end = 2 : i64} : (tensor<?x?x64xf32>) -> tensor<1xi64>
  %n = cameo.mul %b, %s : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %d = cameo.constant dense<64> : tensor<1xi64>
  %sizes = cameo.concat %n, %d {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %y = cameo.reshape %x, %sizes : (tensor<?x?x64xf32>, tensor<2xi64>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// Sizes of a static operand are a constant.
// CHECK-LABEL: func.func @sizes_of_static
// CHECK-NEXT:  %[[SIZES:.*]] = cameo.constant dense<[4, 8]> : tensor<2xi64>
// CHECK-NEXT:  return %[[SIZES]]
func.func @sizes_of_static(%x: tensor<4x8xf32>) -> tensor<2xi64> {
  %sizes = cameo.shape_of %x {start = 0 : i64, end = 2 : i64} : (tensor<4x8xf32>) -> tensor<2xi64>
  return %sizes : tensor<2xi64>
}

// Two sizes that only the run can tell stay as they are, and so does what computes them.
// CHECK-LABEL: func.func @two_unknown_sizes_stay
// CHECK:       %[[N:.*]] = cameo.non_zero
// CHECK:       %[[SIZE:.*]] = cameo.shape_of %[[N]]
// CHECK:       %[[SIZES:.*]] = cameo.concat %[[SIZE]], %[[SIZE]]
// CHECK:       cameo.reshape %{{.*}}, %[[SIZES]] : {{.*}} -> tensor<?x?xf32>
func.func @two_unknown_sizes_stay(%x: tensor<?xf32>, %flags: tensor<2x?xi64>) -> tensor<2x?xi64> {
  %n = cameo.non_zero %flags : (tensor<2x?xi64>) -> tensor<2x?xi64>
  %sizes = cameo.shape_of %n {start = 1 : i64, end = 2 : i64} : (tensor<2x?xi64>) -> tensor<1xi64>
  %both = cameo.concat %sizes, %sizes {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %y = cameo.reshape %x, %both : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %z = cameo.non_zero %y : (tensor<?x?xf32>) -> tensor<2x?xi64>
  return %z : tensor<2x?xi64>
}

// Sizes that stay symbolic are left to the entry function.
// CHECK-LABEL: func.func @symbolic_sizes_stay
// CHECK:       cameo.shape_of
// CHECK:       cameo.expand
func.func @symbolic_sizes_stay(%x: tensor<?x8xf32>, %y: tensor<1x8xf32>) -> tensor<?x8xf32> {
  %sizes = cameo.shape_of %x {start = 0 : i64, end = 2 : i64} : (tensor<?x8xf32>) -> tensor<2xi64>
  %z = cameo.expand %y, %sizes : (tensor<1x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}
