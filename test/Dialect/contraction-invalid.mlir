// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of matmul, einsum and det.
func.func @matmul_c1_rank(%a: tensor<3xf32>, %b: tensor<3x2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{operands have ranks 1 and 2; expected 2 or more}}
  %y = cameo.matmul %a, %b : (tensor<3xf32>, tensor<3x2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @matmul_c2_element_types_differ(%a: tensor<2x3xi8>, %b: tensor<3x2xui8>) -> tensor<2x2xi8> {
  // expected-error@+1 {{element types of the operands are 'i8' and 'ui8'; expected one type, or two integer types and an accumulator}}
  %y = cameo.matmul %a, %b : (tensor<2x3xi8>, tensor<3x2xui8>) -> tensor<2x2xi8>
  return %y : tensor<2x2xi8>
}

// -----

func.func @matmul_c3_accumulator_is_float(%a: tensor<2x3xi8>, %b: tensor<3x2xi8>) -> tensor<2x2xf32> {
  // expected-error@+1 {{accumulator is 'f32'; expected an integer type}}
  %y = cameo.matmul %a, %b {accumulator = f32} : (tensor<2x3xi8>, tensor<3x2xi8>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @matmul_c4_inner_sizes_differ(%a: tensor<32x64xf32>, %b: tensor<48x16xf32>) -> tensor<32x16xf32> {
  // expected-error@+1 {{inner dimensions differ: lhs 32x64 has K=64, rhs 48x16 has K=48}}
  %y = cameo.matmul %a, %b : (tensor<32x64xf32>, tensor<48x16xf32>) -> tensor<32x16xf32>
  return %y : tensor<32x16xf32>
}

// -----

func.func @matmul_c5_batches_do_not_broadcast(%a: tensor<2x4x3xf32>, %b: tensor<5x3x4xf32>) -> tensor<2x4x4xf32> {
  // expected-error@+1 {{leading axes do not broadcast: lhs 2x4x3 and rhs 5x3x4 have 2 and 5}}
  %y = cameo.matmul %a, %b : (tensor<2x4x3xf32>, tensor<5x3x4xf32>) -> tensor<2x4x4xf32>
  return %y : tensor<2x4x4xf32>
}

// -----

func.func @einsum_c1_labels_and_rank_differ(%x: tensor<3x3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{operand 0 has rank 2; its labels are array<i64: 0>}}
  %y = cameo.einsum %x {labels = [array<i64: 0>], output = array<i64: 0>} : (tensor<3x3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @einsum_c2_element_types_differ(%x: tensor<3xf32>, %z: tensor<3xf64>) -> tensor<f32> {
  // expected-error@+1 {{operand 1 has element type 'f64', operand 0 'f32'}}
  %y = cameo.einsum %x, %z {labels = [array<i64: 0>, array<i64: 0>], output = array<i64>} : (tensor<3xf32>, tensor<3xf64>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @einsum_c3_sizes_of_a_label_differ(%x: tensor<3x4xf32>) -> tensor<f32> {
  // expected-error@+1 {{operand 0 has size 4 where another axis of the same label has 3}}
  %y = cameo.einsum %x {labels = [array<i64: 0, 0>], output = array<i64>} : (tensor<3x4xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @einsum_c4_unknown_output_label(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{output label 7 is not a label of an operand}}
  %y = cameo.einsum %x {labels = [array<i64: 0>], output = array<i64: 7>} : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @det_c1_rank(%x: tensor<3xf32>) -> tensor<f32> {
  // expected-error@+1 {{operand has rank 1; expected 2 or more}}
  %y = cameo.det %x : (tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @det_c2_not_square(%x: tensor<3x4xf32>) -> tensor<f32> {
  // expected-error@+1 {{matrices are 3x4; expected square ones}}
  %y = cameo.det %x : (tensor<3x4xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @matmul_integer_c1_rank(%a: tensor<3xui8>, %b: tensor<3x2xi8>, %az: tensor<ui8>, %bz: tensor<i8>) -> tensor<2xi32> {
  // expected-error@+1 {{operands have ranks 1 and 2; expected 2 or more}}
  %y = cameo.matmul_integer %a, %b, %az, %bz : (tensor<3xui8>, tensor<3x2xi8>, tensor<ui8>, tensor<i8>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}

// -----

func.func @matmul_integer_c2_zero_of_another_type(%a: tensor<2x3xui8>, %b: tensor<3x2xi8>, %az: tensor<i8>, %bz: tensor<i8>) -> tensor<2x2xi32> {
  // expected-error@+1 {{lhsZero has element type 'i8'; expected 'ui8', its operand's}}
  %y = cameo.matmul_integer %a, %b, %az, %bz : (tensor<2x3xui8>, tensor<3x2xi8>, tensor<i8>, tensor<i8>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}

// -----

func.func @matmul_integer_c3_inner_sizes_differ(%a: tensor<2x3xui8>, %b: tensor<4x2xi8>, %az: tensor<ui8>, %bz: tensor<i8>) -> tensor<2x2xi32> {
  // expected-error@+1 {{inner dimensions differ: lhs 2x3 has K=3, rhs 4x2 has K=4}}
  %y = cameo.matmul_integer %a, %b, %az, %bz : (tensor<2x3xui8>, tensor<4x2xi8>, tensor<ui8>, tensor<i8>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}

// -----

func.func @matmul_integer_c4_batches_differ(%a: tensor<2x2x3xui8>, %b: tensor<3x3x2xi8>, %az: tensor<ui8>, %bz: tensor<i8>) -> tensor<2x2x2xi32> {
  // expected-error@+1 {{leading axes do not broadcast: lhs 2x2x3 and rhs 3x3x2 have 2 and 3}}
  %y = cameo.matmul_integer %a, %b, %az, %bz : (tensor<2x2x3xui8>, tensor<3x3x2xi8>, tensor<ui8>, tensor<i8>) -> tensor<2x2x2xi32>
  return %y : tensor<2x2x2xi32>
}

// -----

func.func @matmul_integer_c5_zero_along_k(%a: tensor<2x3xui8>, %b: tensor<3x2xi8>, %az: tensor<ui8>, %bz: tensor<3x1xi8>) -> tensor<2x2xi32> {
  // expected-error@+1 {{rhsZero has shape 3x1; expected one that broadcasts to 3x2 and has size 1 on axis 0}}
  %y = cameo.matmul_integer %a, %b, %az, %bz : (tensor<2x3xui8>, tensor<3x2xi8>, tensor<ui8>, tensor<3x1xi8>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}
