// RUN: cameo-opt %s --cameo-fold-constants --split-input-file --verify-diagnostics

// What fails in every call is left for run time; a warning names the node.
func.func @index_out_of_range() -> tensor<f32> {
  %a = cameo.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %square = cameo.constant dense<49.0> : tensor<f32>
  %big = cameo.sqrt %square : (tensor<f32>) -> tensor<f32>
  %i = cameo.cast %big {to = i64} : (tensor<f32>) -> tensor<i64>
  // expected-warning@+1 {{index 7 is outside the axis, found while computing it from constants}}
  %g = cameo.gather %a, %i {axis = 0 : i64} : (tensor<2xf32>, tensor<i64>) -> tensor<f32>
  return %g : tensor<f32>
}

// -----

// 2^31 numbers, which only running cameo.range tells, are left for run time without a word.
func.func @too_large() -> tensor<?xf32> {
  %one = cameo.constant dense<1.0> : tensor<f32>
  %big = cameo.constant dense<2.0> : tensor<f32>
  %power = cameo.constant dense<31.0> : tensor<f32>
  %numbers = cameo.pow %big, %power : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %n = cameo.cast %numbers {to = i64} : (tensor<f32>) -> tensor<i64>
  %r = cameo.range %one, %one, %n : (tensor<f32>, tensor<f32>, tensor<i64>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

// What an op that reads it cannot take is left for run time.
func.func @index_out_of_range_of_an_input(%x: tensor<2xf32>) -> tensor<f32> {
  %square = cameo.constant dense<49.0> : tensor<f32>
  %big = cameo.sqrt %square : (tensor<f32>) -> tensor<f32>
  %i = cameo.cast %big {to = i64} : (tensor<f32>) -> tensor<i64>
  // expected-warning@+1 {{index 7 is outside the axis of size 2; expected -2 to 1}}
  %g = cameo.gather %x, %i {axis = 0 : i64} : (tensor<2xf32>, tensor<i64>) -> tensor<f32>
  return %g : tensor<f32>
}
