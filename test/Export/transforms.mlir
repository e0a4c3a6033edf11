// A Fourier transform stays one node: its matrix would make the file larger.
// RUN: cameo-compile %s -O3 --emit=onnx -o %t.onnx
// RUN: %python %S/Inputs/print.py %t.onnx | FileCheck %s

// CHECK:     spectrum{{.*}} = DFT
// CHECK-NOT: MatMul
func.func @main(%x: tensor<?x8x1xf32> {cameo.name = "x", cameo.dims = ["frames", "", ""]})
    -> (tensor<?x5x2xf32> {cameo.name = "y", cameo.dims = ["frames", "", ""]}) {
  %n = cameo.constant dense<8> : tensor<i64>
  %y = cameo.dft %x, %n {axis = 1 : i64, onesided} : (tensor<?x8x1xf32>, tensor<i64>) -> tensor<?x5x2xf32> loc("spectrum")
  return %y : tensor<?x5x2xf32>
}
