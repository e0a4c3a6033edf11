// The seed that a model gave is written as it was: 4631107791820423168 has the bits of 42.0. One of a node's own is no number that ONNX
// can hold, and is left to whoever reads the file.
// RUN: cameo-compile %s --emit=onnx -o %t.onnx
// RUN: %python %S/Inputs/print.py %t.onnx | FileCheck %s

// CHECK:     given: {{.*}} = RandomUniformLike
// CHECK-SAME:  seed = 42
// CHECK:     own: {{.*}} = RandomNormalLike
// CHECK-NOT: seed
func.func @main(%n: tensor<1xi64>) -> (tensor<?xf32>, tensor<?xf32>) {
  %a = cameo.random %n {distribution = "uniform", a = 0.0 : f32, b = 1.0 : f32, seed = 4631107791820423168 : i64, to = f32} : (tensor<1xi64>) -> tensor<?xf32> loc("given")
  %b = cameo.random %n {distribution = "normal", a = 0.0 : f32, b = 1.0 : f32, seed = 7 : i64, to = f32} : (tensor<1xi64>) -> tensor<?xf32> loc("own")
  return %a, %b : tensor<?xf32>, tensor<?xf32>
}
