// RUN: cameo-opt %s | cameo-opt | FileCheck %s

// Every op of the family reads back as it was written, with and without its optional operands.
// CHECK-LABEL: func.func @rnn
// CHECK: cameo.rnn %{{.*}}, %{{.*}} initial %{{.*}} lengths %{{.*}} {{{.*}}reverse}
func.func @rnn(%x: tensor<5x2x1x8xf32>, %r: tensor<1x8x8xf32>, %h: tensor<1x2x8xf32>, %n: tensor<2xi32>) -> tensor<5x1x2x8xf32> {
  %y, %last = cameo.rnn %x, %r initial %h lengths %n {activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>, reverse}
    : (tensor<5x2x1x8xf32>, tensor<1x8x8xf32>, tensor<1x2x8xf32>, tensor<2xi32>) -> (tensor<5x1x2x8xf32>, tensor<1x2x8xf32>)
  return %y : tensor<5x1x2x8xf32>
}

// CHECK-LABEL: func.func @gru
// CHECK: cameo.gru %{{.*}}, %{{.*}} hidden_bias %{{.*}} {{{.*}}linearBeforeReset}
func.func @gru(%x: tensor<?x?x1x24xf16>, %r: tensor<1x8x24xf16>, %b: tensor<1x8xf16>) -> tensor<?x1x?x8xf16> {
  %y, %last = cameo.gru %x, %r hidden_bias %b {activations = ["Sigmoid", "Tanh"], alpha = array<f32: 0.0, 0.0>, beta = array<f32: 0.0, 0.0>, linearBeforeReset}
    : (tensor<?x?x1x24xf16>, tensor<1x8x24xf16>, tensor<1x8xf16>) -> (tensor<?x1x?x8xf16>, tensor<1x?x8xf16>)
  return %y : tensor<?x1x?x8xf16>
}

// CHECK-LABEL: func.func @lstm
// CHECK: cameo.lstm %{{.*}}, %{{.*}} initial_cell %{{.*}} peepholes %{{.*}} {
func.func @lstm(%x: tensor<5x2x1x32xf32>, %r: tensor<1x8x32xf32>, %c: tensor<1x2x8xf32>, %p: tensor<1x24xf32>) -> tensor<1x2x8xf32> {
  %y, %h, %last = cameo.lstm %x, %r initial_cell %c peepholes %p {activations = ["Sigmoid", "Tanh", "Tanh"], alpha = array<f32: 0.0, 0.0, 0.0>, beta = array<f32: 0.0, 0.0, 0.0>, clip = 3.0 : f32}
    : (tensor<5x2x1x32xf32>, tensor<1x8x32xf32>, tensor<1x2x8xf32>, tensor<1x24xf32>) -> (tensor<5x1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>)
  return %last : tensor<1x2x8xf32>
}
