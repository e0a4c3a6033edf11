// RUN: cameo-opt %s --cameo-integer-arithmetic --canonicalize --remarks-filter=cameo-integer-arithmetic 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t.remarks

// A layer of a quantized network: one integer convolution, one multiplication by the scales, one rounding.
// REMARK-DAG: [Passed] integer products | Category:cameo-integer-arithmetic | Remark="multiplies bytes and sums them in 32 bits"
// REMARK-DAG: [Passed] steps of requantization merged | Category:cameo-integer-arithmetic | Remark="its bias is added to the sums of 32 bits"
// REMARK-DAG: [Passed] steps of requantization merged | Category:cameo-integer-arithmetic | Remark="is what the quantization behind it does"
// CHECK-LABEL: func.func @layer
// CHECK-SAME:    %[[X:.*]]: tensor<1x2x5x5xui8>
// CHECK-DAG:   %[[W:.*]] = cameo.constant dense<3> : tensor<4x2x3x3xi8>
// CHECK-DAG:   %[[B:.*]] = cameo.constant dense<7> : tensor<4xi32>
// CHECK:       %[[SUMS:.*]] = cameo.conv_integer %[[X]], %[[W]]
// CHECK:       %[[BIAS:.*]] = cameo.unsqueeze %[[B]]
// CHECK:       %[[BIASED:.*]] = cameo.add %[[SUMS]], %[[BIAS]]
// CHECK:       %[[REAL:.*]] = cameo.cast %[[BIASED]] {to = f32}
// CHECK:       cameo.div
// CHECK:       %[[SCALED:.*]] = cameo.mul %[[REAL]]
// CHECK:       %[[Y:.*]] = cameo.quantize %[[SCALED]]
// CHECK-NEXT:  return %[[Y]]
func.func @layer(%x: tensor<1x2x5x5xui8>) -> tensor<1x4x3x3xui8> {
  %xs = cameo.constant dense<0.5> : tensor<f32>
  %xz = cameo.constant dense<128> : tensor<ui8>
  %w = cameo.constant dense<3> : tensor<4x2x3x3xi8>
  %ws = cameo.constant dense<0.25> : tensor<4x1x1x1xf32>
  %wz = cameo.constant dense<0> : tensor<4x1x1x1xi8>
  %b = cameo.constant dense<7> : tensor<4xi32>
  %bs = cameo.constant dense<0.125> : tensor<4xf32>
  %bz = cameo.constant dense<0> : tensor<4xi32>
  %ys = cameo.constant dense<2.0> : tensor<f32>
  %yz = cameo.constant dense<0> : tensor<ui8>
  %dx = cameo.dequantize %x, %xs, %xz : (tensor<1x2x5x5xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2x5x5xf32>
  %dw = cameo.dequantize %w, %ws, %wz : (tensor<4x2x3x3xi8>, tensor<4x1x1x1xf32>, tensor<4x1x1x1xi8>) -> tensor<4x2x3x3xf32>
  %db = cameo.dequantize %b, %bs, %bz : (tensor<4xi32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  %c = cameo.conv %dx, %dw {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x2x5x5xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x3x3xf32>
  %ub = cameo.unsqueeze %db {axes = array<i64: 1, 2>} : (tensor<4xf32>) -> tensor<4x1x1xf32>
  %a = cameo.add %c, %ub : (tensor<1x4x3x3xf32>, tensor<4x1x1xf32>) -> tensor<1x4x3x3xf32>
  %r = cameo.relu %a : (tensor<1x4x3x3xf32>) -> tensor<1x4x3x3xf32>
  %y = cameo.quantize %r, %ys, %yz : (tensor<1x4x3x3xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x4x3x3xui8>
  return %y : tensor<1x4x3x3xui8>
}

// Activations that nobody else sees become unsigned.
// CHECK-LABEL: func.func @signed
// CHECK:       %[[ZERO:.*]] = cameo.constant dense<131> : tensor<ui8>
// CHECK:       %[[Q:.*]] = cameo.quantize %{{.*}}, %{{.*}}, %[[ZERO]] : ({{.*}}) -> tensor<2x3xui8>
// CHECK:       %[[T:.*]] = cameo.transpose %[[Q]] {{.*}} -> tensor<3x2xui8>
// CHECK:       cameo.matmul_integer %[[T]], %{{.*}}, %{{.*}}, %{{.*}} : (tensor<3x2xui8>, tensor<2x4xi8>, tensor<ui8>, tensor<4xi8>)
func.func @signed(%x: tensor<2x3xf32>) -> tensor<3x4xf32> {
  %xs = cameo.constant dense<0.5> : tensor<f32>
  %xz = cameo.constant dense<3> : tensor<i8>
  %w = cameo.constant dense<1> : tensor<2x4xi8>
  %ws = cameo.constant dense<0.25> : tensor<4xf32>
  %wz = cameo.constant dense<0> : tensor<4xi8>
  %q = cameo.quantize %x, %xs, %xz : (tensor<2x3xf32>, tensor<f32>, tensor<i8>) -> tensor<2x3xi8>
  %dx = cameo.dequantize %q, %xs, %xz : (tensor<2x3xi8>, tensor<f32>, tensor<i8>) -> tensor<2x3xf32>
  %t = cameo.transpose %dx {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %dw = cameo.dequantize %w, %ws, %wz : (tensor<2x4xi8>, tensor<4xf32>, tensor<4xi8>) -> tensor<2x4xf32>
  %y = cameo.matmul %t, %dw : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// A pair meets through what lies between, and is gone.
// CHECK-LABEL: func.func @moved
// CHECK-SAME:    %[[X:.*]]: tensor<1x2x4x4xui8>
// CHECK-NOT:   quantize
// CHECK:       %[[P:.*]] = cameo.max_pool %[[X]] {{.*}} : (tensor<1x2x4x4xui8>)
// CHECK:       %[[R:.*]] = cameo.reshape %[[P]]
// CHECK:       return %[[R]]
func.func @moved(%x: tensor<1x2x4x4xui8>) -> tensor<1x8xui8> {
  %s = cameo.constant dense<0.5> : tensor<f32>
  %z = cameo.constant dense<9> : tensor<ui8>
  %shape = cameo.constant dense<[1, 8]> : tensor<2xi64>
  %d = cameo.dequantize %x, %s, %z : (tensor<1x2x4x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2x4x4xf32>
  %p = cameo.max_pool %d {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %r = cameo.reshape %p, %shape : (tensor<1x2x2x2xf32>, tensor<2xi64>) -> tensor<1x8xf32>
  %q = cameo.quantize %r, %s, %z : (tensor<1x8xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x8xui8>
  return %q : tensor<1x8xui8>
}

// Other parameters: the numbers change, so both stay.
// CHECK-LABEL: func.func @other_scale_stays
// CHECK:       cameo.dequantize
// CHECK:       cameo.quantize
func.func @other_scale_stays(%x: tensor<4xui8>) -> tensor<4xui8> {
  %s = cameo.constant dense<0.5> : tensor<f32>
  %t = cameo.constant dense<0.25> : tensor<f32>
  %z = cameo.constant dense<9> : tensor<ui8>
  %d = cameo.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %q = cameo.quantize %d, %t, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %q : tensor<4xui8>
}

// REMARK-DAG: [Missed] nodes declined | Category:cameo-integer-arithmetic | Remark="stays in float: its left operand is not quantized"
// CHECK-LABEL: func.func @float_operand
// CHECK:       cameo.matmul %
func.func @float_operand(%x: tensor<2x3xf32>, %w: tensor<3x4xi8>) -> tensor<2x4xf32> {
  %s = cameo.constant dense<0.5> : tensor<f32>
  %z = cameo.constant dense<0> : tensor<i8>
  %dw = cameo.dequantize %w, %s, %z : (tensor<3x4xi8>, tensor<f32>, tensor<i8>) -> tensor<3x4xf32>
  %y = cameo.matmul %x, %dw : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// REMARK-DAG: [Missed] nodes declined | Category:cameo-integer-arithmetic | Remark="stays in float: sums of 40000 products may not fit 32 bits"
// CHECK-LABEL: func.func @too_many_terms
// CHECK:       cameo.matmul %
func.func @too_many_terms(%x: tensor<1x40000xui8>, %w: tensor<40000x1xi8>) -> tensor<1x1xf32> {
  %s = cameo.constant dense<0.5> : tensor<f32>
  %xz = cameo.constant dense<0> : tensor<ui8>
  %wz = cameo.constant dense<0> : tensor<i8>
  %dx = cameo.dequantize %x, %s, %xz : (tensor<1x40000xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x40000xf32>
  %dw = cameo.dequantize %w, %s, %wz : (tensor<40000x1xi8>, tensor<f32>, tensor<i8>) -> tensor<40000x1xf32>
  %y = cameo.matmul %dx, %dw : (tensor<1x40000xf32>, tensor<40000x1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// REMARK-DAG: [Missed] nodes declined | Category:cameo-integer-arithmetic | Remark="stays in float: its left operand holds integers of 16 bits"
// CHECK-LABEL: func.func @sixteen_bits
// CHECK:       cameo.matmul %
func.func @sixteen_bits(%x: tensor<2x3xi16>, %w: tensor<3x4xi8>) -> tensor<2x4xf32> {
  %s = cameo.constant dense<0.5> : tensor<f32>
  %xz = cameo.constant dense<0> : tensor<i16>
  %wz = cameo.constant dense<0> : tensor<i8>
  %dx = cameo.dequantize %x, %s, %xz : (tensor<2x3xi16>, tensor<f32>, tensor<i16>) -> tensor<2x3xf32>
  %dw = cameo.dequantize %w, %s, %wz : (tensor<3x4xi8>, tensor<f32>, tensor<i8>) -> tensor<3x4xf32>
  %y = cameo.matmul %dx, %dw : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// A bias that with the sums could leave 32 bits is added in float.
// REMARK: [Missed] {{.*}}is added in float: with the sums it may not fit 32 bits
// CHECK-LABEL: func.func @large_bias_stays
// CHECK:       cameo.dequantize
func.func @large_bias_stays(%x: tensor<2x3xui8>, %w: tensor<3x4xi8>) -> tensor<2x4xf32> {
  %s = cameo.constant dense<0.5> : tensor<f32>
  %xz = cameo.constant dense<0> : tensor<ui8>
  %wz = cameo.constant dense<0> : tensor<i8>
  %b = cameo.constant dense<2147483600> : tensor<4xi32>
  %bs = cameo.constant dense<0.25> : tensor<f32>
  %bz = cameo.constant dense<0> : tensor<i32>
  %dx = cameo.dequantize %x, %s, %xz : (tensor<2x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x3xf32>
  %dw = cameo.dequantize %w, %s, %wz : (tensor<3x4xi8>, tensor<f32>, tensor<i8>) -> tensor<3x4xf32>
  %db = cameo.dequantize %b, %bs, %bz : (tensor<4xi32>, tensor<f32>, tensor<i32>) -> tensor<4xf32>
  %p = cameo.matmul %dx, %dw : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %y = cameo.add %p, %db : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// A scale that only the run knows may be below 0, and then the quantize does not cut where the relu does.
// REMARK: [Missed] {{.*}}keeps the relu before it: its scale is not a constant above 0
// CHECK-LABEL: func.func @relu_stays
// CHECK:       cameo.relu
func.func @relu_stays(%x: tensor<4xf32>, %s: tensor<f32>) -> tensor<4xui8> {
  %z = cameo.constant dense<0> : tensor<ui8>
  %r = cameo.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  %y = cameo.quantize %r, %s, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %y : tensor<4xui8>
}

// A sum of quantized tensors is one of integers times constants, rounded with its zero point: x (2/4) + (6 - (2/4) 3 - (8/4) 5) + y (8/4).
// REMARK-DAG: [Passed] steps of requantization merged | Category:cameo-integer-arithmetic | Remark="adds integers times constants"
// CHECK-LABEL: func.func @sum
// CHECK-SAME:    %[[X:.*]]: tensor<4xui8>, %[[Y:.*]]: tensor<4xui8>
// CHECK-DAG:   %[[OFFSET:.*]] = cameo.constant dense<-5.500000e+00> : tensor<f32>
// CHECK-DAG:   %[[XS:.*]] = cameo.constant dense<5.000000e-01> : tensor<f32>
// CHECK-DAG:   %[[YS:.*]] = cameo.constant dense<2.000000e+00> : tensor<f32>
// CHECK-DAG:   %[[ONE:.*]] = cameo.constant dense<1.000000e+00> : tensor<f32>
// CHECK-DAG:   %[[ZERO:.*]] = cameo.constant dense<0> : tensor<ui8>
// CHECK:       %[[RX:.*]] = cameo.dequantize %[[X]], %[[XS]], %[[ZERO]]
// CHECK:       %[[PART:.*]] = cameo.add %[[RX]], %[[OFFSET]]
// CHECK:       %[[RY:.*]] = cameo.dequantize %[[Y]], %[[YS]], %[[ZERO]]
// CHECK:       %[[SUM:.*]] = cameo.add %[[PART]], %[[RY]]
// CHECK:       cameo.quantize %[[SUM]], %[[ONE]], %[[ZERO]]
func.func @sum(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %xs = cameo.constant dense<2.0> : tensor<f32>
  %xz = cameo.constant dense<3> : tensor<ui8>
  %ys = cameo.constant dense<8.0> : tensor<f32>
  %yz = cameo.constant dense<5> : tensor<ui8>
  %ss = cameo.constant dense<4.0> : tensor<f32>
  %sz = cameo.constant dense<6> : tensor<ui8>
  %dx = cameo.dequantize %x, %xs, %xz : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %dy = cameo.dequantize %y, %ys, %yz : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %a = cameo.add %dx, %dy : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %q = cameo.quantize %a, %ss, %sz : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %q : tensor<4xui8>
}
