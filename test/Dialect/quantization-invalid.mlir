// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of unpack.
func.func @unpack_c1_bits(%x: tensor<2xui8>) -> tensor<?xui8> {
  // expected-error@+1 {{bits is 3; expected 1, 2 or 4}}
  %y = cameo.unpack %x {bits = 3 : i64} : (tensor<2xui8>) -> tensor<?xui8>
  return %y : tensor<?xui8>
}

// -----

func.func @unpack_c2_scalar(%x: tensor<ui8>) -> tensor<ui8> {
  // expected-error@+1 {{operand is a scalar; expected rank 1 or more}}
  %y = cameo.unpack %x {bits = 4 : i64} : (tensor<ui8>) -> tensor<ui8>
  return %y : tensor<ui8>
}
