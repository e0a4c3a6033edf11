// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of the convolutions and col2im.
func.func @conv_c1_rank(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{operand has shape 1x4x8 and filter 4x4x3x3; expected one rank, 3 or more}}
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x4x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_c2_too_few_strides(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{strides has 1 entries; expected 2 for 2 spatial axes}}
  %y = cameo.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_c2_stride_zero(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{strides[0] is 0; expected 1 to 2147483648}}
  %y = cameo.conv %x, %w {strides = array<i64: 0, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_c3_element_types_differ(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf16>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{element types of the operands are 'f32' and 'f16'; expected one type, or two integer types and an accumulator}}
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf16>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_c4_accumulator_is_float(%x: tensor<1x4x8x8xi8>, %w: tensor<4x4x3x3xi8>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{accumulator is 'f32'; expected an integer type}}
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, accumulator = f32} : (tensor<1x4x8x8xi8>, tensor<4x4x3x3xi8>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_c5_group_does_not_divide(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{group 3 does not divide the 4 channels}}
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 3 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_c6_channels_per_group(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{operand has 4 channels in 2 groups, the filter 4x4x3x3 takes 4 per group}}
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 2 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_c7_kernel_too_large(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{the dilated kernel is larger than the padded operand on spatial axis 1: 11 (kernel 3, dilation 5) against 8 (size 8, pads 0 and 0)}}
  %y = cameo.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 5>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_transpose_c1_rank(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{operand has shape 1x4x8 and filter 4x4x3x3; expected one rank, 3 or more}}
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x4x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_transpose_c2_output_padding(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{outputPadding has 1 entries; expected 2}}
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, outputPadding = array<i64: 0>, group = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_transpose_c3_element_types_differ(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf16>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{element types of the operands are 'f32' and 'f16'; expected one type}}
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf16>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_transpose_c4_channels(%x: tensor<1x4x8x8xf32>, %w: tensor<5x4x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{operand has 4 channels, the filter 5x4x3x3 takes 5}}
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<5x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @conv_transpose_c5_nothing_left(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{the result would have size 0 on spatial axis 0; expected 1 or more}}
  %y = cameo.conv_transpose %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 5, 0, 5, 0>, outputPadding = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @deform_conv_c1_rank(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3x3xf32>, %o: tensor<1x18x6x6xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{operand has shape 1x4x8, filter 4x4x3x3, offset 1x18x6x6; expected rank 4 (two spatial axes)}}
  %y = cameo.deform_conv %x, %w, %o {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, offsetGroup = 1 : i64} : (tensor<1x4x8xf32>, tensor<4x4x3x3xf32>, tensor<1x18x6x6xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @deform_conv_c2_pads(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>, %o: tensor<1x18x6x6xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{pads has 2 entries; expected 4 for 2 spatial axes}}
  %y = cameo.deform_conv %x, %w, %o {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, group = 1 : i64, offsetGroup = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>, tensor<1x18x6x6xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @deform_conv_c3_element_types_differ(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>, %o: tensor<1x18x6x6xf16>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{operands have element types 'f32' and 'f16'; expected one type}}
  %y = cameo.deform_conv %x, %w, %o {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, offsetGroup = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>, tensor<1x18x6x6xf16>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @deform_conv_c4_offset_group(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>, %o: tensor<1x18x6x6xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{operand has 4 channels; filter 4x4x3x3 in 1 groups and 3 offset groups do not fit}}
  %y = cameo.deform_conv %x, %w, %o {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, offsetGroup = 3 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>, tensor<1x18x6x6xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @deform_conv_c5_offset_size(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>, %o: tensor<1x9x6x6xf32>) -> tensor<1x4x6x6xf32> {
  // expected-error@+1 {{offset's second size is 9; expected 18}}
  %y = cameo.deform_conv %x, %w, %o {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, offsetGroup = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>, tensor<1x9x6x6xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

func.func @col2im_c1_rank(%x: tensor<5x5xf32>, %i: tensor<2xi64>) -> tensor<1x?x?x?xf32> {
  %b = cameo.constant dense<[1, 5]> : tensor<2xi64>
  // expected-error@+1 {{operand has rank 2; expected 3}}
  %y = cameo.col2im %x, %i, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<5x5xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<1x?x?x?xf32>
  return %y : tensor<1x?x?x?xf32>
}

// -----

func.func @col2im_c2_lengths_differ(%x: tensor<1x5x5xf32>, %i: tensor<3xi64>) -> tensor<1x?x?x?xf32> {
  %b = cameo.constant dense<[1, 5]> : tensor<2xi64>
  // expected-error@+1 {{imageShape has 3 elements and blockShape 2; expected one known number}}
  %y = cameo.col2im %x, %i, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x5x5xf32>, tensor<3xi64>, tensor<2xi64>) -> tensor<1x?x?x?xf32>
  return %y : tensor<1x?x?x?xf32>
}

// -----

func.func @col2im_c3_rows(%x: tensor<1x6x5xf32>, %i: tensor<2xi64>) -> tensor<1x?x?x?xf32> {
  %b = cameo.constant dense<[1, 5]> : tensor<2xi64>
  // expected-error@+1 {{operand's second size is 6; expected a multiple of the block's size 5}}
  %y = cameo.col2im %x, %i, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x6x5xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<1x?x?x?xf32>
  return %y : tensor<1x?x?x?xf32>
}

// -----

func.func @conv_integer_c1_ranks(%x: tensor<4x8xui8>, %w: tensor<4x4x3xi8>, %xz: tensor<ui8>, %wz: tensor<i8>) -> tensor<1x4x6xi32> {
  // expected-error@+1 {{operand has shape 4x8 and filter 4x4x3; expected one rank, 3 or more}}
  %y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<4x8xui8>, tensor<4x4x3xi8>, tensor<ui8>, tensor<i8>) -> tensor<1x4x6xi32>
  return %y : tensor<1x4x6xi32>
}

// -----

func.func @conv_integer_c2_strides(%x: tensor<1x4x8xui8>, %w: tensor<4x4x3xi8>, %xz: tensor<ui8>, %wz: tensor<i8>) -> tensor<1x4x6xi32> {
  // expected-error@+1 {{strides}}
  %y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1, 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x4x8xui8>, tensor<4x4x3xi8>, tensor<ui8>, tensor<i8>) -> tensor<1x4x6xi32>
  return %y : tensor<1x4x6xi32>
}

// -----

func.func @conv_integer_c3_zero_of_another_type(%x: tensor<1x4x8xui8>, %w: tensor<4x4x3xi8>, %xz: tensor<i8>, %wz: tensor<i8>) -> tensor<1x4x6xi32> {
  // expected-error@+1 {{zero points have element types 'i8' and 'i8'; expected 'ui8' and 'i8', their operands'}}
  %y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x4x8xui8>, tensor<4x4x3xi8>, tensor<i8>, tensor<i8>) -> tensor<1x4x6xi32>
  return %y : tensor<1x4x6xi32>
}

// -----

func.func @conv_integer_c4_zero_per_channel(%x: tensor<1x4x8xui8>, %w: tensor<4x4x3xi8>, %xz: tensor<4xui8>, %wz: tensor<i8>) -> tensor<1x4x6xi32> {
  // expected-error@+1 {{xZero has rank 1; expected 0}}
  %y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x4x8xui8>, tensor<4x4x3xi8>, tensor<4xui8>, tensor<i8>) -> tensor<1x4x6xi32>
  return %y : tensor<1x4x6xi32>
}

// -----

func.func @conv_integer_c4_zeros_for_other_outputs(%x: tensor<1x4x8xui8>, %w: tensor<4x4x3xi8>, %xz: tensor<ui8>, %wz: tensor<3xi8>) -> tensor<1x4x6xi32> {
  // expected-error@+1 {{filterZero has shape 3; expected one value, or one for each output of the filter 4x4x3}}
  %y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x4x8xui8>, tensor<4x4x3xi8>, tensor<ui8>, tensor<3xi8>) -> tensor<1x4x6xi32>
  return %y : tensor<1x4x6xi32>
}

// -----

func.func @conv_integer_c5_group(%x: tensor<1x4x8xui8>, %w: tensor<4x4x3xi8>, %xz: tensor<ui8>, %wz: tensor<i8>) -> tensor<1x4x6xi32> {
  // expected-error@+1 {{group 3 does not divide the 4 channels}}
  %y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 3 : i64} : (tensor<1x4x8xui8>, tensor<4x4x3xi8>, tensor<ui8>, tensor<i8>) -> tensor<1x4x6xi32>
  return %y : tensor<1x4x6xi32>
}

// -----

func.func @conv_integer_c6_channels(%x: tensor<1x4x8xui8>, %w: tensor<4x4x3xi8>, %xz: tensor<ui8>, %wz: tensor<i8>) -> tensor<1x4x6xi32> {
  // expected-error@+1 {{operand has 4 channels in 2 groups, the filter 4x4x3 takes 4 per group}}
  %y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 2 : i64} : (tensor<1x4x8xui8>, tensor<4x4x3xi8>, tensor<ui8>, tensor<i8>) -> tensor<1x4x6xi32>
  return %y : tensor<1x4x6xi32>
}

// -----

func.func @conv_integer_c7_kernel(%x: tensor<1x4x8xui8>, %w: tensor<4x4x9xi8>, %xz: tensor<ui8>, %wz: tensor<i8>) -> tensor<1x4x6xi32> {
  // expected-error@+1 {{kernel}}
  %y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x4x8xui8>, tensor<4x4x9xi8>, tensor<ui8>, tensor<i8>) -> tensor<1x4x6xi32>
  return %y : tensor<1x4x6xi32>
}
