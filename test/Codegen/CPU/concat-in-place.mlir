// RUN: cameo-opt %s --cameo-form-kernels --cameo-concat-in-place --remarks-filter=cameo-concat-in-place 2> %t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t.remarks

// REMARK-DAG: [Passed] tensors joined in place | {{.*}}2 of 2 operands are stored where it wants them
// REMARK-DAG: [Missed] tensors joined in place | {{.*}}copies its operand 1: it is part of another concatenation
// REMARK-DAG: [Missed] tensors joined in place | {{.*}}copies its operand 0: the matmul that reads it takes it without room between rows
// REMARK-DAG: [Missed] tensors joined in place | {{.*}}copies its operand 0: the transpose that computes it stores without room between rows
// REMARK-DAG: [Missed] tensors joined in place | {{.*}}copies its operand 0: it is an output
// REMARK-DAG: [Missed] tensors joined in place | {{.*}}copies its operand 0: its elements would lie apart, not only its rows
// REMARK-DAG: [Missed] tensors joined in place | {{.*}}copies its operand 1: its size is not known when it is computed

// Columns, which another kernel reads element by element; then the whole as a part.
// CHECK-LABEL: func.func @columns
// CHECK-COUNT-2: inPlace = array<i64: 0, 1>
// CHECK-NOT:     inPlace
func.func @columns(%x: tensor<4x16xf32>) -> (tensor<4x48xf32>, tensor<4x16xf32>) {
  %a = cameo.neg %x : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %b = cameo.abs %x : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %r = cameo.exp %a : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %ab = cameo.concat %a, %b {axis = -1 : i64} : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x32xf32>
  %c = cameo.sqrt %x : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %abc = cameo.concat %ab, %c {axis = 1 : i64} : (tensor<4x32xf32>, tensor<4x16xf32>) -> tensor<4x48xf32>
  return %abc, %r : tensor<4x48xf32>, tensor<4x16xf32>
}

// Of two concatenations the later one has the part.
// CHECK-LABEL: func.func @in_two
// CHECK:         {inPlace = array<i64: 0>}
// CHECK:         {inPlace = array<i64: 0, 1>}
func.func @in_two(%x: tensor<4x16xf32>) -> (tensor<4x32xf32>, tensor<4x32xf32>) {
  %a = cameo.neg %x : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %b = cameo.abs %x : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %c = cameo.exp %x : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %ab = cameo.concat %a, %b {axis = 1 : i64} : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x32xf32>
  %bc = cameo.concat %b, %c {axis = 1 : i64} : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x32xf32>
  return %ab, %bc : tensor<4x32xf32>, tensor<4x32xf32>
}

// Tuned code takes rows behind each other; along the outermost axis they are.
// CHECK-LABEL: func.func @tuned_reader
// CHECK:         {inPlace = array<i64: 1>}
// CHECK:         {inPlace = array<i64: 0, 1>}
func.func @tuned_reader(%x: tensor<1x4x16xf32>, %w: tensor<16x2xf32>) -> (tensor<1x4x32xf32>, tensor<1x8x16xf32>, tensor<1x4x2xf32>, tensor<1x4x2xf32>) {
  %a = cameo.neg %x : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %b = cameo.abs %x : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %c = cameo.exp %x : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %d = cameo.sqrt %x : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %columns = cameo.concat %a, %b {axis = 2 : i64} : (tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x32xf32>
  %rows = cameo.concat %c, %d {axis = 1 : i64} : (tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x8x16xf32>
  %p = cameo.matmul %a, %w : (tensor<1x4x16xf32>, tensor<16x2xf32>) -> tensor<1x4x2xf32>
  %q = cameo.matmul %c, %w : (tensor<1x4x16xf32>, tensor<16x2xf32>) -> tensor<1x4x2xf32>
  return %columns, %rows, %p, %q : tensor<1x4x32xf32>, tensor<1x8x16xf32>, tensor<1x4x2xf32>, tensor<1x4x2xf32>
}

// CHECK-LABEL: func.func @tuned_writer
// CHECK-NOT:     inPlace
func.func @tuned_writer(%x: tensor<16x4xf32>, %z: tensor<4x16xf32>) -> tensor<4x32xf32> {
  %a = cameo.transpose %x {permutation = array<i64: 1, 0>} : (tensor<16x4xf32>) -> tensor<4x16xf32>
  %y = cameo.concat %a, %z {axis = 1 : i64} : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// CHECK-LABEL: func.func @is_an_output
// CHECK-NOT:     inPlace
func.func @is_an_output(%x: tensor<4x16xf32>, %z: tensor<4x16xf32>) -> (tensor<4x16xf32>, tensor<4x32xf32>) {
  %a = cameo.neg %x : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %y = cameo.concat %a, %z {axis = 1 : i64} : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x32xf32>
  return %a, %y : tensor<4x16xf32>, tensor<4x32xf32>
}

// CHECK-LABEL: func.func @inner_axis
// CHECK-NOT:     inPlace
func.func @inner_axis(%x: tensor<2x4x16xf32>, %z: tensor<2x4x16xf32>) -> tensor<2x8x16xf32> {
  %a = cameo.neg %x : (tensor<2x4x16xf32>) -> tensor<2x4x16xf32>
  %y = cameo.concat %a, %z {axis = 1 : i64} : (tensor<2x4x16xf32>, tensor<2x4x16xf32>) -> tensor<2x8x16xf32>
  return %y : tensor<2x8x16xf32>
}

// How long the first part is, its own kernel finds out.
// CHECK-LABEL: func.func @unknown
// CHECK-NOT:     inPlace
func.func @unknown(%x: tensor<8x16xf32>, %z: tensor<8x16xf32>) -> tensor<?x2xi64> {
  %a = cameo.non_zero %x : (tensor<8x16xf32>) -> tensor<2x?xi64>
  %t = cameo.transpose %a {permutation = array<i64: 1, 0>} : (tensor<2x?xi64>) -> tensor<?x2xi64>
  %b = cameo.non_zero %z : (tensor<8x16xf32>) -> tensor<2x?xi64>
  %u = cameo.transpose %b {permutation = array<i64: 1, 0>} : (tensor<2x?xi64>) -> tensor<?x2xi64>
  %y = cameo.concat %t, %u {axis = 0 : i64} : (tensor<?x2xi64>, tensor<?x2xi64>) -> tensor<?x2xi64>
  return %y : tensor<?x2xi64>
}
