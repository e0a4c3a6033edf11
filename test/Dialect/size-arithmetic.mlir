// RUN: cameo-opt %s --cameo-infer-shapes | FileCheck %s

// Sizes are followed through arithmetic, comparisons and choices on shapes: what exporters write for Expand, where -1 stands for
// the operand's own size, leaves a shape known as far as the operand's is.
// CHECK-LABEL: func.func @minus_one_becomes_one
// CHECK: cameo.expand {{.*}} -> tensor<4x8xf32>
func.func @minus_one_becomes_one(%x: tensor<1x8xf32>) -> tensor<?x?xf32> {
  %wanted = cameo.constant dense<[4, -1]> : tensor<2xi64>
  %minus_one = cameo.constant dense<-1> : tensor<i64>
  %one = cameo.constant dense<1> : tensor<i64>
  %is_open = cameo.equal %wanted, %minus_one : (tensor<2xi64>, tensor<i64>) -> tensor<2xi1>
  %shape = cameo.where %is_open, %one, %wanted : (tensor<2xi1>, tensor<i64>, tensor<2xi64>) -> tensor<2xi64>
  %y = cameo.expand %x, %shape : (tensor<1x8xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// The number of elements, computed by a product over the shape.
// CHECK-LABEL: func.func @product_of_sizes
// CHECK: cameo.reshape {{.*}} -> tensor<16xf32>
func.func @product_of_sizes(%x: tensor<2x8xf32>) -> tensor<?xf32> {
  %s = cameo.shape_of %x {start = 0 : i64, end = 2 : i64} : (tensor<2x8xf32>) -> tensor<2xi64>
  %n = cameo.reduce %s {axes = array<i64: 0>, kind = "prod", keepDims} : (tensor<2xi64>) -> tensor<1xi64>
  %y = cameo.reshape %x, %n : (tensor<2x8xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// Older exporters write sizes as floating-point numbers.
// CHECK-LABEL: func.func @sizes_of_floats
// CHECK: cameo.reshape {{.*}} -> tensor<2x2x4xf32>
func.func @sizes_of_floats(%x: tensor<2x8xf32>) -> tensor<?x?x?xf32> {
  %s = cameo.constant dense<[0.0, -1.0, 4.0]> : tensor<3xf64>
  %i = cameo.cast %s {to = i64} : (tensor<3xf64>) -> tensor<3xi64>
  %y = cameo.reshape %x, %i : (tensor<2x8xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// What has no integer is left to the run.
// CHECK-LABEL: func.func @sizes_of_no_number
// CHECK: cameo.reshape {{.*}} -> tensor<?x?xf32>
func.func @sizes_of_no_number(%x: tensor<2x8xf32>) -> tensor<?x?xf32> {
  %s = cameo.constant dense<[0x7FC00000, 4.0]> : tensor<2xf32>
  %i = cameo.cast %s {to = i64} : (tensor<2xf32>) -> tensor<2xi64>
  %y = cameo.reshape %x, %i : (tensor<2x8xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// Six sizes that only the run knows, three times over: the expressions stay short (the test ends).
// CHECK-LABEL: func.func @many_run_time_sizes
// CHECK-COUNT-3: cameo.reshape {{.*}} -> tensor<?x?x?x?x?x?xf32>
func.func @many_run_time_sizes(%x: tensor<?x?xf32>, %a: tensor<6xi64>, %b: tensor<6xi64>, %c: tensor<6xi64>) -> tensor<?x?x?x?x?x?xf32> {
  %u = cameo.reshape %x, %a : (tensor<?x?xf32>, tensor<6xi64>) -> tensor<?x?x?x?x?x?xf32>
  %v = cameo.reshape %u, %b : (tensor<?x?x?x?x?x?xf32>, tensor<6xi64>) -> tensor<?x?x?x?x?x?xf32>
  %y = cameo.reshape %v, %c : (tensor<?x?x?x?x?x?xf32>, tensor<6xi64>) -> tensor<?x?x?x?x?x?xf32>
  return %y : tensor<?x?x?x?x?x?xf32>
}

// A sum divides a multiple of itself: the keys of a cache and one more, as old exporters reshape them.
// CHECK-LABEL: func.func @sums_divide
// CHECK: cameo.reshape {{.*}} -> tensor<12x?x64xf32>
func.func @sums_divide(%past: tensor<1x12x?x64xf32>, %new: tensor<1x12x1x64xf32>) -> tensor<?x?x64xf32> {
  %all = cameo.concat %past, %new {axis = 2 : i64} : (tensor<1x12x?x64xf32>, tensor<1x12x1x64xf32>) -> tensor<1x12x?x64xf32>
  %rest = cameo.constant dense<-1> : tensor<1xi64>
  %length = cameo.shape_of %all {start = 2 : i64, end = 3 : i64} : (tensor<1x12x?x64xf32>) -> tensor<1xi64>
  %depth = cameo.constant dense<64> : tensor<1xi64>
  %sizes = cameo.concat %rest, %length, %depth {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %y = cameo.reshape %all, %sizes : (tensor<1x12x?x64xf32>, tensor<3xi64>) -> tensor<?x?x64xf32>
  return %y : tensor<?x?x64xf32>
}

// CHECK-LABEL: func.func @other_sums_do_not
// CHECK: cameo.reshape {{.*}} -> tensor<?x?xf32>
func.func @other_sums_do_not(%a: tensor<?x4xf32>, %b: tensor<1x4xf32>, %c: tensor<2x4xf32>) -> tensor<?x?xf32> {
  %one = cameo.concat %a, %b {axis = 0 : i64} : (tensor<?x4xf32>, tensor<1x4xf32>) -> tensor<?x4xf32>
  %two = cameo.concat %a, %c {axis = 0 : i64} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x4xf32>
  %rest = cameo.constant dense<-1> : tensor<1xi64>
  %length = cameo.shape_of %one {start = 0 : i64, end = 1 : i64} : (tensor<?x4xf32>) -> tensor<1xi64>
  %sizes = cameo.concat %rest, %length {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %y = cameo.reshape %two, %sizes : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
