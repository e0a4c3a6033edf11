// RUN: cameo-opt %s --split-input-file --verify-diagnostics

// What may be noted on ops that need not have it (Dialect/Cameo/Attributes.h) is verified wherever it stands.

// expected-error @+1 {{has the unknown attribute 'cameo.nodel'; known are cameo.model, }}
module attributes {cameo.nodel = "m"} {}

// -----

// expected-error @+1 {{'cameo.model' is 3 : i64; it must be a string}}
module attributes {cameo.model = 3 : i64} {}

// -----

// expected-error @+1 {{has 'cameo.name', which is an attribute of arguments and results}}
module attributes {cameo.name = "m"} {}

// -----

// expected-error @+1 {{'cameo.opsets' is {ai.onnx = "8"}; it must be a dictionary of integers}}
module attributes {cameo.opsets = {ai.onnx = "8"}} {}

// -----

// expected-error @+1 {{'cameo.dims' has 1 names for 'tensor<?x2xf32>'; it must have one per axis}}
func.func @main(%x: tensor<?x2xf32> {cameo.dims = ["n"]}) { return }

// -----

// expected-error @+1 {{'cameo.dims' is ["n", 2]; it must be an array of strings}}
func.func @main(%x: tensor<?x2xf32>) -> (tensor<?x2xf32> {cameo.dims = ["n", 2]}) { return %x : tensor<?x2xf32> }

// -----

// expected-error @+1 {{has 'cameo.cache', which is an attribute of arguments}}
func.func @main(%x: tensor<?x2xf32>) -> (tensor<?x2xf32> {cameo.cache = array<i64: 0, 0>}) { return %x : tensor<?x2xf32> }

// -----

// expected-error @+1 {{'cameo.cache' is array<i64: 0>; it must be array<i64: output, axis>}}
func.func @main(%x: tensor<?x2xf32> {cameo.cache = array<i64: 0>}) { return }

// -----

func.func @layer(%x: tensor<3x2xf32>, %w: tensor<2x2xf32>) -> tensor<3x2xf32> {
  // expected-error @+1 {{'cameo.quantization' is "static"; it must be a dictionary}}
  %y = cameo.matmul %x, %w {cameo.quantization = "static"} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

func.func @layer(%x: tensor<3x2xf32>, %w: tensor<2x2xf32>) -> tensor<3x2xf32> {
  // expected-error @+1 {{has 'cameo.threads', which is an attribute of functions}}
  %y = cameo.matmul %x, %w {cameo.threads = 3 : i64} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// expected-error @+1 {{'cameo.cache' names output 7; there are 1}}
func.func @main(%x: tensor<?x2xf32> {cameo.cache = array<i64: 7, 0>}) -> tensor<?x2xf32> { return %x : tensor<?x2xf32> }

// -----

// expected-error @+1 {{'cameo.cache' names axis 9 of 'tensor<?x2xf32>' and 'tensor<?x2xf32>'; it must be an axis of both}}
func.func @main(%x: tensor<?x2xf32> {cameo.cache = array<i64: 0, 9>}) -> tensor<?x2xf32> { return %x : tensor<?x2xf32> }
