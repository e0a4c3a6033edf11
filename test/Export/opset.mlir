// A file is of opset 21, or of the first one after it that has all ops for their types: elements of 2 bits came with 25.
// RUN: cameo-compile %s --emit=onnx -o %t.onnx
// RUN: %python %S/Inputs/print.py %t.onnx | FileCheck %s

// CHECK: opset "" 25
// CHECK: = Cast <to = 25>
func.func @main(%x: tensor<4xui8> {cameo.name = "x"}) -> (tensor<4xui2> {cameo.name = "y"}) {
  %y = cameo.cast %x {to = ui2} : (tensor<4xui8>) -> tensor<4xui2>
  return %y : tensor<4xui2>
}
