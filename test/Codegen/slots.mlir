// Buffers whose size the run tells share memory where they live one after the other: of eight in a row two are needed.
// RUN: cameo-compile %s -o %t.cameo
// RUN: cameo-run %t.cameo --dim rows:4096 --threads 1 --json | FileCheck %s
// RUN: cameo-compile %s -O0 -o %t.naive.cameo
// RUN: cameo-run %t.naive.cameo --dim rows:37 --output %t.npz
// RUN: cameo-run %t.cameo --dim rows:37 --threads 2 --repeat 3 --expect %t.npz

// Two of 16 MiB, and the output.
// CHECK: "working_mb":48.
func.func @main(%x: tensor<?x1024xf32> {cameo.name = "x", cameo.dims = ["rows", ""]}) -> (tensor<?x1024xf32> {cameo.name = "y"}) {
  %0 = cameo.softmax %x {axis = 1 : i64} : (tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %1 = cameo.softmax %0 {axis = 1 : i64} : (tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %2 = cameo.softmax %1 {axis = 1 : i64} : (tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %3 = cameo.softmax %2 {axis = 1 : i64} : (tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %4 = cameo.softmax %3 {axis = 1 : i64} : (tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %5 = cameo.softmax %4 {axis = 1 : i64} : (tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %6 = cameo.softmax %5 {axis = 1 : i64} : (tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %7 = cameo.softmax %6 {axis = 1 : i64} : (tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %8 = cameo.softmax %7 {axis = 1 : i64} : (tensor<?x1024xf32>) -> tensor<?x1024xf32>
  return %8 : tensor<?x1024xf32>
}
