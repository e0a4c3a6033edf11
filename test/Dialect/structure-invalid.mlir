// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

func.func @reshape_c2_two_open_sizes(%x: tensor<6xf32>) -> tensor<?x?xf32> {
  %s = cameo.constant dense<[-1, -1]> : tensor<2xi64>
  // expected-error@+1 {{two sizes are -1 (axes 0 and 1); at most one can be inferred}}
  %y = cameo.reshape %x, %s : (tensor<6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @reshape_c3_other_count(%x: tensor<6xf32>) -> tensor<?x?xf32> {
  %s = cameo.constant dense<[2, 2]> : tensor<2xi64>
  // expected-error@+1 {{cannot reshape 6 (6 elements) to 2x2 (4)}}
  %y = cameo.reshape %x, %s : (tensor<6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @reshape_c3_does_not_divide(%x: tensor<6xf32>) -> tensor<?x?xf32> {
  %s = cameo.constant dense<[4, -1]> : tensor<2xi64>
  // expected-error@+1 {{cannot reshape 6 (6 elements): the given sizes multiply to 4, which does not divide it}}
  %y = cameo.reshape %x, %s : (tensor<6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @reshape_c4_copies_no_axis(%x: tensor<6xf32>) -> tensor<?x?xf32> {
  %s = cameo.constant dense<[6, 0]> : tensor<2xi64>
  // expected-error@+1 {{size 1 is 0 (copy), but the operand has rank 1}}
  %y = cameo.reshape %x, %s : (tensor<6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @reshape_c4_negative(%x: tensor<6xf32>) -> tensor<?x?xf32> {
  %s = cameo.constant dense<[-2, 3]> : tensor<2xi64>
  // expected-error@+1 {{size 0 is -2; expected -1 or more}}
  %y = cameo.reshape %x, %s : (tensor<6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @squeeze_c1_twice(%x: tensor<1x3xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{axis -2 is given twice}}
  %y = cameo.squeeze %x {axes = array<i64: 0, -2>} : (tensor<1x3xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @squeeze_c2_larger_than_one(%x: tensor<2x3xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{axis 1 has size 3; only size 1 can be squeezed}}
  %y = cameo.squeeze %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @unsqueeze_c1_outside(%x: tensor<2xf32>) -> tensor<?x?xf32> {
  // expected-error@+1 {{axis is 2, but}}
  %y = cameo.unsqueeze %x {axes = array<i64: 2>} : (tensor<2xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @unsqueeze_c1_twice(%x: tensor<2xf32>) -> tensor<?x?x?xf32> {
  // expected-error@+1 {{axis -3 is given twice}}
  %y = cameo.unsqueeze %x {axes = array<i64: 0, -3>} : (tensor<2xf32>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// -----

func.func @if_c1_two_conditions(%c: tensor<2xi1>, %x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{the number of elements of the condition}}
  %y = cameo.if %c {
    cameo.yield %x : tensor<2xf32>
  } else {
    cameo.yield %x : tensor<2xf32>
  } : (tensor<2xi1>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @if_c2_other_element_type(%c: tensor<i1>, %x: tensor<2xf32>, %n: tensor<2xi64>) -> tensor<2xf32> {
  // expected-error@+1 {{result 0 has element type 'f32' in one branch and 'i64' in the other}}
  %y = cameo.if %c {
    cameo.yield %x : tensor<2xf32>
  } else {
    cameo.yield %n : tensor<2xi64>
  } : (tensor<i1>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @if_c2_other_rank(%c: tensor<i1>, %x: tensor<2xf32>, %z: tensor<2x1xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{result 0 has rank 1 in one branch and 2 in the other; Cameo needs one rank}}
  %y = cameo.if %c {
    cameo.yield %x : tensor<2xf32>
  } else {
    cameo.yield %z : tensor<2x1xf32>
  } : (tensor<i1>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @if_c2_other_number(%c: tensor<i1>, %x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{its branches give 1 and 2 values; expected 1 from both}}
  %y = cameo.if %c {
    cameo.yield %x : tensor<2xf32>
  } else {
    cameo.yield %x, %x : tensor<2xf32>, tensor<2xf32>
  } : (tensor<i1>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @loop_c1_changes_its_rank(%n: tensor<i64>, %x: tensor<2xf32>, %true: tensor<i1>) -> tensor<2xf32> {
  // expected-error@+1 {{carried value 0 enters the body as 'tensor<2xf32>' and leaves it with element type 'f32' and rank 2}}
  %y = cameo.loop times %n carry (%x) {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<2xf32>):
    %u = cameo.unsqueeze %a {axes = array<i64: 0>} : (tensor<2xf32>) -> tensor<1x2xf32>
    cameo.yield %true, %u : tensor<i1>, tensor<1x2xf32>
  } : (tensor<i64>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @loop_c2_takes_too_little(%n: tensor<i64>, %x: tensor<2xf32>, %true: tensor<i1>) -> tensor<2xf32> {
  // expected-error@+1 {{its body takes 2 values; expected iteration, condition and 1 carried values}}
  %y = cameo.loop times %n carry (%x) {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>):
    cameo.yield %true, %x : tensor<i1>, tensor<2xf32>
  } : (tensor<i64>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @loop_c2_gives_too_little(%n: tensor<i64>, %x: tensor<2xf32>, %true: tensor<i1>) -> tensor<2xf32> {
  // expected-error@+1 {{its body gives 1 values; expected a condition and 1}}
  %y = cameo.loop times %n carry (%x) {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<2xf32>):
    cameo.yield %true : tensor<i1>
  } : (tensor<i64>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @loop_c3_declares_too_much(%n: tensor<i64>, %x: tensor<2xf32>, %true: tensor<i1>) -> tensor<2xf32> {
  // expected-error@+1 {{it declares 1 types; expected one for each of the 0 values that it collects}}
  %y = cameo.loop times %n carry (%x) attributes {declared = [tensor<2xf32>]} {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<2xf32>):
    cameo.yield %true, %a : tensor<i1>, tensor<2xf32>
  } : (tensor<i64>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @loop_c3_declares_another_rank(%n: tensor<i64>, %x: tensor<2xf32>, %true: tensor<i1>) -> tensor<?x2xf32> {
  // expected-error@+1 {{it declares tensor<1x2xf32> for collected value 0; expected a tensor with an axis less than the result}}
  %y = cameo.loop times %n carry () attributes {declared = [tensor<1x2xf32>]} {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>):
    cameo.yield %true, %x : tensor<i1>, tensor<2xf32>
  } : (tensor<i64>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

func.func @require_c1_two_conditions(%x: tensor<2xf32>, %c: tensor<2xi1>) -> tensor<2xf32> {
  // expected-error@+1 {{the number of elements of the condition}}
  %y = cameo.require %x, %c {expected = true, message = "no"} : (tensor<2xf32>, tensor<2xi1>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @kernel_c1_appends_by_something_else(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{appends along axis 0, but does not yield a concatenation along it that alone reads an argument as its first operand}}
  %y = cameo.kernel(%x) attributes {appends = 0 : i64} {
  ^bb0(%a: tensor<2xf32>):
    %r = cameo.neg %a : (tensor<2xf32>) -> tensor<2xf32>
    cameo.yield %r : tensor<2xf32>
  } : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @in_place_of_an_argument(%x: tensor<2x16xf32>, %y: tensor<2x16xf32>) -> tensor<4x16xf32> {
  // expected-error@+1 {{has inPlace = array<i64: 1>; expected inputs that other kernels compute and only the concatenation that it yields reads}}
  %z = cameo.kernel(%x, %y) attributes {inPlace = array<i64: 1>} {
  ^bb0(%a: tensor<2x16xf32>, %b: tensor<2x16xf32>):
    %c = cameo.concat %a, %b {axis = 0 : i64} : (tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<4x16xf32>
    cameo.yield %c : tensor<4x16xf32>
  } : (tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<4x16xf32>
  return %z : tensor<4x16xf32>
}

// -----

func.func @in_place_without_concat(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{has inPlace = array<i64: 0>; expected inputs that}}
  %z = cameo.kernel(%x) attributes {inPlace = array<i64: 0>} {
  ^bb0(%a: tensor<2xf32>):
    %c = cameo.neg %a : (tensor<2xf32>) -> tensor<2xf32>
    cameo.yield %c : tensor<2xf32>
  } : (tensor<2xf32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}
