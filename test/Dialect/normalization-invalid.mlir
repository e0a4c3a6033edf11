// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of the normalizations.
func.func @layer_norm_c1_axis_too_large(%x: tensor<2x8xf32>, %s: tensor<8xf32>) -> tensor<2x8xf32> {
  // expected-error@+1 {{axis is 2, but the operand has rank 2; expected -2 to 1}}
  %r = cameo.layer_norm %x, %s {axis = 2 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

func.func @layer_norm_c2_scale_does_not_fit(%x: tensor<2x8xf32>, %s: tensor<4xf32>) -> tensor<2x8xf32> {
  // expected-error@+1 {{operand scale has shape 4, which does not broadcast to the input's 2x8}}
  %r = cameo.layer_norm %x, %s {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<4xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

func.func @layer_norm_c2_bias_does_not_fit(%x: tensor<2x8xf32>, %s: tensor<8xf32>, %b: tensor<1x2x8xf32>) -> tensor<2x8xf32> {
  // expected-error@+1 {{operand bias has shape 1x2x8, which does not broadcast to the input's 2x8}}
  %r = cameo.layer_norm %x, %s, %b {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<8xf32>, tensor<1x2x8xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

func.func @layer_norm_c3_element_types_differ(%x: tensor<2x8xf32>, %s: tensor<8xf16>) -> tensor<2x8xf32> {
  // expected-error@+1 {{has operands of element types 'f32' and 'f16'; expected the same}}
  %r = cameo.layer_norm %x, %s {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<8xf16>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

func.func @rms_norm_c1_axis_too_small(%x: tensor<2x8xf32>, %s: tensor<8xf32>) -> tensor<2x8xf32> {
  // expected-error@+1 {{axis is -3, but the operand has rank 2; expected -2 to 1}}
  %r = cameo.rms_norm %x, %s {axis = -3 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

func.func @rms_norm_c2_scale_does_not_fit(%x: tensor<2x8xf32>, %s: tensor<4xf32>) -> tensor<2x8xf32> {
  // expected-error@+1 {{operand scale has shape 4, which does not broadcast to the input's 2x8}}
  %r = cameo.rms_norm %x, %s {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<4xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

func.func @rms_norm_c3_element_types_differ(%x: tensor<2x8xf32>, %s: tensor<8xf16>) -> tensor<2x8xf32> {
  // expected-error@+1 {{has operands of element types 'f32' and 'f16'; expected the same}}
  %r = cameo.rms_norm %x, %s {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<8xf16>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

func.func @group_norm_c1_rank(%x: tensor<4xf32>, %s: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{operand has shape 4; expected [batch, channels, ...]}}
  %r = cameo.group_norm %x, %s, %s {groups = 2 : i64, epsilon = 1.0e-05 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @group_norm_c2_groups_do_not_divide(%x: tensor<1x4x8xf32>, %s: tensor<4xf32>) -> tensor<1x4x8xf32> {
  // expected-error@+1 {{has 4 channels and 3 groups; expected a number of groups that divides the channels}}
  %r = cameo.group_norm %x, %s, %s {groups = 3 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x4x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8xf32>
  return %r : tensor<1x4x8xf32>
}

// -----

func.func @group_norm_c3_scale_per_group(%x: tensor<1x4x8xf32>, %s: tensor<2xf32>, %b: tensor<4xf32>) -> tensor<1x4x8xf32> {
  // expected-error@+1 {{scale has shape 2; expected one value for each of the 4 channels}}
  %r = cameo.group_norm %x, %s, %b {groups = 2 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x4x8xf32>, tensor<2xf32>, tensor<4xf32>) -> tensor<1x4x8xf32>
  return %r : tensor<1x4x8xf32>
}

// -----

func.func @group_norm_c4_element_types_differ(%x: tensor<1x4x8xf32>, %s: tensor<4xf16>) -> tensor<1x4x8xf32> {
  // expected-error@+1 {{has operands of element types 'f32' and 'f16'; expected the same}}
  %r = cameo.group_norm %x, %s, %s {groups = 2 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x4x8xf32>, tensor<4xf16>, tensor<4xf16>) -> tensor<1x4x8xf32>
  return %r : tensor<1x4x8xf32>
}

// -----

func.func @lrn_c1_rank(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{operand has shape 4; expected [batch, channels, ...]}}
  %r = cameo.lrn %x {size = 3 : i64, alpha = 1.0e-04 : f32, beta = 0.75 : f32, bias = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @lrn_c2_size_zero(%x: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> {
  // expected-error@+1 {{size is 0; expected 1 or more}}
  %r = cameo.lrn %x {size = 0 : i64, alpha = 1.0e-04 : f32, beta = 0.75 : f32, bias = 1.0 : f32} : (tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %r : tensor<1x4x8xf32>
}
