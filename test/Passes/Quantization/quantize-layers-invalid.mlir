// RUN: cameo-opt %s --cameo-quantize-layers --split-input-file --verify-diagnostics

func.func @kind(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x1xf32>
  // expected-error @below {{is to be quantized as 'sttic'; expected static, dynamic, weights or bf16}}
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "sttic"}} : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

func.func @no_range(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x1xf32>
  // expected-error @below {{is to be quantized by a range that was not observed}}
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "static"}} : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

func.func @bits(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x1xf32>
  // expected-error @below {{is to have weights of 5 bits in blocks of 32; expected 2 to 4 bits}}
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "weights", bits = 5 : i64}} : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

func.func @method(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x1xf32>
  // expected-error @below {{is to be quantized by 'magic'; expected rtn, hqq, awq or gptq}}
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "weights", method = "magic"}} : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

func.func @no_gram(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = cameo.constant dense<1.0> : tensor<2x1xf32>
  // expected-error @below {{is to be quantized by GPTQ, which needs 'gram' in cameo.observed}}
  %y = cameo.matmul %x, %w {cameo.quantization = {kind = "weights", method = "gptq"}} : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

func.func @recurrent(%x: tensor<5x2x1x8xf32>) -> tensor<1x2x8xf32> {
  %r = cameo.constant dense<1.0> : tensor<1x8x8xf32>
  // expected-error @below {{is to be quantized to integers; only bf16 is known for such layers}}
  %y, %l = cameo.rnn %x, %r {cameo.quantization = {kind = "dynamic"}, activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<5x2x1x8xf32>, tensor<1x8x8xf32>) -> (tensor<5x1x2x8xf32>, tensor<1x2x8xf32>)
  return %l : tensor<1x2x8xf32>
}
