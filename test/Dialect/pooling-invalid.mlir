// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of the pools and the regions of interest.
func.func @max_pool_c1_rank(%x: tensor<1x6xf32>) -> tensor<1x5xf32> {
  // expected-error@+1 {{operand has shape 1x6; expected rank 3 or more}}
  %y = cameo.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x6xf32>) -> tensor<1x5xf32>
  return %y : tensor<1x5xf32>
}

// -----

func.func @max_pool_c2_kernel_entries(%x: tensor<1x2x6xf32>) -> tensor<1x2x5xf32> {
  // expected-error@+1 {{kernel has 2 entries; expected 1}}
  %y = cameo.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x6xf32>) -> tensor<1x2x5xf32>
  return %y : tensor<1x2x5xf32>
}

// -----

func.func @max_pool_c3_kernel_too_large(%x: tensor<1x2x6xf32>) -> tensor<1x2x5xf32> {
  // expected-error@+1 {{the dilated kernel is larger than the padded operand on spatial axis 0: 7 (kernel 7, dilation 1) against 6 (size 6, pads 0 and 0)}}
  %y = cameo.max_pool %x {kernel = array<i64: 7>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x6xf32>) -> tensor<1x2x5xf32>
  return %y : tensor<1x2x5xf32>
}

// -----

func.func @average_pool_c1_rank(%x: tensor<1x6xf32>) -> tensor<1x5xf32> {
  // expected-error@+1 {{operand has shape 1x6; expected rank 3 or more}}
  %y = cameo.average_pool %x {kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x6xf32>) -> tensor<1x5xf32>
  return %y : tensor<1x5xf32>
}

// -----

func.func @average_pool_c2_kernel_entries(%x: tensor<1x2x6xf32>) -> tensor<1x2x5xf32> {
  // expected-error@+1 {{kernel has 2 entries; expected 1}}
  %y = cameo.average_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x6xf32>) -> tensor<1x2x5xf32>
  return %y : tensor<1x2x5xf32>
}

// -----

func.func @average_pool_c3_kernel_too_large(%x: tensor<1x2x6xf32>) -> tensor<1x2x5xf32> {
  // expected-error@+1 {{the dilated kernel is larger than the padded operand on spatial axis 0: 7 (kernel 7, dilation 1) against 6 (size 6, pads 0 and 0)}}
  %y = cameo.average_pool %x {kernel = array<i64: 7>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x6xf32>) -> tensor<1x2x5xf32>
  return %y : tensor<1x2x5xf32>
}

// -----

func.func @lp_pool_c1_rank(%x: tensor<1x6xf32>) -> tensor<1x5xf32> {
  // expected-error@+1 {{operand has shape 1x6; expected rank 3 or more}}
  %y = cameo.lp_pool %x {kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, p = 2.0 : f32} : (tensor<1x6xf32>) -> tensor<1x5xf32>
  return %y : tensor<1x5xf32>
}

// -----

func.func @lp_pool_c2_kernel_entries(%x: tensor<1x2x6xf32>) -> tensor<1x2x5xf32> {
  // expected-error@+1 {{kernel has 2 entries; expected 1}}
  %y = cameo.lp_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, p = 2.0 : f32} : (tensor<1x2x6xf32>) -> tensor<1x2x5xf32>
  return %y : tensor<1x2x5xf32>
}

// -----

func.func @lp_pool_c3_kernel_too_large(%x: tensor<1x2x6xf32>) -> tensor<1x2x5xf32> {
  // expected-error@+1 {{the dilated kernel is larger than the padded operand on spatial axis 0: 7 (kernel 7, dilation 1) against 6 (size 6, pads 0 and 0)}}
  %y = cameo.lp_pool %x {kernel = array<i64: 7>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, p = 2.0 : f32} : (tensor<1x2x6xf32>) -> tensor<1x2x5xf32>
  return %y : tensor<1x2x5xf32>
}

// -----

func.func @max_unpool_c1_indices(%x: tensor<1x1x2xf32>, %i: tensor<1x1x3xi64>, %s: tensor<3xi64>) -> tensor<?x?x?xf32> {
  // expected-error@+1 {{a size of the indices is 3; expected 2}}
  %y = cameo.max_unpool %x, %i, %s : (tensor<1x1x2xf32>, tensor<1x1x3xi64>, tensor<3xi64>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// -----

func.func @max_unpool_c2_shape_length_unknown(%x: tensor<1x1x2xf32>, %i: tensor<1x1x2xi64>, %s: tensor<?xi64>) -> tensor<?x?x?xf32> {
  // expected-error@+1 {{the length of the shape operand is not known at compile time, so the result's rank is not}}
  %y = cameo.max_unpool %x, %i, %s : (tensor<1x1x2xf32>, tensor<1x1x2xi64>, tensor<?xi64>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// -----

func.func @roi_align_c1_rank(%x: tensor<1x8x8xf32>, %r: tensor<3x4xf32>, %b: tensor<3xi64>) -> tensor<3x1x2x2xf32> {
  // expected-error@+1 {{operand has shape 1x8x8; expected rank 4}}
  %y = cameo.roi_align %x, %r, %b {height = 2 : i64, width = 2 : i64, samplingRatio = 2 : i64, scale = 1.0 : f32} : (tensor<1x8x8xf32>, tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x1x2x2xf32>
  return %y : tensor<3x1x2x2xf32>
}

// -----

func.func @roi_align_c2_regions(%x: tensor<1x1x8x8xf32>, %r: tensor<3x5xf32>, %b: tensor<3xi64>) -> tensor<3x1x2x2xf32> {
  // expected-error@+1 {{rois have shape 3x5; expected ?x4}}
  %y = cameo.roi_align %x, %r, %b {height = 2 : i64, width = 2 : i64, samplingRatio = 2 : i64, scale = 1.0 : f32} : (tensor<1x1x8x8xf32>, tensor<3x5xf32>, tensor<3xi64>) -> tensor<3x1x2x2xf32>
  return %y : tensor<3x1x2x2xf32>
}

// -----

func.func @roi_align_c3_no_cells(%x: tensor<1x1x8x8xf32>, %r: tensor<3x4xf32>, %b: tensor<3xi64>) -> tensor<3x1x2x2xf32> {
  // expected-error@+1 {{the result would have 0x2 cells; expected 1 or more}}
  %y = cameo.roi_align %x, %r, %b {height = 0 : i64, width = 2 : i64, samplingRatio = 2 : i64, scale = 1.0 : f32} : (tensor<1x1x8x8xf32>, tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x1x2x2xf32>
  return %y : tensor<3x1x2x2xf32>
}

// -----

func.func @roi_align_c4_element_type(%x: tensor<1x1x8x8xf32>, %r: tensor<3x4xf16>, %b: tensor<3xi64>) -> tensor<3x1x2x2xf32> {
  // expected-error@+1 {{rois have element type 'f16'; expected 'f32'}}
  %y = cameo.roi_align %x, %r, %b {height = 2 : i64, width = 2 : i64, samplingRatio = 2 : i64, scale = 1.0 : f32} : (tensor<1x1x8x8xf32>, tensor<3x4xf16>, tensor<3xi64>) -> tensor<3x1x2x2xf32>
  return %y : tensor<3x1x2x2xf32>
}

// -----

func.func @max_roi_pool_c1_rank(%x: tensor<1x8x8xf32>, %r: tensor<3x5xf32>) -> tensor<3x1x2x2xf32> {
  // expected-error@+1 {{operand has shape 1x8x8; expected rank 4}}
  %y = cameo.max_roi_pool %x, %r {height = 2 : i64, width = 2 : i64, scale = 1.0 : f32} : (tensor<1x8x8xf32>, tensor<3x5xf32>) -> tensor<3x1x2x2xf32>
  return %y : tensor<3x1x2x2xf32>
}

// -----

func.func @max_roi_pool_c2_regions(%x: tensor<1x1x8x8xf32>, %r: tensor<3x4xf32>) -> tensor<3x1x2x2xf32> {
  // expected-error@+1 {{rois have shape 3x4; expected ?x5}}
  %y = cameo.max_roi_pool %x, %r {height = 2 : i64, width = 2 : i64, scale = 1.0 : f32} : (tensor<1x1x8x8xf32>, tensor<3x4xf32>) -> tensor<3x1x2x2xf32>
  return %y : tensor<3x1x2x2xf32>
}

// -----

func.func @max_roi_pool_c3_no_cells(%x: tensor<1x1x8x8xf32>, %r: tensor<3x5xf32>) -> tensor<3x1x2x2xf32> {
  // expected-error@+1 {{the result would have 2x0 cells; expected 1 or more}}
  %y = cameo.max_roi_pool %x, %r {height = 2 : i64, width = 0 : i64, scale = 1.0 : f32} : (tensor<1x1x8x8xf32>, tensor<3x5xf32>) -> tensor<3x1x2x2xf32>
  return %y : tensor<3x1x2x2xf32>
}

// -----

func.func @max_roi_pool_c4_element_type(%x: tensor<1x1x8x8xf32>, %r: tensor<3x5xf16>) -> tensor<3x1x2x2xf32> {
  // expected-error@+1 {{rois have element type 'f16'; expected 'f32'}}
  %y = cameo.max_roi_pool %x, %r {height = 2 : i64, width = 2 : i64, scale = 1.0 : f32} : (tensor<1x1x8x8xf32>, tensor<3x5xf16>) -> tensor<3x1x2x2xf32>
  return %y : tensor<3x1x2x2xf32>
}
