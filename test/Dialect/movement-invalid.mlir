// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of the ops that move elements by position.
func.func @transpose_c1_length(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // expected-error@+1 {{permutation has 1 entries, but the operand has rank 2}}
  %y = cameo.transpose %x {permutation = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

func.func @transpose_c1_twice(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // expected-error@+1 {{permutation has the entry 1; expected each of 0 to 1 once}}
  %y = cameo.transpose %x {permutation = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

func.func @slice_c1_length(%x: tensor<8xf32>, %s: tensor<2xi64>, %e: tensor<1xi64>) -> tensor<?xf32> {
  // expected-error@+1 {{starts has 2 elements; expected 1, one per axis}}
  %y = cameo.slice %x, %s, %e, %e {axes = array<i64: 0>} : (tensor<8xf32>, tensor<2xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @slice_c2_axis(%x: tensor<8xf32>, %s: tensor<1xi64>) -> tensor<?xf32> {
  // expected-error@+1 {{axis 1 is given twice or outside the operand of rank 1}}
  %y = cameo.slice %x, %s, %s, %s {axes = array<i64: 1>} : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @slice_c3_step_zero(%x: tensor<8xf32>, %s: tensor<1xi64>) -> tensor<?xf32> {
  %t = cameo.constant dense<0> : tensor<1xi64>
  // expected-error@+1 {{step 0 is 0; expected another number}}
  %y = cameo.slice %x, %s, %s, %t {axes = array<i64: 0>} : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @concat_c1_types(%x: tensor<2xf32>, %y: tensor<2xf16>) -> tensor<4xf32> {
  // expected-error@+1 {{operand 1 has element type 'f16', operand 0 'f32'; expected one type}}
  %z = cameo.concat %x, %y {axis = 0 : i64} : (tensor<2xf32>, tensor<2xf16>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}

// -----

func.func @concat_c1_ranks(%x: tensor<2xf32>, %y: tensor<2x1xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{operand 1 has rank 2, operand 0 rank 1; expected one rank}}
  %z = cameo.concat %x, %y {axis = 0 : i64} : (tensor<2xf32>, tensor<2x1xf32>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}

// -----

func.func @concat_c2_axis(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{axis is 1, but the operand has rank 1; expected -1 to 0}}
  %z = cameo.concat %x {axis = 1 : i64} : (tensor<2xf32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// -----

func.func @concat_c3_sizes(%x: tensor<2x3xf32>, %y: tensor<3x3xf32>) -> tensor<2x6xf32> {
  // expected-error@+1 {{operand 1 has shape 3x3, which differs from 2x3 on axis 0, not only on axis 1}}
  %z = cameo.concat %x, %y {axis = 1 : i64} : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x6xf32>
  return %z : tensor<2x6xf32>
}

// -----

func.func @expand_c1_length(%x: tensor<4xf32>, %s: tensor<?xi64>) -> tensor<4xf32> {
  // expected-error@+1 {{the length of the shape operand is not known at compile time, so the result's rank is not}}
  %y = cameo.expand %x, %s : (tensor<4xf32>, tensor<?xi64>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @expand_c2_sizes(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s = cameo.constant dense<3> : tensor<1xi64>
  // expected-error@+1 {{cannot expand 4 to 3: axis 0 has size 4, not 1 or 3}}
  %y = cameo.expand %x, %s : (tensor<4xf32>, tensor<1xi64>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @tile_c1_length(%x: tensor<4xf32>, %r: tensor<2xi64>) -> tensor<4xf32> {
  // expected-error@+1 {{repeats has 2 elements, but the operand has rank 1; expected one per axis}}
  %y = cameo.tile %x, %r : (tensor<4xf32>, tensor<2xi64>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @tile_c2_negative(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = cameo.constant dense<-2> : tensor<1xi64>
  // expected-error@+1 {{repeat 0 is -2; expected 0 or more}}
  %y = cameo.tile %x, %r : (tensor<4xf32>, tensor<1xi64>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @pad_c1_length(%x: tensor<4xf32>, %p: tensor<3xi64>, %v: tensor<f32>) -> tensor<?xf32> {
  // expected-error@+1 {{pads has 3 elements; expected 2 for an operand of rank 1}}
  %y = cameo.pad %x, %p, %v {mode = "constant"} : (tensor<4xf32>, tensor<3xi64>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @pad_c2_negative(%x: tensor<4xf32>, %v: tensor<f32>) -> tensor<?xf32> {
  %p = cameo.constant dense<[-3, -2]> : tensor<2xi64>
  // expected-error@+1 {{axis 0 of size 4 with pads -3 and -2 gets size -1; expected 0 or more}}
  %y = cameo.pad %x, %p, %v {mode = "constant"} : (tensor<4xf32>, tensor<2xi64>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @pad_c3_mode(%x: tensor<4xf32>, %p: tensor<2xi64>, %v: tensor<f32>) -> tensor<?xf32> {
  // expected-error@+1 {{mode is 'mirror'; expected constant, edge, reflect or wrap}}
  %y = cameo.pad %x, %p, %v {mode = "mirror"} : (tensor<4xf32>, tensor<2xi64>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @pad_c4_value(%x: tensor<4xf32>, %p: tensor<2xi64>, %v: tensor<i32>) -> tensor<?xf32> {
  // expected-error@+1 {{value has element type 'i32'; expected 'f32'}}
  %y = cameo.pad %x, %p, %v {mode = "constant"} : (tensor<4xf32>, tensor<2xi64>, tensor<i32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @pad_c5_empty(%x: tensor<0xf32>, %v: tensor<f32>) -> tensor<?xf32> {
  %p = cameo.constant dense<1> : tensor<2xi64>
  // expected-error@+1 {{axis 0 is empty; mode edge has nothing to repeat there}}
  %y = cameo.pad %x, %p, %v {mode = "edge"} : (tensor<0xf32>, tensor<2xi64>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @reverse_sequence_c1_axes(%x: tensor<2x4xf32>, %n: tensor<2xi64>) -> tensor<2x4xf32> {
  // expected-error@+1 {{batch axis 1 and time axis 1 must differ and lie in the operand of rank 2}}
  %y = cameo.reverse_sequence %x, %n {batchAxis = 1 : i64, timeAxis = 1 : i64} : (tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

func.func @reverse_sequence_c2_lengths(%x: tensor<2x4xf32>, %n: tensor<3xi64>) -> tensor<2x4xf32> {
  // expected-error@+1 {{the number of lengths is 3; expected 2}}
  %y = cameo.reverse_sequence %x, %n {batchAxis = 0 : i64, timeAxis = 1 : i64} : (tensor<2x4xf32>, tensor<3xi64>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

func.func @trilu_c1_rank(%x: tensor<4xf32>, %k: tensor<i64>) -> tensor<4xf32> {
  // expected-error@+1 {{operand has rank 1; expected 2 or more}}
  %y = cameo.trilu %x, %k {upper} : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @trilu_c2_k(%x: tensor<4x4xf32>, %k: tensor<2xi64>) -> tensor<4x4xf32> {
  // expected-error@+1 {{operand k has shape 2; expected one element}}
  %y = cameo.trilu %x, %k {upper} : (tensor<4x4xf32>, tensor<2xi64>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}
