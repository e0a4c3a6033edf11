// RUN: cameo-opt %s --split-input-file --verify-diagnostics --cameo-infer-shapes

func.func @string_pieces_c1_two_delimiters(%x: tensor<2x!cameo.string>, %d: tensor<2x!cameo.string>) {
  // expected-error@+1 {{delimiter has shape 2; expected one element}}
  %n = cameo.string_pieces %x, %d : (tensor<2x!cameo.string>, tensor<2x!cameo.string>) -> tensor<2xi64>
  return
}

// -----

func.func @string_split_c1_two_counts(%x: tensor<2x!cameo.string>, %d: tensor<!cameo.string>, %n: tensor<2xi64>) {
  // expected-error@+1 {{count has shape 2; expected one element}}
  %y = cameo.string_split %x, %d, %n : (tensor<2x!cameo.string>, tensor<!cameo.string>, tensor<2xi64>) -> tensor<2x?x!cameo.string>
  return
}

// -----

func.func @string_match_c1_no_entry_for_the_end(%x: tensor<2x!cameo.string>, %a: tensor<4x256xi32>) {
  // expected-error@+1 {{automaton has shape 4x256; expected [states, 257], states >= 1}}
  %y = cameo.string_match %x, %a : (tensor<2x!cameo.string>, tensor<4x256xi32>) -> tensor<2xi1>
  return
}

// -----

func.func @string_token_count_c1_no_row_behind_words(%x: tensor<2x!cameo.string>, %a: tensor<2x257xi32>) {
  // expected-error@+1 {{automaton has shape 2x257; expected [states, 257], states >= 3}}
  %n = cameo.string_token_count %x, %a {least = 1 : i64} : (tensor<2x!cameo.string>, tensor<2x257xi32>) -> tensor<2xi64>
  return
}

// -----

func.func @string_token_count_c2_empty_tokens(%x: tensor<2x!cameo.string>, %a: tensor<4x257xi32>) {
  // expected-error@+1 {{least is 0; expected 1 or more}}
  %n = cameo.string_token_count %x, %a {least = 0 : i64} : (tensor<2x!cameo.string>, tensor<4x257xi32>) -> tensor<2xi64>
  return
}

// -----

func.func @string_tokens_c1_no_automaton(%x: tensor<2x!cameo.string>, %n: tensor<i64>) {
  // expected-error@+1 {{there is no automaton; expected 1 or more}}
  %y = cameo.string_tokens %x, %n {least = 1 : i64} : (tensor<2x!cameo.string>, tensor<i64>) -> tensor<2x?x!cameo.string>
  return
}

// -----

func.func @string_tokens_c2_negative(%x: tensor<2x!cameo.string>, %n: tensor<i64>, %a: tensor<4x257xi32>) {
  // expected-error@+1 {{least is -1; expected 1 or more}}
  %y = cameo.string_tokens %x, %n, %a {least = -1 : i64} : (tensor<2x!cameo.string>, tensor<i64>, tensor<4x257xi32>) -> tensor<2x?x!cameo.string>
  return
}

// -----

func.func @string_tokens_c3_two_counts(%x: tensor<2x!cameo.string>, %n: tensor<2xi64>, %a: tensor<4x257xi32>) {
  // expected-error@+1 {{count has shape 2; expected one element}}
  %y = cameo.string_tokens %x, %n, %a {least = 1 : i64} : (tensor<2x!cameo.string>, tensor<2xi64>, tensor<4x257xi32>) -> tensor<2x?x!cameo.string>
  return
}

// -----

func.func @string_parse_to_f32(%x: tensor<2x!cameo.string>) {
  // expected-error@+1 {{to is 'f32'; expected f64 or i64}}
  %y = cameo.string_parse %x {to = f32} : (tensor<2x!cameo.string>) -> tensor<2xf64>
  return
}

// -----

func.func @no_arithmetic_on_texts(%x: tensor<2x!cameo.string>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of}}
  %y = cameo.add %x, %x : (tensor<2x!cameo.string>, tensor<2x!cameo.string>) -> tensor<2x!cameo.string>
  return
}
