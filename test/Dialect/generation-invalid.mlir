// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of range, eye_like and one_hot.
func.func @range_c1_start(%s: tensor<2xf32>, %d: tensor<f32>, %n: tensor<i64>) -> tensor<?xf32> {
  // expected-error@+1 {{operand start has shape 2; expected one element}}
  %y = cameo.range %s, %d, %n : (tensor<2xf32>, tensor<f32>, tensor<i64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @range_c2_types(%s: tensor<f32>, %d: tensor<f64>, %n: tensor<i64>) -> tensor<?xf32> {
  // expected-error@+1 {{start has element type 'f32', delta 'f64'; expected one type}}
  %y = cameo.range %s, %d, %n : (tensor<f32>, tensor<f64>, tensor<i64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @eye_like_c1_rank(%x: tensor<3xi64>) -> tensor<3xf32> {
  // expected-error@+1 {{operand has rank 1; expected 2}}
  %y = cameo.eye_like %x {k = 0 : i64, to = f32} : (tensor<3xi64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @one_hot_c1_axis(%i: tensor<3xi64>, %d: tensor<i64>, %v: tensor<2xf32>) -> tensor<3x?xf32> {
  // expected-error@+1 {{axis is 2, but the operand has rank 2; expected -2 to 1}}
  %y = cameo.one_hot %i, %d, %v {axis = 2 : i64} : (tensor<3xi64>, tensor<i64>, tensor<2xf32>) -> tensor<3x?xf32>
  return %y : tensor<3x?xf32>
}

// -----

func.func @one_hot_c2_depth(%i: tensor<3xi64>, %d: tensor<2xi64>, %v: tensor<2xf32>) -> tensor<3x?xf32> {
  // expected-error@+1 {{depth is not a tensor of one element}}
  %y = cameo.one_hot %i, %d, %v {axis = -1 : i64} : (tensor<3xi64>, tensor<2xi64>, tensor<2xf32>) -> tensor<3x?xf32>
  return %y : tensor<3x?xf32>
}

// -----

func.func @one_hot_c3_values(%i: tensor<3xi64>, %d: tensor<i64>, %v: tensor<3xf32>) -> tensor<3x?xf32> {
  // expected-error@+1 {{the number of values is 3; expected 2}}
  %y = cameo.one_hot %i, %d, %v {axis = -1 : i64} : (tensor<3xi64>, tensor<i64>, tensor<3xf32>) -> tensor<3x?xf32>
  return %y : tensor<3x?xf32>
}

// -----

func.func @random_c1_sizes(%n: tensor<1x2xi64>) -> tensor<?x?xf32> {
  // expected-error@+1 {{operand sizes has shape 1x2; expected a vector of known length}}
  %y = cameo.random %n {distribution = "uniform", a = 0.0 : f32, b = 1.0 : f32, seed = 7 : i64, to = f32} : (tensor<1x2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @random_c2_distribution(%n: tensor<2xi64>) -> tensor<?x?xf32> {
  // expected-error@+1 {{distribution is 'cauchy'; expected uniform or normal}}
  %y = cameo.random %n {distribution = "cauchy", a = 0.0 : f32, b = 1.0 : f32, seed = 7 : i64, to = f32} : (tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
