// RUN: cameo-opt %s --cameo-fold-constants --mlir-disable-threading | FileCheck %s

// What depends on constants alone is computed; what depends on the input is not.
// CHECK-LABEL: func.func @scale_of_constants
// CHECK-NEXT:  %[[C:.*]] = cameo.constant dense<[2.000000e+00, 6.000000e+00]> : tensor<2xf32>
// CHECK-NEXT:  %[[Y:.*]] = cameo.mul %{{.*}}, %[[C]]
// CHECK-NEXT:  return %[[Y]]
func.func @scale_of_constants(%x: tensor<2xf32>) -> tensor<2xf32> {
  %a = cameo.constant dense<[4.0, 36.0]> : tensor<2xf32>
  %b = cameo.sqrt %a : (tensor<2xf32>) -> tensor<2xf32>
  %y = cameo.mul %x, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// Results of several types, one of them only used by the other.
// CHECK-LABEL: func.func @types
// CHECK-DAG:   %[[F:.*]] = cameo.constant dense<{{\[}}[1.000000e+00, 3.000000e+00], [2.000000e+00, 4.000000e+00]]> : tensor<2x2xf16>
// CHECK-DAG:   %[[B:.*]] = cameo.constant dense<{{\[}}[false, true], [true, true]]> : tensor<2x2xi1>
// CHECK:       return %[[F]], %[[B]]
func.func @types() -> (tensor<2x2xf16>, tensor<2x2xi1>) {
  %a = cameo.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf16>
  %one = cameo.constant dense<1.0> : tensor<f16>
  %t = cameo.transpose %a {permutation = array<i64: 1, 0>} : (tensor<2x2xf16>) -> tensor<2x2xf16>
  %b = cameo.less %one, %t : (tensor<f16>, tensor<2x2xf16>) -> tensor<2x2xi1>
  return %t, %b : tensor<2x2xf16>, tensor<2x2xi1>
}

// A size that only running tells becomes part of the type, and of the function's.
// CHECK-LABEL: func.func @size_found_by_running
// CHECK-SAME:  -> tensor<1x2xi64>
// CHECK:       cameo.constant dense<{{\[}}[0, 2]]> : tensor<1x2xi64>
func.func @size_found_by_running() -> tensor<1x?xi64> {
  %a = cameo.constant dense<[5.0, 0.0, 7.0]> : tensor<3xf32>
  %n = cameo.non_zero %a : (tensor<3xf32>) -> tensor<1x?xi64>
  return %n : tensor<1x?xi64>
}

// Ops in a branch are folded too.
// CHECK-LABEL: func.func @in_a_branch
// CHECK:       cameo.if
// CHECK-NEXT:    cameo.constant dense<5.000000e+00>
// CHECK-NEXT:    cameo.yield
func.func @in_a_branch(%c: tensor<i1>, %x: tensor<f32>) -> tensor<f32> {
  %y = cameo.if %c {
    %two = cameo.constant dense<2.0> : tensor<f32>
    %three = cameo.constant dense<3.0> : tensor<f32>
    %five = cameo.add %two, %three : (tensor<f32>, tensor<f32>) -> tensor<f32>
    cameo.yield %five : tensor<f32>
  } else {
    cameo.yield %x : tensor<f32>
  } : (tensor<i1>) -> tensor<f32>
  return %y : tensor<f32>
}

// A failure in a branch that may never run is left for run time; what surely runs is folded all the same.
// CHECK-LABEL: func.func @failure_in_a_branch_stays
// CHECK:       %[[FIVE:.*]] = cameo.constant dense<5.000000e+00>
// CHECK:       cameo.if
// CHECK:         cameo.gather
// CHECK:         cameo.yield
// CHECK:         cameo.yield %[[FIVE]]
func.func @failure_in_a_branch_stays(%c: tensor<i1>) -> tensor<f32> {
  %two = cameo.constant dense<2.0> : tensor<f32>
  %three = cameo.constant dense<3.0> : tensor<f32>
  %five = cameo.add %two, %three : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %y = cameo.if %c {
    %a = cameo.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %big = cameo.constant dense<7.0> : tensor<f32>
    %i = cameo.cast %big {to = i64} : (tensor<f32>) -> tensor<i64>
    %g = cameo.gather %a, %i {axis = 0 : i64} : (tensor<2xf32>, tensor<i64>) -> tensor<f32>
    cameo.yield %g : tensor<f32>
  } else {
    cameo.yield %five : tensor<f32>
  } : (tensor<i1>) -> tensor<f32>
  return %y : tensor<f32>
}

// A result much larger than its operands is cheaper to write again than to store.
// CHECK-LABEL: func.func @large_result_stays
// CHECK:       cameo.expand
func.func @large_result_stays(%x: tensor<512x512xf32>) -> tensor<512x512xf32> {
  %a = cameo.constant dense<[1.0]> : tensor<1xf32>
  %s = cameo.constant dense<[512, 512]> : tensor<2xi64>
  %e = cameo.expand %a, %s : (tensor<1xf32>, tensor<2xi64>) -> tensor<512x512xf32>
  %y = cameo.add %x, %e : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
  return %y : tensor<512x512xf32>
}

// Without constants nothing changes.
// CHECK-LABEL: func.func @inputs_stay
// CHECK-NEXT:  cameo.add
// CHECK-NEXT:  return
func.func @inputs_stay(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = cameo.add %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// A size that was computed is read by ops behind the last that uses it as a tensor.
// CHECK-LABEL: func.func @size_is_read_late
// CHECK-NEXT:  cameo.constant dense<[-0.000000e+00, -2.000000e+00, -4.000000e+00]> : tensor<3xf32>
func.func @size_is_read_late() -> tensor<?xf32> {
  %n = cameo.constant dense<2.5> : tensor<f64>
  %zero = cameo.constant dense<0.0> : tensor<f32>
  %two = cameo.constant dense<2.0> : tensor<f32>
  %c = cameo.ceil %n : (tensor<f64>) -> tensor<f64>
  %count = cameo.cast %c {to = i64} : (tensor<f64>) -> tensor<i64>
  %r = cameo.range %zero, %two, %count : (tensor<f32>, tensor<f32>, tensor<i64>) -> tensor<?xf32>
  %y = cameo.neg %r : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// An op whose loops are built around the sizes of its operands gets them, also of operands that are not written inline.
// CHECK-LABEL: func.func @trees
// CHECK-NEXT:  cameo.constant
// CHECK-SAME:  tensor<1x20xf32>
// CHECK-NEXT:  return
func.func @trees() -> tensor<1x20xf32> {
  %x = cameo.constant dense<[[0.75]]> : tensor<1x1xf32>
  %nodes = cameo.constant dense<[[0, 1056964608, 1, 2], [0, 0, 1, 1], [0, 0, 2, 2]]> : tensor<3x4xi32>
  %roots = cameo.constant dense<[[0, 1]]> : tensor<1x2xi32>
  %weights = cameo.constant dense<[[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0],
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0, 20.0]]> : tensor<2x20xf32>
  %y = cameo.tree_ensemble %x, %nodes, %roots, %weights {aggregate = "sum", leavesFrom = 1 : i64, modes = ["le"], numTargets = 20 : i64} : (tensor<1x1xf32>, tensor<3x4xi32>, tensor<1x2xi32>, tensor<2x20xf32>) -> tensor<1x20xf32>
  return %y : tensor<1x20xf32>
}

// 537 million operations take 6 ms by tuned code.
// CHECK-LABEL: func.func @product_of_large_constants
// CHECK-NEXT:  cameo.constant dense_resource<folded_1> : tensor<256x256xf32>
// CHECK-NEXT:  return
func.func @product_of_large_constants() -> tensor<256x256xf32> {
  %x = cameo.constant dense<0.5> : tensor<256x4096xf32>
  %w = cameo.constant dense<0.5> : tensor<4096x256xf32>
  %y = cameo.matmul %x, %w : (tensor<256x4096xf32>, tensor<4096x256xf32>) -> tensor<256x256xf32>
  return %y : tensor<256x256xf32>
}

// f64 has none: it would take seconds, and is left for run time.
// CHECK-LABEL: func.func @product_of_large_doubles
// CHECK:       cameo.matmul
func.func @product_of_large_doubles() -> tensor<256x256xf64> {
  %x = cameo.constant dense<0.5> : tensor<256x4096xf64>
  %w = cameo.constant dense<0.5> : tensor<4096x256xf64>
  %y = cameo.matmul %x, %w : (tensor<256x4096xf64>, tensor<4096x256xf64>) -> tensor<256x256xf64>
  return %y : tensor<256x256xf64>
}

// Its 20 weights are those of the second leaf: 1, 2, 3, ...
// CHECK: folded: "0x{{[0-9A-F]*}}0000803F0000004000004040
// The product's are 1024.
// CHECK: folded_1: "0x{{[0-9A-F]*}}0000804400008044
