// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of the gathers, the scatters and compress.
func.func @gather_c1_axis(%x: tensor<4x2xf32>, %i: tensor<3xi64>) -> tensor<3x2xf32> {
  // expected-error@+1 {{axis is 2, but the operand has rank 2; expected -2 to 1}}
  %y = cameo.gather %x, %i {axis = 2 : i64} : (tensor<4x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

func.func @gather_c2_index(%x: tensor<2xf32>) -> tensor<1xf32> {
  %i = cameo.constant dense<99> : tensor<1xi64>
  // expected-error@+1 {{index 99 is outside the axis of size 2; expected -2 to 1}}
  %y = cameo.gather %x, %i {axis = 0 : i64} : (tensor<2xf32>, tensor<1xi64>) -> tensor<1xf32>
  return %y : tensor<1xf32>
}

// -----

func.func @gather_elements_c1_ranks(%x: tensor<2x4xf32>, %i: tensor<3xi64>) -> tensor<3xf32> {
  // expected-error@+1 {{operand has rank 2, indices rank 1; expected one rank}}
  %y = cameo.gather_elements %x, %i {axis = 1 : i64} : (tensor<2x4xf32>, tensor<3xi64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @gather_elements_c2_axis(%x: tensor<4xf32>, %i: tensor<3xi64>) -> tensor<3xf32> {
  // expected-error@+1 {{axis is 1, but the operand has rank 1; expected -1 to 0}}
  %y = cameo.gather_elements %x, %i {axis = 1 : i64} : (tensor<4xf32>, tensor<3xi64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @gather_elements_c3_longer(%x: tensor<2x4xf32>, %i: tensor<3x4xi64>) -> tensor<3x4xf32> {
  // expected-error@+1 {{indices have shape 3x4, which is longer than the operand's 2x4 on axis 0}}
  %y = cameo.gather_elements %x, %i {axis = 1 : i64} : (tensor<2x4xf32>, tensor<3x4xi64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// -----

func.func @gather_nd_c1_tuple_too_long(%x: tensor<2x4xf32>, %i: tensor<3x3xi64>) -> tensor<3xf32> {
  // expected-error@+1 {{tuples of 3 indices after 0 batch axes do not fit an operand of rank 2}}
  %y = cameo.gather_nd %x, %i {batchDims = 0 : i64} : (tensor<2x4xf32>, tensor<3x3xi64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @gather_nd_c2_batch_dims(%x: tensor<2x4xf32>, %i: tensor<3x2xi64>) -> tensor<3xf32> {
  // expected-error@+1 {{batch_dims is 2, but indices have rank 2; expected 0 to 1}}
  %y = cameo.gather_nd %x, %i {batchDims = 2 : i64} : (tensor<2x4xf32>, tensor<3x2xi64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @gather_nd_c3_batch_sizes(%x: tensor<2x4xf32>, %i: tensor<3x1xi64>) -> tensor<3xf32> {
  // expected-error@+1 {{batch axis 0 of indices is 3; expected 2}}
  %y = cameo.gather_nd %x, %i {batchDims = 1 : i64} : (tensor<2x4xf32>, tensor<3x1xi64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @scatter_elements_c1_ranks(%x: tensor<4x4xf32>, %i: tensor<2xi64>, %u: tensor<2xf32>) -> tensor<4x4xf32> {
  // expected-error@+1 {{operand, indices and updates have ranks 2, 1 and 1; expected one rank}}
  %y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "none"} : (tensor<4x4xf32>, tensor<2xi64>, tensor<2xf32>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}

// -----

func.func @scatter_elements_c2_axis(%x: tensor<4xf32>, %i: tensor<2xi64>, %u: tensor<2xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{axis is 1, but the operand has rank 1; expected -1 to 0}}
  %y = cameo.scatter_elements %x, %i, %u {axis = 1 : i64, reduction = "none"} : (tensor<4xf32>, tensor<2xi64>, tensor<2xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @scatter_elements_c3_updates(%x: tensor<4xf32>, %i: tensor<2xi64>, %u: tensor<3xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{size 0 of updates is 3; expected 2}}
  %y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "none"} : (tensor<4xf32>, tensor<2xi64>, tensor<3xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @scatter_elements_c4_reduction(%x: tensor<4xf32>, %i: tensor<2xi64>, %u: tensor<2xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{reduction is 'mean'; expected none, add, mul, max or min}}
  %y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "mean"} : (tensor<4xf32>, tensor<2xi64>, tensor<2xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @scatter_elements_c5_types(%x: tensor<4xf32>, %i: tensor<2xi64>, %u: tensor<2xi32>) -> tensor<4xf32> {
  // expected-error@+1 {{updates have element type 'i32'; expected 'f32'}}
  %y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "none"} : (tensor<4xf32>, tensor<2xi64>, tensor<2xi32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @scatter_elements_c6_longer(%x: tensor<2x4xf32>, %i: tensor<3x4xi64>, %u: tensor<3x4xf32>) -> tensor<2x4xf32> {
  // expected-error@+1 {{indices have shape 3x4, which is longer than the operand's 2x4 on axis 0}}
  %y = cameo.scatter_elements %x, %i, %u {axis = 1 : i64, reduction = "none"} : (tensor<2x4xf32>, tensor<3x4xi64>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

func.func @scatter_nd_c1_tuple_too_long(%x: tensor<4xf32>, %i: tensor<3x2xi64>, %u: tensor<3xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{tuples of 2 indices do not fit an operand of rank 1}}
  %y = cameo.scatter_nd %x, %i, %u {reduction = "none"} : (tensor<4xf32>, tensor<3x2xi64>, tensor<3xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @scatter_nd_c2_updates(%x: tensor<4x2xf32>, %i: tensor<3x1xi64>, %u: tensor<3x3xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{size 1 of updates is 3; expected 2}}
  %y = cameo.scatter_nd %x, %i, %u {reduction = "none"} : (tensor<4x2xf32>, tensor<3x1xi64>, tensor<3x3xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @scatter_nd_c3_reduction(%x: tensor<4xf32>, %i: tensor<3x1xi64>, %u: tensor<3xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{reduction is 'mean'; expected none, add, mul, max or min}}
  %y = cameo.scatter_nd %x, %i, %u {reduction = "mean"} : (tensor<4xf32>, tensor<3x1xi64>, tensor<3xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @scatter_nd_c4_types(%x: tensor<4xf32>, %i: tensor<3x1xi64>, %u: tensor<3xi32>) -> tensor<4xf32> {
  // expected-error@+1 {{updates have element type 'i32'; expected 'f32'}}
  %y = cameo.scatter_nd %x, %i, %u {reduction = "none"} : (tensor<4xf32>, tensor<3x1xi64>, tensor<3xi32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @tensor_scatter_c1_batch_axis(%x: tensor<2x8xf32>, %u: tensor<2x1xf32>, %s: tensor<2xi64>) -> tensor<2x8xf32> {
  // expected-error@+1 {{axis is 0, the batch axis; expected another one}}
  %y = cameo.tensor_scatter %x, %u, %s {axis = 0 : i64} : (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2xi64>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

func.func @tensor_scatter_c2_longer(%x: tensor<2x8xf32>, %u: tensor<2x9xf32>, %s: tensor<2xi64>) -> tensor<2x8xf32> {
  // expected-error@+1 {{updates have 9 entries along axis 1, the cache only 8}}
  %y = cameo.tensor_scatter %x, %u, %s {axis = 1 : i64} : (tensor<2x8xf32>, tensor<2x9xf32>, tensor<2xi64>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

func.func @tensor_scatter_c3_starts(%x: tensor<2x8xf32>, %u: tensor<2x1xf32>, %s: tensor<3xi64>) -> tensor<2x8xf32> {
  // expected-error@+1 {{the number of starts is 3; expected 2}}
  %y = cameo.tensor_scatter %x, %u, %s {axis = 1 : i64} : (tensor<2x8xf32>, tensor<2x1xf32>, tensor<3xi64>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

func.func @tensor_scatter_c4_types(%x: tensor<2x8xf32>, %u: tensor<2x1xf16>, %s: tensor<2xi64>) -> tensor<2x8xf32> {
  // expected-error@+1 {{updates have element type 'f16'; expected 'f32'}}
  %y = cameo.tensor_scatter %x, %u, %s {axis = 1 : i64} : (tensor<2x8xf32>, tensor<2x1xf16>, tensor<2xi64>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

func.func @compress_c1_axis(%x: tensor<4x2xf32>, %c: tensor<4xi1>) -> tensor<?x2xf32> {
  // expected-error@+1 {{axis is 2, but the operand has rank 2; expected -2 to 1}}
  %y = cameo.compress %x, %c {axis = 2 : i64} : (tensor<4x2xf32>, tensor<4xi1>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

func.func @compress_c2_longer(%x: tensor<4x2xf32>, %c: tensor<5xi1>) -> tensor<?x2xf32> {
  // expected-error@+1 {{condition has 5 elements, more than the 4 of axis 0}}
  %y = cameo.compress %x, %c {axis = 0 : i64} : (tensor<4x2xf32>, tensor<5xi1>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
