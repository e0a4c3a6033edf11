// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of the reductions.
func.func @reduce_c1_axis_too_large(%x: tensor<2x8xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{axis is 2, but the operand has rank 2; expected 0 to 1}}
  %r = cameo.reduce %x {axes = array<i64: 2>, kind = "sum"} : (tensor<2x8xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

func.func @reduce_c1_axis_twice(%x: tensor<2x8xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{axis 1 is given twice}}
  %r = cameo.reduce %x {axes = array<i64: 1, 1>, kind = "sum"} : (tensor<2x8xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

func.func @reduce_c2_unknown_kind(%x: tensor<2x8xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{kind is 'median'; expected sum, mean, prod, max, min}}
  %r = cameo.reduce %x {axes = array<i64: 1>, kind = "median"} : (tensor<2x8xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

func.func @reduce_dynamic_c1_unknown_length(%x: tensor<2x8xf32>, %a: tensor<?xi64>) -> tensor<?xf32> {
  // expected-error@+1 {{the number of axes is not known at compile time}}
  %r = cameo.reduce_dynamic %x, %a {kind = "sum"} : (tensor<2x8xf32>, tensor<?xi64>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

func.func @reduce_dynamic_c1_too_many(%x: tensor<2x8xf32>, %a: tensor<3xi64>) -> tensor<f32> {
  // expected-error@+1 {{has 3 axes, but the operand has rank 2}}
  %r = cameo.reduce_dynamic %x, %a {kind = "sum"} : (tensor<2x8xf32>, tensor<3xi64>) -> tensor<f32>
  return %r : tensor<f32>
}

// -----

func.func @reduce_dynamic_c2_unknown_kind(%x: tensor<2x8xf32>, %a: tensor<1xi64>) -> tensor<?xf32> {
  // expected-error@+1 {{kind is 'median'; expected sum, mean, prod, max, min}}
  %r = cameo.reduce_dynamic %x, %a {kind = "median"} : (tensor<2x8xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

func.func @arg_max_c1_axis_too_large(%x: tensor<2x8xf32>) -> tensor<2xi64> {
  // expected-error@+1 {{axis is 2, but the operand has rank 2; expected -2 to 1}}
  %r = cameo.arg_max %x {axis = 2 : i64} : (tensor<2x8xf32>) -> tensor<2xi64>
  return %r : tensor<2xi64>
}

// -----

func.func @arg_max_c2_empty_axis(%x: tensor<2x0xf32>) -> tensor<2xi64> {
  // expected-error@+1 {{axis 1 has size 0; the position of an extremum needs at least one element}}
  %r = cameo.arg_max %x {axis = 1 : i64} : (tensor<2x0xf32>) -> tensor<2xi64>
  return %r : tensor<2xi64>
}

// -----

func.func @arg_min_c1_axis_too_small(%x: tensor<2x8xf32>) -> tensor<2xi64> {
  // expected-error@+1 {{axis is -3, but the operand has rank 2; expected -2 to 1}}
  %r = cameo.arg_min %x {axis = -3 : i64} : (tensor<2x8xf32>) -> tensor<2xi64>
  return %r : tensor<2xi64>
}

// -----

func.func @arg_min_c2_empty_axis(%x: tensor<2x0xf32>) -> tensor<2xi64> {
  // expected-error@+1 {{axis 1 has size 0; the position of an extremum needs at least one element}}
  %r = cameo.arg_min %x {axis = 1 : i64} : (tensor<2x0xf32>) -> tensor<2xi64>
  return %r : tensor<2xi64>
}

// -----

func.func @cumulate_c1_two_axes(%x: tensor<2x8xf32>, %a: tensor<2xi64>) -> tensor<2x8xf32> {
  // expected-error@+1 {{axis must have one element, but has shape 2}}
  %r = cameo.cumulate %x, %a {kind = "sum"} : (tensor<2x8xf32>, tensor<2xi64>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

func.func @cumulate_c2_unknown_kind(%x: tensor<2x8xf32>, %a: tensor<i64>) -> tensor<2x8xf32> {
  // expected-error@+1 {{kind is 'max'; expected sum, prod}}
  %r = cameo.cumulate %x, %a {kind = "max"} : (tensor<2x8xf32>, tensor<i64>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

func.func @softmax_c1_axis_too_large(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error@+1 {{axis is 2, but the operand has rank 2; expected -2 to 1}}
  %r = cameo.softmax %x {axis = 2 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

func.func @log_softmax_c1_axis_too_large(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error@+1 {{axis is 2, but the operand has rank 2; expected -2 to 1}}
  %r = cameo.log_softmax %x {axis = 2 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}
