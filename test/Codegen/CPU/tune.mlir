// All tiles that the model knows are compiled, compared with its choice, and measured; what was measured is kept and used again.
// RUN: rm -f %t.json && cameo-compile %s --tune=full --tune-database=%t.json --explain -o %t.cameo 2>&1 | FileCheck %s
// CHECK:      cameo-tune-tiles:
// CHECK-DAG:  takes {{[0-9.]+}} us with the {{fastest of|model's choice, and not less with}} {{[1-9][0-9]}}
// CHECK-DAG:  has the model's choice: only the run knows its sizes
// CHECK-DAG:  has the model's choice: it has no elements
// CHECK-NOT:  has other results
// RUN: cameo-compile %s --tune=quick --tune-database=%t.json -o %t.again.cameo && cmp %t.cameo %t.again.cameo
// RUN: %python -c "import json; assert len(json.load(open('%t.json'))['tiles']) == 4"
// RUN: cameo-compile %s -O0 -o %t.naive.cameo && cameo-run %t.naive.cameo -o %t.npz && cameo-run %t.cameo --expect %t.npz

// A tile in the file is taken as it is there, where it is one of those.
// RUN: %python -c "import json; f = json.load(open('%t.json')); k, e = next((k, e) for k, e in f['tiles'].items() if e['kernel'] == 'matmul 16x64'); \
// RUN:   e['tile'].update(mr=4, tailMr=4, nr=e['tile']['lanes'], mBlock=16, kUnroll=4, panelOuter=0); json.dump(f, open('%t.other.json', 'w')); \
// RUN:   e['tile'].update(mr=99); json.dump(f, open('%t.wrong.json', 'w'))"
// RUN: cameo-compile %s --tune=quick --tune-database=%t.other.json --stop-after=tiles -o - | FileCheck %s --check-prefix=OTHER
// RUN: cameo-compile %s --tune=quick --tune-database=%t.wrong.json --stop-after=tiles -o - | FileCheck %s --check-prefix=WRONG
// OTHER:      mr = 4 :
// WRONG-NOT:  mr = 99 :
// WRONG:      mr = {{[0-9]+}} : i64

// A file of another form is left as it is.
// RUN: echo '{"cameo_tiles": 2, "tiles": {}}' > %t.new.json && not cameo-compile %s --tune=quick --tune-database=%t.new.json -o %t.cameo 2>&1 | FileCheck %s --check-prefix=NEW
// NEW:        error[E-FILE]: {{.*}}holds no measured tiles: cameo_tiles is 2; expected 1
// RUN: %python -c "print('[' * 1000000)" > %t.deep.json && not cameo-compile %s --tune=quick --tune-database=%t.deep.json -o %t.cameo 2>&1 | FileCheck %s --check-prefix=DEEP
// DEEP:       error[E-FILE]: {{.*}}nested more than
// RUN: cat %t.new.json | FileCheck %s --check-prefix=KEPT
// KEPT:       {"cameo_tiles": 2, "tiles": {}}
// RUN: not cameo-compile %s --tune=quick --tune-database=%t.json/tiles.json -o %t.cameo 2>&1 | FileCheck %s --check-prefix=PLACE
// PLACE:      error[E-FILE]: {{.*}}cannot be read
// RUN: cameo-compile %s --tune=quick --tune-database=/proc/none/tiles.json -o %t.cameo 2>&1 | FileCheck %s --check-prefix=LOST
// RUN: not cameo-compile %s --tune=quick --tune-database=/dev/zero -o %t.cameo 2>&1 | FileCheck %s --check-prefix=DEVICE
// DEVICE:     error[E-FILE]: {{.*}}/dev/zero is no regular file
// LOST:       warning[E-FILE]: {{.*}}what was measured is not kept

// RUN: not cameo-compile %s --tune=quick -O0 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=NAIVE
// NAIVE:      error[E-USAGE]: --tune measures tiles, which -O0 has none of
// RUN: not cameo-compile %s --tune=quick --cpu=x86-64-v2 --tune-database=%t.json -o %t.cameo 2>&1 | FileCheck %s --check-prefix=CPU
// CPU:        error[E-USAGE]: {{.*}}--tune measures on this machine, and --cpu names others
// RUN: not cameo-compile %s --tune=quick --target=cuda -o %t.cameo 2>&1 | FileCheck %s --check-prefix=GPU
// GPU:        error[E-USAGE]: --tune measures code for CPUs
// RUN: not cameo-compile %s --tune=quick --emit=onnx -o %t.onnx 2>&1 | FileCheck %s --check-prefix=ONNX
// ONNX:       error[E-USAGE]: --tune measures code, and --emit=onnx writes none
// RUN: not cameo-compile %s --tune-database=%t.json -o %t.cameo 2>&1 | FileCheck %s --check-prefix=ALONE
// ALONE:      error[E-USAGE]: --tune-database is for --tune

// Equal kernels are measured once; results that are no numbers are equal where they are so with all tiles.
func.func @main(%a: tensor<16x257xf32>, %x: tensor<1x10x10x16xf32>, %open: tensor<?x8xf32>, %q: tensor<1x2x40x32xf32>, %k: tensor<1x2x100x32xf32>, %none: tensor<0x8xf32>)
    -> (tensor<16x64xf32>, tensor<1x10x10x16xf32>, tensor<?x24xf32>, tensor<1x2x40x32xf32>, tensor<0x24xf32>, tensor<16x24xf32>, tensor<16x24xf32>) {
  %w = cameo.constant dense<0.25> : tensor<257x64xf32>
  %0 = cameo.matmul %a, %w : (tensor<16x257xf32>, tensor<257x64xf32>) -> tensor<16x64xf32>
  %f = cameo.constant dense<0.5> : tensor<16x16x3x3xf32>
  %1 = cameo.conv %x, %f {channelsLast, dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x10x10x16xf32>, tensor<16x16x3x3xf32>) -> tensor<1x10x10x16xf32>
  %v = cameo.constant dense<0.25> : tensor<8x24xf32>
  %2 = cameo.matmul %open, %v : (tensor<?x8xf32>, tensor<8x24xf32>) -> tensor<?x24xf32>
  %3 = cameo.attention %q, %k, %k {scale = 0.125 : f32} : (tensor<1x2x40x32xf32>, tensor<1x2x100x32xf32>, tensor<1x2x100x32xf32>) -> tensor<1x2x40x32xf32>
  %4 = cameo.matmul %none, %v : (tensor<0x8xf32>, tensor<8x24xf32>) -> tensor<0x24xf32>
  %u = cameo.constant dense<0.125> : tensor<257x24xf32>
  %5 = cameo.matmul %a, %u : (tensor<16x257xf32>, tensor<257x24xf32>) -> tensor<16x24xf32>
  %6 = cameo.sqrt %5 : (tensor<16x24xf32>) -> tensor<16x24xf32>
  %t = cameo.constant dense<0.375> : tensor<257x24xf32>
  %7 = cameo.matmul %a, %t : (tensor<16x257xf32>, tensor<257x24xf32>) -> tensor<16x24xf32>
  %8 = cameo.sqrt %7 : (tensor<16x24xf32>) -> tensor<16x24xf32>
  return %0, %1, %2, %3, %4, %6, %8 : tensor<16x64xf32>, tensor<1x10x10x16xf32>, tensor<?x24xf32>, tensor<1x2x40x32xf32>, tensor<0x24xf32>, tensor<16x24xf32>, tensor<16x24xf32>
}
