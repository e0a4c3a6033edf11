// RUN: cameo-opt %s --cameo-infer-shapes --split-input-file --verify-diagnostics

// One case per constraint of resize and grid_sample.
func.func @resize_c1_axis(%x: tensor<1x1x4xf32>, %n: tensor<1xi64>) -> tensor<1x1x?xf32> {
  // expected-error@+1 {{axes has the entry 3; expected each at most once, 0 to 2}}
  %y = cameo.resize %x, sizes %n {axes = array<i64: 3>, mode = "nearest", transform = "asymmetric", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// -----

func.func @resize_c2_sizes(%x: tensor<1x1x4xf32>, %n: tensor<2xi64>) -> tensor<1x1x?xf32> {
  // expected-error@+1 {{sizes has 2 elements; expected 1, one per axis}}
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "nearest", transform = "asymmetric", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<2xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// -----

func.func @resize_c3_mode(%x: tensor<1x1x4xf32>, %n: tensor<1xi64>) -> tensor<1x1x?xf32> {
  // expected-error@+1 {{mode is 'fast'; expected nearest, linear, cubic}}
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "fast", transform = "asymmetric", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// -----

func.func @resize_c3_no_roi(%x: tensor<1x1x4xf32>, %n: tensor<1xi64>) -> tensor<1x1x?xf32> {
  // expected-error@+1 {{has no roi, which tf_crop_and_resize needs}}
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "nearest", transform = "tf_crop_and_resize", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// -----

func.func @resize_c4_negative_size(%x: tensor<1x1x4xf32>) -> tensor<1x1x?xf32> {
  %n = cameo.constant dense<-2> : tensor<1xi64>
  // expected-error@+1 {{size of axis 2 is -2; expected 0 or more}}
  %y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "nearest", transform = "asymmetric", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>
  return %y : tensor<1x1x?xf32>
}

// -----

func.func @grid_sample_c1_rank(%x: tensor<1x1x4xf32>, %g: tensor<1x6x6x2xf32>) -> tensor<1x1x6x6xf32> {
  // expected-error@+1 {{operand has shape 1x1x4 and grid 1x6x6x2; expected one rank, 3 or more}}
  %y = cameo.grid_sample %x, %g {mode = "linear", padding = "zeros"} : (tensor<1x1x4xf32>, tensor<1x6x6x2xf32>) -> tensor<1x1x6x6xf32>
  return %y : tensor<1x1x6x6xf32>
}

// -----

func.func @grid_sample_c2_coordinates(%x: tensor<1x1x4x4xf32>, %g: tensor<1x6x6x3xf32>) -> tensor<1x1x6x6xf32> {
  // expected-error@+1 {{the grid's last size is 3; expected 2}}
  %y = cameo.grid_sample %x, %g {mode = "linear", padding = "zeros"} : (tensor<1x1x4x4xf32>, tensor<1x6x6x3xf32>) -> tensor<1x1x6x6xf32>
  return %y : tensor<1x1x6x6xf32>
}

// -----

func.func @grid_sample_c3_batch(%x: tensor<1x1x4x4xf32>, %g: tensor<2x6x6x2xf32>) -> tensor<1x1x6x6xf32> {
  // expected-error@+1 {{the grid's batch size is 2; expected 1}}
  %y = cameo.grid_sample %x, %g {mode = "linear", padding = "zeros"} : (tensor<1x1x4x4xf32>, tensor<2x6x6x2xf32>) -> tensor<1x1x6x6xf32>
  return %y : tensor<1x1x6x6xf32>
}

// -----

func.func @grid_sample_c4_padding(%x: tensor<1x1x4x4xf32>, %g: tensor<1x6x6x2xf32>) -> tensor<1x1x6x6xf32> {
  // expected-error@+1 {{padding is 'wrap'; expected zeros, border or reflection}}
  %y = cameo.grid_sample %x, %g {mode = "linear", padding = "wrap"} : (tensor<1x1x4x4xf32>, tensor<1x6x6x2xf32>) -> tensor<1x1x6x6xf32>
  return %y : tensor<1x1x6x6xf32>
}

// -----

func.func @grid_sample_c5_element_type(%x: tensor<1x1x4x4xf32>, %g: tensor<1x6x6x2xf16>) -> tensor<1x1x6x6xf32> {
  // expected-error@+1 {{grid has element type 'f16'; expected 'f32'}}
  %y = cameo.grid_sample %x, %g {mode = "linear", padding = "zeros"} : (tensor<1x1x4x4xf32>, tensor<1x6x6x2xf16>) -> tensor<1x1x6x6xf32>
  return %y : tensor<1x1x6x6xf32>
}

// -----

func.func @grid_sample_c6_coordinates(%x: tensor<1x1x4x4xf32>, %g: tensor<1x6x6x2xf32>) -> tensor<1x1x6x6xf32> {
  // expected-error@+1 {{has alignCorners and inPixels; expected one of them at most}}
  %y = cameo.grid_sample %x, %g {mode = "linear", padding = "zeros", alignCorners, inPixels} : (tensor<1x1x4x4xf32>, tensor<1x6x6x2xf32>) -> tensor<1x1x6x6xf32>
  return %y : tensor<1x1x6x6xf32>
}
