// All tiles that the model knows are compiled, compared with its choice, and measured; what was measured is kept and used again.
// RUN: rm -f %t.json && cameo-compile %s --tune=full --tune-database=%t.json --explain -o %t.cameo 2>&1 | FileCheck %s
// CHECK:      cameo-tune-tiles:
// CHECK-DAG:  takes {{[0-9.]+}} us with the {{fastest of|model's choice, and not less with}} {{[1-9][0-9]}}
// CHECK-DAG:  has the model's choice: only the run knows its sizes
// RUN: cameo-compile %s --tune=quick --tune-database=%t.json -o %t.again.cameo && cmp %t.cameo %t.again.cameo
// RUN: cameo-compile %s -O0 -o %t.naive.cameo && cameo-run %t.naive.cameo -o %t.npz && cameo-run %t.cameo --expect %t.npz

// A tile in the file is taken as it is there, where it is one of those.
// RUN: %python -c "import json; f = json.load(open('%t.json')); k, e = next((k, e) for k, e in f['tiles'].items() if e['kernel'] == 'matmul 16x64'); \
// RUN:   e['tile'].update(mr=4, tailMr=4, nr=e['tile']['lanes'], mBlock=16, kUnroll=4, panelOuter=0); json.dump(f, open('%t.other.json', 'w')); \
// RUN:   e['tile'].update(mr=99); json.dump(f, open('%t.wrong.json', 'w'))"
// RUN: cameo-compile %s --tune=quick --tune-database=%t.other.json --stop-after=tiles -o - | FileCheck %s --check-prefix=OTHER
// RUN: cameo-compile %s --tune=quick --tune-database=%t.wrong.json --stop-after=tiles -o - | FileCheck %s --check-prefix=WRONG
// OTHER:      mr = 4 :
// WRONG-NOT:  mr = 99 :

// A file of another form is said to be one.
// RUN: echo '{"cameo_tiles": 2, "tiles": {}}' > %t.new.json && cameo-compile %s --tune=quick --tune-database=%t.new.json -o %t.cameo 2>&1 | FileCheck %s --check-prefix=NEW
// NEW:        warning[E-FILE]: {{.*}}cameo_tiles is 2; expected 1; tiles are measured anew
// RUN: %python -c "import json; assert len(json.load(open('%t.new.json'))['tiles']) == 3"
// RUN: cameo-compile %s --tune=quick --tune-database=%t.json/tiles.json -o %t.cameo 2>&1 | FileCheck %s --check-prefix=PLACE
// PLACE:      warning[E-FILE]: {{.*}}what was measured is not kept

// RUN: not cameo-compile %s --tune=quick -O0 -o %t.cameo 2>&1 | FileCheck %s --check-prefix=NAIVE
// NAIVE:      error[E-USAGE]: --tune measures tiles, which -O0 has none of
// RUN: not cameo-compile %s --tune=quick --cpu=x86-64-v2 --tune-database=%t.json -o %t.cameo 2>&1 | FileCheck %s --check-prefix=CPU
// CPU:        error[E-USAGE]: {{.*}}--tune measures on this machine, and --cpu names others

func.func @main(%a: tensor<16x257xf32>, %x: tensor<1x10x10x16xf32>, %open: tensor<?x8xf32>, %q: tensor<1x2x40x32xf32>, %k: tensor<1x2x100x32xf32>)
    -> (tensor<16x64xf32>, tensor<1x10x10x16xf32>, tensor<?x24xf32>, tensor<1x2x40x32xf32>) {
  %w = cameo.constant dense<0.25> : tensor<257x64xf32>
  %0 = cameo.matmul %a, %w : (tensor<16x257xf32>, tensor<257x64xf32>) -> tensor<16x64xf32>
  %f = cameo.constant dense<0.5> : tensor<16x16x3x3xf32>
  %1 = cameo.conv %x, %f {channelsLast, dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x10x10x16xf32>, tensor<16x16x3x3xf32>) -> tensor<1x10x10x16xf32>
  %v = cameo.constant dense<0.25> : tensor<8x24xf32>
  %2 = cameo.matmul %open, %v : (tensor<?x8xf32>, tensor<8x24xf32>) -> tensor<?x24xf32>
  %3 = cameo.attention %q, %k, %k {scale = 0.125 : f32} : (tensor<1x2x40x32xf32>, tensor<1x2x100x32xf32>, tensor<1x2x100x32xf32>) -> tensor<1x2x40x32xf32>
  return %0, %1, %2, %3 : tensor<16x64xf32>, tensor<1x10x10x16xf32>, tensor<?x24xf32>, tensor<1x2x40x32xf32>
}
