// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of attention, linear_attention and rotary_embedding.
func.func @attention_c1_rank(%q: tensor<8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x6x16xf32>) {
  // expected-error@+1 {{operand q has shape 8x4x16; expected rank 4}}
  %o0 = cameo.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @attention_c1_keys(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x8xf32>, %v: tensor<1x2x6x16xf32>) {
  // expected-error@+1 {{operand k has shape 1x2x6x8; expected 1x2x6x16}}
  %o0 = cameo.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<1x8x4x16xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x16xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @attention_c1_values(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x5x16xf32>) {
  // expected-error@+1 {{operand v has shape 1x2x5x16; expected 1x2x6x16}}
  %o0 = cameo.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<1x8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x5x16xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @attention_c1_types(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x6x16xf16>) {
  // expected-error@+1 {{operand v has element type 'f16'; expected 'f32', as the first operand has}}
  %o0 = cameo.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<1x8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf16>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @attention_c2_groups(%q: tensor<1x8x4x16xf32>, %k: tensor<1x3x6x16xf32>, %v: tensor<1x3x6x16xf32>) {
  // expected-error@+1 {{has 8 query heads and 3 key heads; expected a multiple of the key heads}}
  %o0 = cameo.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<1x8x4x16xf32>, tensor<1x3x6x16xf32>, tensor<1x3x6x16xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @attention_c3_type(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x6x16xf32>, %m: tensor<4x6xi32>) {
  // expected-error@+1 {{operand mask has element type 'i32'; expected i1, 'f32' or 'f32'}}
  %o0 = cameo.attention %q, %k, %v mask %m {scale = 1.0 : f32} : (tensor<1x8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf32>, tensor<4x6xi32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @attention_c3_shape(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x6x16xf32>, %m: tensor<5x6xf32>) {
  // expected-error@+1 {{operand mask has shape 5x6, which does not broadcast to the scores' 1x8x4x6}}
  %o0 = cameo.attention %q, %k, %v mask %m {scale = 1.0 : f32} : (tensor<1x8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf32>, tensor<5x6xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @attention_c4_lengths(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x6x16xf32>, %n: tensor<3xi64>) {
  // expected-error@+1 {{operand lengths has shape 3; expected 1}}
  %o0 = cameo.attention %q, %k, %v lengths %n {scale = 1.0 : f32} : (tensor<1x8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf32>, tensor<3xi64>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @attention_c5_sinks(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x6x16xf32>, %s: tensor<2xf32>) {
  // expected-error@+1 {{operand sinks has shape 2; expected 8}}
  %o0 = cameo.attention %q, %k, %v sinks %s {scale = 1.0 : f32} : (tensor<1x8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf32>, tensor<2xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @attention_c6_stage(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x6x16xf32>) {
  // expected-error@+1 {{stage is 'raw'; expected product, capped, masked or weights}}
  %o0, %o1 = cameo.attention %q, %k, %v {scale = 1.0 : f32, stage = "raw"} : (tensor<1x8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>)
  return
}

// -----

func.func @attention_c6_no_stage(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x6x16xf32>) {
  // expected-error@+1 {{stage is ''; expected product, capped, masked or weights}}
  %o0, %o1 = cameo.attention %q, %k, %v {scale = 1.0 : f32} : (tensor<1x8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>)
  return
}

// -----

func.func @attention_c7_window(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x6x16xf32>) {
  // expected-error@+1 {{right is -2; expected 0 to 281474976710656}}
  %o0 = cameo.attention %q, %k, %v {scale = 1.0 : f32, right = -2 : i64} : (tensor<1x8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @attention_c7_far_window(%q: tensor<1x8x4x16xf32>, %k: tensor<1x2x6x16xf32>, %v: tensor<1x2x6x16xf32>) {
  // expected-error@+1 {{left is 9223372036854775807; expected 0 to 281474976710656}}
  %o0 = cameo.attention %q, %k, %v {scale = 1.0 : f32, left = 9223372036854775807 : i64} : (tensor<1x8x4x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @linear_attention_c1_sizes(%q: tensor<1x5x4x8xf32>, %k: tensor<1x4x2x8xf32>, %v: tensor<1x5x2x6xf32>) {
  // expected-error@+1 {{operand k has shape 1x4x2x8; expected 1x5x2x8}}
  %o0, %o1 = cameo.linear_attention %q, %k, %v {scale = 1.0 : f32, state = f32} : (tensor<1x5x4x8xf32>, tensor<1x4x2x8xf32>, tensor<1x5x2x6xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>)
  return
}

// -----

func.func @linear_attention_c2_groups(%q: tensor<1x5x3x8xf32>, %k: tensor<1x5x2x8xf32>, %v: tensor<1x5x2x6xf32>) {
  // expected-error@+1 {{has 3 query heads and 2 key heads; expected a multiple of the key heads}}
  %o0, %o1 = cameo.linear_attention %q, %k, %v {scale = 1.0 : f32, state = f32} : (tensor<1x5x3x8xf32>, tensor<1x5x2x8xf32>, tensor<1x5x2x6xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>)
  return
}

// -----

func.func @linear_attention_c3_decay(%q: tensor<1x5x4x8xf32>, %k: tensor<1x5x2x8xf32>, %v: tensor<1x5x2x6xf32>, %d: tensor<1x5x2x4xf32>) {
  // expected-error@+1 {{operand decay has shape 1x5x2x4; expected 1x5x2x8}}
  %o0, %o1 = cameo.linear_attention %q, %k, %v decay %d {scale = 1.0 : f32, state = f32} : (tensor<1x5x4x8xf32>, tensor<1x5x2x8xf32>, tensor<1x5x2x6xf32>, tensor<1x5x2x4xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>)
  return
}

// -----

func.func @linear_attention_c4_beta(%q: tensor<1x5x4x8xf32>, %k: tensor<1x5x2x8xf32>, %v: tensor<1x5x2x6xf32>, %b: tensor<1x5x3xf32>) {
  // expected-error@+1 {{operand beta has shape 1x5x3; expected 1x5x2}}
  %o0, %o1 = cameo.linear_attention %q, %k, %v beta %b {scale = 1.0 : f32, state = f32} : (tensor<1x5x4x8xf32>, tensor<1x5x2x8xf32>, tensor<1x5x2x6xf32>, tensor<1x5x3xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>)
  return
}

// -----

func.func @linear_attention_c5_state(%q: tensor<1x5x4x8xf32>, %k: tensor<1x5x2x8xf32>, %v: tensor<1x5x2x6xf32>, %s: tensor<1x2x8x6xf16>) {
  // expected-error@+1 {{state is 'f32'; expected a float type, that of the initial state}}
  %o0, %o1 = cameo.linear_attention %q, %k, %v initial %s {scale = 1.0 : f32, state = f32} : (tensor<1x5x4x8xf32>, tensor<1x5x2x8xf32>, tensor<1x5x2x6xf32>, tensor<1x2x8x6xf16>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>)
  return
}

// -----

func.func @rotary_embedding_c1_axis(%x: tensor<1x8x16x64xf32>, %c: tensor<1x16x32xf32>, %s: tensor<1x16x32xf32>) {
  // expected-error@+1 {{operand x has shape 1x8x16x64 and axis is 3; expected rank 4 and axis 1 or 2}}
  %o0 = cameo.rotary_embedding %x, %c, %s {axis = 3 : i64} : (tensor<1x8x16x64xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @rotary_embedding_c2_table(%x: tensor<1x8x16x64xf32>, %c: tensor<1x16x32xf32>, %s: tensor<1x16x16xf32>) {
  // expected-error@+1 {{operand sin has shape 1x16x16; expected 1x16x32}}
  %o0 = cameo.rotary_embedding %x, %c, %s {axis = 2 : i64} : (tensor<1x8x16x64xf32>, tensor<1x16x32xf32>, tensor<1x16x16xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @rotary_embedding_c2_rank(%x: tensor<1x8x16x64xf32>, %c: tensor<1x16x32xf32>, %s: tensor<1x16x32xf32>, %p: tensor<1x16xi64>) {
  // expected-error@+1 {{operand cos has shape 1x16x32; expected rank 2}}
  %o0 = cameo.rotary_embedding %x, %c, %s at %p {axis = 2 : i64} : (tensor<1x8x16x64xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x16xi64>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @rotary_embedding_c3_positions(%x: tensor<1x8x16x64xf32>, %c: tensor<99x32xf32>, %s: tensor<99x32xf32>, %p: tensor<2x16xi64>) {
  // expected-error@+1 {{operand positions has shape 2x16; expected 1x16}}
  %o0 = cameo.rotary_embedding %x, %c, %s at %p {axis = 2 : i64} : (tensor<1x8x16x64xf32>, tensor<99x32xf32>, tensor<99x32xf32>, tensor<2x16xi64>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @rotary_embedding_c4_too_wide(%x: tensor<1x8x16x64xf32>, %c: tensor<1x16x48xf32>, %s: tensor<1x16x48xf32>) {
  // expected-error@+1 {{rotates 96 elements of 64; expected no more than there are}}
  %o0 = cameo.rotary_embedding %x, %c, %s {axis = 2 : i64} : (tensor<1x8x16x64xf32>, tensor<1x16x48xf32>, tensor<1x16x48xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @rotary_embedding_c5_types(%x: tensor<1x8x16x64xf32>, %c: tensor<1x16x32xf16>, %s: tensor<1x16x32xf32>) {
  // expected-error@+1 {{operand cos has element type 'f16'; expected 'f32', as the first operand has}}
  %o0 = cameo.rotary_embedding %x, %c, %s {axis = 2 : i64} : (tensor<1x8x16x64xf32>, tensor<1x16x32xf16>, tensor<1x16x32xf32>) -> tensor<?x?x?x?xf32>
  return
}
