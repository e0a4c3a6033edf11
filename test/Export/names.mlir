// An op of several nodes: the last has the node's name. An output that is an input, or another output, is a copy.
// RUN: cameo-compile %s --emit=onnx -o %t.onnx
// RUN: %python %S/Inputs/print.py %t.onnx | FileCheck %s

// CHECK:      => (float[4] silu, float[4] again, float[4] same)
// CHECK:      act/Sigmoid: act/Sigmoid_output_0 = Sigmoid (x)
// CHECK-NEXT: act: silu = Mul (x, act/Sigmoid_output_0)
// CHECK-NEXT: again: again = Identity (silu)
// CHECK-NEXT: same: same = Identity (x)
func.func @main(%x: tensor<4xf32> {cameo.name = "x"})
    -> (tensor<4xf32> {cameo.name = "silu"}, tensor<4xf32> {cameo.name = "again"}, tensor<4xf32> {cameo.name = "same"}) {
  %y = cameo.swish %x {alpha = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32> loc("act")
  return %y, %y, %x : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
