// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of dft and mel_weight_matrix.
func.func @dft_c1_parts(%x: tensor<1x8x3xf32>, %n: tensor<i64>) -> tensor<1x?x2xf32> {
  // expected-error@+1 {{operand has shape 1x8x3; expected rank 2 or more and a last size of 1 or 2}}
  %y = cameo.dft %x, %n {axis = 1 : i64} : (tensor<1x8x3xf32>, tensor<i64>) -> tensor<1x?x2xf32>
  return %y : tensor<1x?x2xf32>
}

// -----

func.func @dft_c2_axis(%x: tensor<1x8x1xf32>, %n: tensor<i64>) -> tensor<1x?x2xf32> {
  // expected-error@+1 {{axis is 2; expected 0 to 1}}
  %y = cameo.dft %x, %n {axis = 2 : i64} : (tensor<1x8x1xf32>, tensor<i64>) -> tensor<1x?x2xf32>
  return %y : tensor<1x?x2xf32>
}

// -----

func.func @dft_c3_length(%x: tensor<1x8x1xf32>, %n: tensor<2xi64>) -> tensor<1x?x2xf32> {
  // expected-error@+1 {{operand length has shape 2; expected one element}}
  %y = cameo.dft %x, %n {axis = 1 : i64} : (tensor<1x8x1xf32>, tensor<2xi64>) -> tensor<1x?x2xf32>
  return %y : tensor<1x?x2xf32>
}

// -----

func.func @mel_weight_matrix_c1_one_element(%m: tensor<i64>, %l: tensor<i64>, %r: tensor<3xi64>, %lo: tensor<f32>, %hi: tensor<f32>) -> tensor<?x?xf32> {
  // expected-error@+1 {{operand rate has shape 3; expected one element}}
  %y = cameo.mel_weight_matrix %m, %l, %r, %lo, %hi {to = f32} : (tensor<i64>, tensor<i64>, tensor<3xi64>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
