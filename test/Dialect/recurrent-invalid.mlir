// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of rnn, gru and lstm.
func.func @rnn_c1_hidden_sizes_differ(%x: tensor<5x2x1x8xf32>, %r: tensor<1x4x8xf32>) {
  // expected-error@+1 {{inputs have shape 5x2x1x8 and weights 1x4x8; expected [steps, batch, directions, 1 hidden] and [directions, hidden, 1 hidden]}}
  %o0, %o1 = cameo.rnn %x, %r {activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<5x2x1x8xf32>, tensor<1x4x8xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @rnn_c2_directions(%x: tensor<5x2x3x8xf32>, %r: tensor<3x8x8xf32>) {
  // expected-error@+1 {{has 3 directions; expected 1 or 2}}
  %o0, %o1 = cameo.rnn %x, %r {activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<5x2x3x8xf32>, tensor<3x8x8xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @rnn_c2_reversed_both_ways(%x: tensor<5x2x2x8xf32>, %r: tensor<2x8x8xf32>) {
  // expected-error@+1 {{has 2 directions; expected 1, because it is reversed}}
  %o0, %o1 = cameo.rnn %x, %r {activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>, reverse} : (tensor<5x2x2x8xf32>, tensor<2x8x8xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @rnn_c3_element_types(%x: tensor<5x2x1x8xf32>, %r: tensor<1x8x8xf64>) {
  // expected-error@+1 {{has operands of element types 'f32' and 'f64'; expected the same}}
  %o0, %o1 = cameo.rnn %x, %r {activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<5x2x1x8xf32>, tensor<1x8x8xf64>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @rnn_c4_initial(%x: tensor<5x2x1x8xf32>, %r: tensor<1x8x8xf32>, %h: tensor<1x3x8xf32>) {
  // expected-error@+1 {{operand initial has shape 1x3x8; expected 1x2x8}}
  %o0, %o1 = cameo.rnn %x, %r initial %h {activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<5x2x1x8xf32>, tensor<1x8x8xf32>, tensor<1x3x8xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @rnn_c5_lengths(%x: tensor<5x2x1x8xf32>, %r: tensor<1x8x8xf32>, %n: tensor<3xi32>) {
  // expected-error@+1 {{operand lengths has shape 3; expected 2}}
  %o0, %o1 = cameo.rnn %x, %r lengths %n {activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<5x2x1x8xf32>, tensor<1x8x8xf32>, tensor<3xi32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @rnn_c6_count(%x: tensor<5x2x2x8xf32>, %r: tensor<2x8x8xf32>) {
  // expected-error@+1 {{has 1 activations, 1 alpha and 1 beta; expected 2}}
  %o0, %o1 = cameo.rnn %x, %r {activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<5x2x2x8xf32>, tensor<2x8x8xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @rnn_c6_name(%x: tensor<5x2x1x8xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error@+1 {{activation is 'Sine'; expected Relu, Tanh, Sigmoid}}
  %o0, %o1 = cameo.rnn %x, %r {activations = ["Sine"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<5x2x1x8xf32>, tensor<1x8x8xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @gru_c7_bias_without_linear(%x: tensor<5x2x1x24xf32>, %r: tensor<1x8x24xf32>, %b: tensor<1x8xf32>) {
  // expected-error@+1 {{has a hidden bias without linearBeforeReset; expected it to be part of the inputs}}
  %o0, %o1 = cameo.gru %x, %r hidden_bias %b {activations = ["Sigmoid", "Tanh"], alpha = array<f32: 0.0, 0.0>, beta = array<f32: 0.0, 0.0>} : (tensor<5x2x1x24xf32>, tensor<1x8x24xf32>, tensor<1x8xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @gru_c7_bias_shape(%x: tensor<5x2x1x24xf32>, %r: tensor<1x8x24xf32>, %b: tensor<1x9xf32>) {
  // expected-error@+1 {{operand hiddenBias has shape 1x9; expected 1x8}}
  %o0, %o1 = cameo.gru %x, %r hidden_bias %b {activations = ["Sigmoid", "Tanh"], alpha = array<f32: 0.0, 0.0>, beta = array<f32: 0.0, 0.0>, linearBeforeReset} : (tensor<5x2x1x24xf32>, tensor<1x8x24xf32>, tensor<1x9xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @lstm_c4_initial_cell(%x: tensor<5x2x1x32xf32>, %r: tensor<1x8x32xf32>, %c: tensor<2x2x8xf32>) {
  // expected-error@+1 {{operand initialCell has shape 2x2x8; expected 1x2x8}}
  %o0, %o1, %o2 = cameo.lstm %x, %r initial_cell %c {activations = ["Sigmoid", "Tanh", "Tanh"], alpha = array<f32: 0.0, 0.0, 0.0>, beta = array<f32: 0.0, 0.0, 0.0>} : (tensor<5x2x1x32xf32>, tensor<1x8x32xf32>, tensor<2x2x8xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>)
  return
}

// -----

func.func @lstm_c7_peepholes(%x: tensor<5x2x1x32xf32>, %r: tensor<1x8x32xf32>, %p: tensor<1x32xf32>) {
  // expected-error@+1 {{operand peepholes has shape 1x32; expected 1x24}}
  %o0, %o1, %o2 = cameo.lstm %x, %r peepholes %p {activations = ["Sigmoid", "Tanh", "Tanh"], alpha = array<f32: 0.0, 0.0, 0.0>, beta = array<f32: 0.0, 0.0, 0.0>} : (tensor<5x2x1x32xf32>, tensor<1x8x32xf32>, tensor<1x32xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>)
  return
}
