// Kernels that copy an argument, alone (a transpose that the layout pass made needless leaves one) or beside another result.
// RUN: cameo-compile %s -O0 -o %t.0.cameo
// RUN: cameo-compile %s -O3 -o %t.3.cameo
// RUN: cameo-run %t.0.cameo --output %t.npz
// RUN: cameo-run %t.3.cameo --expect %t.npz

func.func @main(%a: tensor<?x32x32xf32>, %b: tensor<32xf32>) -> (tensor<?x32x32xf32>, tensor<?x32x32xf32>, tensor<?x32x32xf32>) {
  %copy = cameo.kernel(%a) {
  ^bb0(%x: tensor<?x32x32xf32>):
    cameo.yield %x : tensor<?x32x32xf32>
  } : (tensor<?x32x32xf32>) -> tensor<?x32x32xf32>
  %sum, %beside = cameo.kernel(%a, %b) {
  ^bb0(%x: tensor<?x32x32xf32>, %y: tensor<32xf32>):
    %s = cameo.add %x, %y : (tensor<?x32x32xf32>, tensor<32xf32>) -> tensor<?x32x32xf32>
    cameo.yield %s, %x : tensor<?x32x32xf32>, tensor<?x32x32xf32>
  } : (tensor<?x32x32xf32>, tensor<32xf32>) -> (tensor<?x32x32xf32>, tensor<?x32x32xf32>)
  return %copy, %sum, %beside : tensor<?x32x32xf32>, tensor<?x32x32xf32>, tensor<?x32x32xf32>
}
