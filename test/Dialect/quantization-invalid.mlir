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

// -----

func.func @matmul_nbits_c1_scalar(%x: tensor<f32>, %w: tensor<8x32xui8>, %s: tensor<8x2xf32>, %z: tensor<8x2xui8>) -> tensor<2x8xf32> {
  // expected-error@+1 {{operand is a scalar; expected rank 1 or more}}
  %y = cameo.matmul_nbits %x, %w, %s, %z {block = 32 : i64} : (tensor<f32>, tensor<8x32xui8>, tensor<8x2xf32>, tensor<8x2xui8>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

func.func @matmul_nbits_c1_k(%x: tensor<2x80xf32>, %w: tensor<8x32xui8>, %s: tensor<8x2xf32>, %z: tensor<8x2xui8>) -> tensor<2x8xf32> {
  // expected-error@+1 {{bytes of a row of weights}}
  %y = cameo.matmul_nbits %x, %w, %s, %z {block = 32 : i64} : (tensor<2x80xf32>, tensor<8x32xui8>, tensor<8x2xf32>, tensor<8x2xui8>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

func.func @matmul_nbits_c2_block(%x: tensor<2x40xf32>, %w: tensor<8x32xui8>, %s: tensor<8x2xf32>, %z: tensor<8x2xui8>) -> tensor<2x8xf32> {
  // expected-error@+1 {{block is 24; expected 16, 32 or a multiple of 64}}
  %y = cameo.matmul_nbits %x, %w, %s, %z {block = 24 : i64} : (tensor<2x40xf32>, tensor<8x32xui8>, tensor<8x2xf32>, tensor<8x2xui8>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

func.func @matmul_nbits_c3_rank(%x: tensor<2x40xf32>, %w: tensor<8x2x16xui8>, %s: tensor<8x2xf32>, %z: tensor<8x2xui8>) -> tensor<2x8xf32> {
  // expected-error@+1 {{weights have rank 3; expected 2}}
  %y = cameo.matmul_nbits %x, %w, %s, %z {block = 32 : i64} : (tensor<2x40xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, tensor<8x2xui8>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

func.func @matmul_nbits_c4_scale_rank(%x: tensor<2x40xf32>, %w: tensor<8x32xui8>, %s: tensor<16xf32>, %z: tensor<8x2xui8>) -> tensor<2x8xf32> {
  // expected-error@+1 {{scale has rank 1; expected 2}}
  %y = cameo.matmul_nbits %x, %w, %s, %z {block = 32 : i64} : (tensor<2x40xf32>, tensor<8x32xui8>, tensor<16xf32>, tensor<8x2xui8>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

func.func @matmul_nbits_c4_zero_blocks(%x: tensor<2x40xf32>, %w: tensor<8x32xui8>, %s: tensor<8x2xf32>, %z: tensor<8x3xui8>) -> tensor<2x8xf32> {
  // expected-error@+1 {{blocks of zero}}
  %y = cameo.matmul_nbits %x, %w, %s, %z {block = 32 : i64} : (tensor<2x40xf32>, tensor<8x32xui8>, tensor<8x2xf32>, tensor<8x3xui8>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}
