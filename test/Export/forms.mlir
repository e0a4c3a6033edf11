// An op becomes the node that its form names; a pointwise op the one that its def names. Nodes have their names from locations.
// RUN: cameo-compile %s --emit=onnx -o %t.onnx
// RUN: %python %S/Inputs/print.py %t.onnx | FileCheck %s

// CHECK:      main (float[batch,8] x) => (float[batch,8] y)
// CHECK-SAME: opset "" 21
// CHECK:      enc/act: {{.*}} = Sigmoid (x)
// CHECK-NEXT: enc/leak: {{.*}} = LeakyRelu <alpha = 0.25> (enc/act_output_0)
// CHECK-NEXT: enc/softmax: y = Softmax <axis = 1> (enc/leak_output_0)
func.func @main(%x: tensor<?x8xf32> {cameo.name = "x", cameo.dims = ["batch", ""]})
    -> (tensor<?x8xf32> {cameo.name = "y", cameo.dims = ["batch", ""]}) {
  %a = cameo.sigmoid %x : (tensor<?x8xf32>) -> tensor<?x8xf32> loc("enc/act")
  %b = cameo.leaky_relu %a {alpha = 2.5e-1 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32> loc("enc/leak")
  %y = cameo.softmax %b {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32> loc("enc/softmax")
  return %y : tensor<?x8xf32>
}
