// RUN: cameo-opt %s --cameo-simplify --cameo-fold-constants | FileCheck %s

// Bias, then batch normalization, behind a convolution: one convolution and one bias. Scale 2 and 10; offsets 1 * 2 + 5, 2 * 10 + 6.
// CHECK-LABEL: func.func @batch_norm
// CHECK:       %[[W:.*]] = cameo.constant dense<{{\[\[\[\[}}2.000000e+00]]], {{\[\[\[}}1.000000e+01]]]]> : tensor<2x1x1x1xf32>
// CHECK-NEXT:  %[[C:.*]] = cameo.conv %{{.*}}, %[[W]]
// CHECK-NEXT:  %[[B:.*]] = cameo.constant dense<{{\[\[\[}}7.000000e+00]], {{\[\[}}2.600000e+01]]]> : tensor<2x1x1xf32>
// CHECK-NEXT:  %[[Y:.*]] = cameo.add %[[C]], %[[B]]
// CHECK-NEXT:  return %[[Y]]
func.func @batch_norm(%x: tensor<1x1x8x8xf32>) -> tensor<1x2x8x8xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x1x1x1xf32>
  %bias = cameo.constant dense<[[[1.0]], [[2.0]]]> : tensor<2x1x1xf32>
  %factor = cameo.constant dense<[[[2.0]], [[10.0]]]> : tensor<2x1x1xf32>
  %offset = cameo.constant dense<[[[5.0]], [[6.0]]]> : tensor<2x1x1xf32>
  %c = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x1x8x8xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x8x8xf32>
  %b = cameo.add %c, %bias : (tensor<1x2x8x8xf32>, tensor<2x1x1xf32>) -> tensor<1x2x8x8xf32>
  %m = cameo.mul %b, %factor : (tensor<1x2x8x8xf32>, tensor<2x1x1xf32>) -> tensor<1x2x8x8xf32>
  %y = cameo.add %m, %offset : (tensor<1x2x8x8xf32>, tensor<2x1x1xf32>) -> tensor<1x2x8x8xf32>
  return %y : tensor<1x2x8x8xf32>
}

// A matrix product by columns, weights stored transposed; a difference is a sum with the negative.
// CHECK-LABEL: func.func @matmul_columns
// CHECK:       %[[W:.*]] = cameo.constant dense<{{\[\[}}5.000000e-01, 1.000000e+00], [7.500000e-01, 1.000000e+00]]>
// CHECK-NEXT:  %[[M:.*]] = cameo.matmul %{{.*}}, %[[W]] {transposeRhs}
// CHECK-NEXT:  %[[B:.*]] = cameo.constant dense<[-1.000000e+00, -2.000000e+00]>
// CHECK-NEXT:  cameo.add %[[M]], %[[B]]
func.func @matmul_columns(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = cameo.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %divisor = cameo.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %mean = cameo.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %m = cameo.matmul %x, %w {transposeRhs} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  %d = cameo.div %m, %divisor : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %y = cameo.sub %d, %mean : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// A scale along another axis, one for a result that others read, and one for weights that are not constant, stay.
// CHECK-LABEL: func.func @these_stay
// CHECK-COUNT-3: cameo.mul
func.func @these_stay(%x: tensor<3x2xf32>, %v: tensor<2x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = cameo.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %rows = cameo.constant dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf32>
  %columns = cameo.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %a = cameo.matmul %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %by_rows = cameo.mul %a, %rows : (tensor<3x2xf32>, tensor<3x1xf32>) -> tensor<3x2xf32>
  %b = cameo.matmul %x, %w {transposeRhs} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %shared = cameo.mul %b, %columns : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %c = cameo.matmul %x, %v : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %variable = cameo.mul %c, %columns : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %by_rows, %b, %shared, %variable : tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>
}
