// RUN: cameo-opt %s --split-input-file --verify-diagnostics --cameo-infer-shapes

func.func @image_size_c1_matrix(%file: tensor<4x4xui8>) {
  // expected-error@+1 {{file has shape 4x4; expected a vector}}
  %s = cameo.image_size %file : (tensor<4x4xui8>) -> tensor<2xi64>
  return
}

// -----

func.func @image_decode_c1_scalar(%file: tensor<ui8>, %size: tensor<2xi64>) {
  // expected-error@+1 {{file has shape scalar; expected a vector}}
  %y = cameo.image_decode %file, %size : (tensor<ui8>, tensor<2xi64>) -> tensor<?x?x3xui8>
  return
}

// -----

func.func @image_decode_c2_three_sizes(%file: tensor<4xui8>, %size: tensor<3xi64>) {
  // expected-error@+1 {{size has shape 3; expected two elements}}
  %y = cameo.image_decode %file, %size : (tensor<4xui8>, tensor<3xi64>) -> tensor<?x?x3xui8>
  return
}
