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
