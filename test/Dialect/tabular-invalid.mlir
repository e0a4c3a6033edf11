// RUN: cameo-opt %s --split-input-file --verify-diagnostics --cameo-infer-shapes

func.func @tree_ensemble_c1_roots_of_one_column(%x: tensor<8x4xf32>, %n: tensor<3x4xi32>, %r: tensor<1x1xi32>, %w: tensor<2x1xf32>) {
  // expected-error@+1 {{operands have shapes 8x4, 3x4, 1x1 and 2x1; expected two axes each, nodes with 4 and roots with 2 columns}}
  %y = cameo.tree_ensemble %x, %n, %r, %w {aggregate = "sum", leavesFrom = 1 : i64, modes = ["le"], numTargets = 1 : i64} : (tensor<8x4xf32>, tensor<3x4xi32>, tensor<1x1xi32>, tensor<2x1xf32>) -> tensor<8x1xf32>
  return
}

// -----

func.func @tree_ensemble_c1_too_few_weights(%x: tensor<8x4xf32>, %n: tensor<3x4xi32>, %r: tensor<1x2xi32>, %w: tensor<1x1xf32>) {
  // expected-error@+1 {{the number of rows of weights is 1; expected 2}}
  %y = cameo.tree_ensemble %x, %n, %r, %w {aggregate = "sum", leavesFrom = 1 : i64, modes = ["le"], numTargets = 1 : i64} : (tensor<8x4xf32>, tensor<3x4xi32>, tensor<1x2xi32>, tensor<1x1xf32>) -> tensor<8x1xf32>
  return
}

// -----

func.func @tree_ensemble_c1_weights_for_another_number_of_targets(%x: tensor<8x4xf32>, %n: tensor<3x4xi32>, %r: tensor<1x2xi32>, %w: tensor<2x1xf32>) {
  // expected-error@+1 {{the number of columns of weights is 1; expected 3}}
  %y = cameo.tree_ensemble %x, %n, %r, %w {aggregate = "sum", leavesFrom = 1 : i64, modes = ["le"], numTargets = 3 : i64} : (tensor<8x4xf32>, tensor<3x4xi32>, tensor<1x2xi32>, tensor<2x1xf32>) -> tensor<8x3xf32>
  return
}

// -----

func.func @tree_ensemble_c1_targets_of_another_shape(%x: tensor<8x4xf32>, %n: tensor<3x4xi32>, %r: tensor<1x2xi32>, %w: tensor<2x1xf32>, %t: tensor<2x2xi32>) {
  // expected-error@+1 {{a size of targets is 2; expected 1}}
  %y = cameo.tree_ensemble %x, %n, %r, %w, %t {aggregate = "sum", leavesFrom = 1 : i64, modes = ["le"], numTargets = 3 : i64} : (tensor<8x4xf32>, tensor<3x4xi32>, tensor<1x2xi32>, tensor<2x1xf32>, tensor<2x2xi32>) -> tensor<8x3xf32>
  return
}

// -----

func.func @tree_ensemble_c2_narrow_nodes(%x: tensor<8x4xf64>, %n: tensor<3x4xi32>, %r: tensor<1x2xi32>, %w: tensor<2x1xf64>) {
  // expected-error@+1 {{has elements 'f64', nodes of 'i32' and weights of 'f64'; expected f32 with 32 or f64 with 64 bits}}
  %y = cameo.tree_ensemble %x, %n, %r, %w {aggregate = "sum", leavesFrom = 1 : i64, modes = ["le"], numTargets = 1 : i64} : (tensor<8x4xf64>, tensor<3x4xi32>, tensor<1x2xi32>, tensor<2x1xf64>) -> tensor<8x1xf64>
  return
}

// -----

func.func @tree_ensemble_c3_unknown_mode(%x: tensor<8x4xf32>, %n: tensor<3x4xi32>, %r: tensor<1x2xi32>, %w: tensor<2x1xf32>) {
  // expected-error@+1 {{modes are ["gt"]; expected 1 to 3 of lt, le, eq}}
  %y = cameo.tree_ensemble %x, %n, %r, %w {aggregate = "sum", leavesFrom = 1 : i64, modes = ["gt"], numTargets = 1 : i64} : (tensor<8x4xf32>, tensor<3x4xi32>, tensor<1x2xi32>, tensor<2x1xf32>) -> tensor<8x1xf32>
  return
}

// -----

func.func @tree_ensemble_c3_unknown_aggregate(%x: tensor<8x4xf32>, %n: tensor<3x4xi32>, %r: tensor<1x2xi32>, %w: tensor<2x1xf32>) {
  // expected-error@+1 {{aggregate is "mean"; expected sum, min or max}}
  %y = cameo.tree_ensemble %x, %n, %r, %w {aggregate = "mean", leavesFrom = 1 : i64, modes = ["le"], numTargets = 1 : i64} : (tensor<8x4xf32>, tensor<3x4xi32>, tensor<1x2xi32>, tensor<2x1xf32>) -> tensor<8x1xf32>
  return
}

// -----

func.func @count_ngrams_c1_another_token_type(%x: tensor<2x4xi64>, %p: tensor<3x!cameo.string>, %n: tensor<1x3xi64>) {
  // expected-error@+1 {{x has element type 'i64', pool '!cameo.string'; expected the same}}
  %y = cameo.count_ngrams %x, %p, %n {columns = 1 : i64, maxSkips = 0 : i64} : (tensor<2x4xi64>, tensor<3x!cameo.string>, tensor<1x3xi64>) -> tensor<2x1xf32>
  return
}

// -----

func.func @count_ngrams_c1_no_column_of_columns(%x: tensor<2x4xi64>, %p: tensor<3xi64>, %n: tensor<1x2xi64>) {
  // expected-error@+1 {{operands have shapes 2x4, 3 and 1x2; expected [rows, tokens], [tokens] and [n-grams, 3]}}
  %y = cameo.count_ngrams %x, %p, %n {columns = 1 : i64, maxSkips = 0 : i64} : (tensor<2x4xi64>, tensor<3xi64>, tensor<1x2xi64>) -> tensor<2x1xf32>
  return
}

// -----

func.func @count_ngrams_c2_negative_skips(%x: tensor<2x4xi64>, %p: tensor<3xi64>, %n: tensor<1x3xi64>) {
  // expected-error@+1 {{columns is 1 and maxSkips -1; expected 0 or more}}
  %y = cameo.count_ngrams %x, %p, %n {columns = 1 : i64, maxSkips = -1 : i64} : (tensor<2x4xi64>, tensor<3xi64>, tensor<1x3xi64>) -> tensor<2x1xf32>
  return
}

// -----

func.func @couple_probabilities_c1_too_few_pairs(%r: tensor<8x2xf32>) {
  // expected-error@+1 {{the number of pairs is 2; expected 3}}
  %y = cameo.couple_probabilities %r {classes = 3 : i64} : (tensor<8x2xf32>) -> tensor<8x3xf32>
  return
}

// -----

func.func @couple_probabilities_c1_one_axis(%r: tensor<8xf32>) {
  // expected-error@+1 {{operand has rank 1; expected 2}}
  %y = cameo.couple_probabilities %r {classes = 3 : i64} : (tensor<8xf32>) -> tensor<8x3xf32>
  return
}

// -----

func.func @couple_probabilities_c2_one_class(%r: tensor<8x1xf32>) {
  // expected-error@+1 {{has 1 classes; expected 2 to 4096}}
  %y = cameo.couple_probabilities %r {classes = 1 : i64} : (tensor<8x1xf32>) -> tensor<8x1xf32>
  return
}
