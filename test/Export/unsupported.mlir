// All ops that cannot be written are named at once, and nothing is left behind.
// RUN: not cameo-compile %s --emit=onnx -O0 -o %t.onnx 2>&1 | FileCheck %s
// RUN: not ls %t.onnx

// CHECK: error[E-UNSUPPORTED]: {{.*}}: node 'svm': cannot be written as ONNX: cameo.couple_probabilities has no form in ONNX
// CHECK: error[E-UNSUPPORTED]: {{.*}}: node 'wide': cannot be written as ONNX: no version of ONNX's MaxPool takes elements of type int32
func.func @main(%r: tensor<8x3xf32> {cameo.name = "r"}, %x: tensor<2x8xf32> {cameo.name = "x"}, %s: tensor<1x1x8xi32>)
    -> (tensor<8x3xf32> {cameo.name = "p"}, tensor<1x1x4xi32> {cameo.name = "y"}) {
  %p = cameo.couple_probabilities %r {classes = 3 : i64} : (tensor<8x3xf32>) -> tensor<8x3xf32> loc("svm")
  %y = cameo.max_pool %s {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x1x8xi32>) -> tensor<1x1x4xi32> loc("wide")
  return %p, %y : tensor<8x3xf32>, tensor<1x1x4xi32>
}
