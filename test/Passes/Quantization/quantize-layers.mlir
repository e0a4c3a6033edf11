// RUN: cameo-opt %s --cameo-quantize-layers --canonicalize --remarks-filter=cameo-quantize-layers 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t.remarks
// RUN: cameo-opt %s --cameo-quantize-layers --cameo-integer-arithmetic | FileCheck %s --check-prefix=INTEGER

// Bytes of an input between -1 and 1.55: 255 steps of 0.01. Weights have a scale per output, the largest is 127.
// REMARK: [Passed] layers quantized | Category:cameo-quantize-layers | Remark="is quantized to 8 bits by the range that was observed"
// CHECK-LABEL: func.func @static
// CHECK-DAG:   %[[S:.*]] = cameo.constant dense<0.00999999977> : tensor<f32>
// CHECK-DAG:   %[[Z:.*]] = cameo.constant dense<100> : tensor<ui8>
// CHECK-DAG:   %[[W:.*]] = cameo.constant dense<{{\[}}[127, -127], [64, 127]]> : tensor<2x2xi8>
// CHECK-DAG:   %[[WS:.*]] = cameo.constant dense<{{\[}}[1.000000e+00, 2.000000e+00]]> : tensor<1x2xf32>
// CHECK:       %[[Q:.*]] = cameo.quantize %{{.*}}, %[[S]], %[[Z]]
// CHECK-DAG:   %[[X:.*]] = cameo.dequantize %[[Q]], %[[S]], %[[Z]]
// CHECK-DAG:   %[[DW:.*]] = cameo.dequantize %[[W]], %[[WS]]
// CHECK:       cameo.matmul %[[X]], %[[DW]]
// INTEGER-LABEL: func.func @static
// INTEGER:     cameo.matmul_integer
func.func @static(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = cameo.constant dense<[[127.0, -254.0], [64.2, 254.0]]> : tensor<2x2xf32>
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "static"}, cameo.observed = {least = -1.0 : f32, most = 1.55 : f32}} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// The mean error of the rounded weights is added: (64.2 - 64) * 10 for the first output.
// CHECK-LABEL: func.func @corrected
// CHECK:       %[[B:.*]] = cameo.constant dense<[{{1.9999[0-9]*|2.0000[0-9]*}}, 0.000000e+00]> : tensor<2xf32>
// CHECK:       cameo.add %{{.*}}, %[[B]]
func.func @corrected(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = cameo.constant dense<[[127.0, -254.0], [64.2, 254.0]]> : tensor<2x2xf32>
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "static", correct}, cameo.observed = {least = -1.0 : f32, most = 1.55 : f32, mean = array<f32: 0.0, 10.0>}} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// A channel that is 100 times as large is divided by 10, and its weights are multiplied: the quantize has a scale per channel.
// CHECK-LABEL: func.func @smoothed
// CHECK:       cameo.quantize %{{.*}}, %{{.*}}, %{{.*}} : (tensor<3x2xf32>, tensor<2xf32>, tensor<ui8>)
// CHECK:       cameo.dequantize %{{.*}} : (tensor<3x2xui8>, tensor<f32>, tensor<ui8>)
// INTEGER-LABEL: func.func @smoothed
// INTEGER:     cameo.matmul_integer
func.func @smoothed(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x2xf32>
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "static", smooth = 0.5 : f32}, cameo.observed = {low = array<f32: -1.0, -100.0>, high = array<f32: 1.0, 100.0>}} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// Each row has a scale of its own, found as the program runs; sums are multiplied by both scales.
// CHECK-LABEL: func.func @dynamic
// CHECK:       %[[M:.*]] = cameo.reduce %{{.*}} {axes = array<i64: 1>, keepDims, kind = "max"}
// CHECK:       cameo.quantize %{{.*}} : (tensor<?x2xf32>, tensor<?x1xf32>, tensor<i8>)
// INTEGER-LABEL: func.func @dynamic
// INTEGER:     %[[SCALE:.*]] = cameo.max {{.*}} -> tensor<?x1xf32>
// INTEGER:     %[[SUMS:.*]] = cameo.matmul_integer {{.*}}tensor<?x2xui8>
// INTEGER:     %[[REAL:.*]] = cameo.cast %[[SUMS]]
// INTEGER:     cameo.mul %[[REAL]], %[[SCALE]]
func.func @dynamic(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x2xf32>
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "dynamic"}} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// Convolutions have a scale per sample.
// CHECK-LABEL: func.func @dynamic_conv
// CHECK:       cameo.reduce %{{.*}} {axes = array<i64: 1, 2>, keepDims, kind = "max"}
// INTEGER-LABEL: func.func @dynamic_conv
// INTEGER:     cameo.conv_integer
func.func @dynamic_conv(%x: tensor<2x3x8xf32>) -> tensor<2x4x6xf32> {
  %w = cameo.constant dense<1.0> : tensor<4x3x3xf32>
  %y = cameo.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64, cameo.quantization = {kind = "dynamic"}} : (tensor<2x3x8xf32>, tensor<4x3x3xf32>) -> tensor<2x4x6xf32>
  return %y : tensor<2x4x6xf32>
}

// Two numbers a byte, in blocks along a row; -0.75 .. 0.75 is 15 steps of 0.1 around 8.
// CHECK-LABEL: func.func @weights
// CHECK:       cameo.matmul_nbits %{{.*}} {block = 16 : i64} : (tensor<3x2xf32>, tensor<1x8xui8>, tensor<1x1xf32>, tensor<1x1xui8>) -> tensor<3x1xf32>
func.func @weights(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = cameo.constant dense<[[0.7], [-0.35]]> : tensor<2x1xf32>
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "weights", bits = 4 : i64, block = 16 : i64, method = "rtn", symmetric}} : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// CHECK-LABEL: func.func @bf16
// CHECK:       cameo.matmul {{.*}} : (tensor<3x2xbf16>, tensor<2x1xbf16>) -> tensor<3x1xbf16>
func.func @bf16(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = cameo.constant dense<[[0.7], [-0.35]]> : tensor<2x1xf32>
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "bf16"}} : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// Without the attribute nothing happens.
// CHECK-LABEL: func.func @plain_stays
// CHECK:       cameo.matmul %{{.*}} : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
func.func @plain_stays(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = cameo.constant dense<[[0.7], [-0.35]]> : tensor<2x1xf32>
  %y = cameo.matmul %x, %w : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}
