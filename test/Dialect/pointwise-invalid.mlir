// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of the pointwise ops.
func.func @add_element_types_differ(%x: tensor<2xf32>, %y: tensor<2xi32>) -> tensor<2xf32> {
  // expected-error@+1 {{requires the same element type for all operands}}
  %r = cameo.add %x, %y : (tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

func.func @add_shapes_do_not_broadcast(%x: tensor<2x3xf32>, %y: tensor<4xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{cannot broadcast shapes 2x3 and 4: axis 1 has sizes 3 and 4}}
  %r = cameo.add %x, %y : (tensor<2x3xf32>, tensor<4xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}

// -----

func.func @where_element_types_differ(%c: tensor<2xi1>, %x: tensor<2xf32>, %y: tensor<2xi32>) -> tensor<2xf32> {
  // expected-error@+1 {{has operands of element types 'f32' and 'i32'; expected the same}}
  %r = cameo.where %c, %x, %y : (tensor<2xi1>, tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

func.func @is_inf_c1_asks_for_nothing(%x: tensor<2xf32>) -> tensor<2xi1> {
  // expected-error@+1 {{needs `positive`, `negative` or both}}
  %r = cameo.is_inf %x : (tensor<2xf32>) -> tensor<2xi1>
  return %r : tensor<2xi1>
}

// -----

func.func @bit_cast_c1_sizes_differ(%x: tensor<2xf32>) -> tensor<2xi64> {
  // expected-error@+1 {{cannot reinterpret 'f32' as 'i64': their elements differ in size}}
  %r = cameo.bit_cast %x {to = i64} : (tensor<2xf32>) -> tensor<2xi64>
  return %r : tensor<2xi64>
}

// -----

func.func @exp_of_integers(%x: tensor<2xi32>) -> tensor<2xi32> {
  // expected-error@+1 {{operand #0 must be ranked tensor of}}
  %r = cameo.exp %x : (tensor<2xi32>) -> tensor<2xi32>
  return %r : tensor<2xi32>
}

// -----

func.func @dequantize_c1_types_differ(%x: tensor<2xi8>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<2xf32> {
  // expected-error@+1 {{has integers of types 'i8' and 'ui8'; expected one type of at most 32 bits}}
  %r = cameo.dequantize %x, %s, %z : (tensor<2xi8>, tensor<f32>, tensor<ui8>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

// An i4 and an i8 both lie in a byte, but only one fills it.
func.func @bit_cast_c1_one_is_packed(%x: tensor<2xi4>) -> tensor<2xi8> {
  // expected-error@+1 {{cannot reinterpret 'i4' as 'i8': their elements differ in size}}
  %r = cameo.bit_cast %x {to = i8} : (tensor<2xi4>) -> tensor<2xi8>
  return %r : tensor<2xi8>
}

// -----

func.func @cast_c1_unknown_round_mode(%x: tensor<2xf32>) -> tensor<2xf8E8M0FNU> {
  // expected-error@+1 {{roundMode is "even"; expected up, down or nearest}}
  %r = cameo.cast %x {to = f8E8M0FNU, roundMode = "even"} : (tensor<2xf32>) -> tensor<2xf8E8M0FNU>
  return %r : tensor<2xf8E8M0FNU>
}

// -----

func.func @add_of_narrow_floats(%x: tensor<2xf8E5M2>) -> tensor<2xf8E5M2> {
  // expected-error@+1 {{operand #0 must be ranked tensor of}}
  %r = cameo.add %x, %x : (tensor<2xf8E5M2>, tensor<2xf8E5M2>) -> tensor<2xf8E5M2>
  return %r : tensor<2xf8E5M2>
}
