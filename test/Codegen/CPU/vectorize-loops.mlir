// RUN: cameo-opt %s --cameo-vectorize-loops | FileCheck %s
// RUN: cameo-opt %s --cameo-vectorize-loops=vector-bytes=32 | FileCheck %s --check-prefix=AVX2
// RUN: cameo-opt %s --cameo-vectorize-loops=vector-bytes=16 | FileCheck %s --check-prefix=SSE

// Iterations become lanes; what does not fill a vector is masked. Short bodies take several vectors per iteration.
// CHECK-LABEL: func.func @pointwise(
// CHECK-SAME:    %[[X:.*]]: memref<1000xf32>, %[[Y:.*]]: memref<1000xf32>)
// CHECK:       scf.for %[[I:.*]] = %{{.*}} to %[[MIDDLE:.*]] step
// CHECK:         vector.load %[[X]][%[[I]]] : memref<1000xf32>, vector<16xf32>
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]
// CHECK:       scf.for %[[J:.*]] = %[[MIDDLE]] to
// CHECK:         %[[MASK:.*]] = arith.cmpi slt
// CHECK:         %[[V:.*]] = vector.maskedload %[[X]][%[[J]]], %[[MASK]]
// CHECK:         %[[W:.*]] = arith.mulf %[[V]], %[[V]] : vector<16xf32>
// CHECK:         vector.maskedstore %[[Y]][%[[J]]], %[[MASK]], %[[W]]
// AVX2-LABEL: func.func @pointwise(
// AVX2: vector<8xf32>
func.func @pointwise(%x: memref<1000xf32>, %y: memref<1000xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 1000 : index
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %x[%i] : memref<1000xf32>
    %w = arith.mulf %v, %v : f32
    memref.store %w, %y[%i] : memref<1000xf32>
  }
  return
}

// The widest element, here i64, decides how many lanes there are.
// CHECK-LABEL: func.func @narrowing(
// CHECK:         vector.load %{{.*}} : memref<64xi64>, vector<8xi64>
// CHECK:         arith.trunci %{{.*}} : vector<8xi64> to vector<8xi8>
func.func @narrowing(%x: memref<64xi64>, %y: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 64 : index
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %x[%i] : memref<64xi64>
    %w = arith.trunci %v : i64 to i8
    memref.store %w, %y[%i] : memref<64xi8>
  }
  return
}

// An accumulator whose order is free: four vectors of partial sums, joined as a tree; the initial value comes last.
// CHECK-LABEL: func.func @row_sum(
// CHECK-SAME:    %{{.*}}: memref<4096xf32>, %[[INIT:.*]]: f32)
// CHECK:       %[[PARTS:.*]]:4 = scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK:       %[[A:.*]] = arith.addf %[[PARTS]]#0, %[[PARTS]]#2 fastmath<reassoc>
// CHECK:       %[[B:.*]] = arith.addf %[[PARTS]]#1, %[[PARTS]]#3 fastmath<reassoc>
// CHECK:       arith.addf %[[A]], %[[B]] fastmath<reassoc> : vector<16xf32>
// CHECK:       arith.addf {{.*}} : vector<8xf32>
// CHECK:       arith.addf {{.*}} : vector<1xf32>
// CHECK:       %[[TOTAL:.*]] = vector.extract
// CHECK:       arith.addf %[[INIT]], %[[TOTAL]]
func.func @row_sum(%x: memref<4096xf32>, %init: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 4096 : index
  %s = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %init) -> f32 {
    %v = memref.load %x[%i] : memref<4096xf32>
    %next = arith.addf %acc, %v fastmath<reassoc> : f32
    scf.yield %next : f32
  }
  return %s : f32
}

// A sum whose order counts stays as it is.
// CHECK-LABEL: func.func @ordered_sum_stays(
// CHECK-NOT:   vector
// CHECK:       return
func.func @ordered_sum_stays(%x: memref<4096xf32>, %init: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 4096 : index
  %s = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %init) -> f32 {
    %v = memref.load %x[%i] : memref<4096xf32>
    %next = arith.addf %acc, %v : f32
    scf.yield %next : f32
  }
  return %s : f32
}

// MLIR knows no greatest index to begin a vector with.
// CHECK-LABEL: func.func @least_index_stays(
// CHECK-NOT:   vector
// CHECK:       return
func.func @least_index_stays(%x: memref<4096xindex>, %init: index) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 4096 : index
  %s = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %init) -> index {
    %v = memref.load %x[%i] : memref<4096xindex>
    %next = arith.minsi %acc, %v : index
    scf.yield %next : index
  }
  return %s : index
}

// Rows that are far from each other are read in order, eight side by side; the columns' values lie in memory.
// CHECK-LABEL: func.func @far_rows(
// CHECK-SAME:    %[[X:.*]]: memref<64x1024xf32>, %[[Y:.*]]: memref<1024xf32>)
// CHECK:       %[[SUMS:.*]] = memref.alloca() : memref<2048xf32>
// CHECK:       vector.store %{{.*}}, %[[SUMS]]
// CHECK:       scf.for %[[FIRST:.*]] = %{{.*}} to %{{.*}} step %c8
// CHECK:         scf.for %[[J:.*]] =
// CHECK:           vector.load %[[SUMS]]
// CHECK:           scf.for %[[K:.*]] = %[[FIRST]] to {{.*}} iter_args
// CHECK:             vector.load %[[X]][%[[K]], %[[J]]] : memref<64x1024xf32>, vector<16xf32>
// CHECK:           vector.store %{{.*}}, %[[SUMS]]
// CHECK:       vector.load %[[SUMS]]
// CHECK:       vector.store %{{.*}}, %[[Y]]
func.func @far_rows(%x: memref<64x1024xf32>, %y: memref<1024xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = arith.constant 64 : index
  %columns = arith.constant 1024 : index
  %zero = arith.constant 0.0 : f32
  scf.for %j = %c0 to %columns step %c1 {
    %sum = scf.for %k = %c0 to %rows step %c1 iter_args(%acc = %zero) -> f32 {
      %v = memref.load %x[%k, %j] : memref<64x1024xf32>
      %next = arith.addf %acc, %v : f32
      scf.yield %next : f32
    }
    memref.store %sum, %y[%j] : memref<1024xf32>
  }
  return
}

// A sum over leading axes: the columns are lanes, the inner loop carries vectors.
// CHECK-LABEL: func.func @column_max(
// CHECK:       scf.for
// CHECK:         scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>
// CHECK:           vector.load %{{.*}}[%[[ROW:.*]], %{{.*}}] : memref<100x256xf32>, vector<16xf32>
// CHECK:           arith.maximumf {{.*}} : vector<16xf32>
// CHECK:         vector.store
func.func @column_max(%x: memref<100x256xf32>, %y: memref<256xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = arith.constant 100 : index
  %columns = arith.constant 256 : index
  %low = arith.constant 0xFF800000 : f32
  scf.for %j = %c0 to %columns step %c1 {
    %m = scf.for %i = %c0 to %rows step %c1 iter_args(%acc = %low) -> f32 {
      %v = memref.load %x[%i, %j] : memref<100x256xf32>
      %next = arith.maximumf %acc, %v : f32
      scf.yield %next : f32
    }
    memref.store %m, %y[%j] : memref<256xf32>
  }
  return
}

// A condition that differs between lanes becomes masks.
// CHECK-LABEL: func.func @guarded_load(
// CHECK:         %[[INSIDE:.*]] = arith.cmpi slt, {{.*}} : vector<16xindex>
// CHECK:         %[[V:.*]] = vector.maskedload {{.*}} %[[INSIDE]]
// CHECK:         arith.select %[[INSIDE]], %[[V]], %{{.*}} : vector<16xi1>, vector<16xf32>
func.func @guarded_load(%x: memref<100xf32>, %y: memref<128xf32>, %outside: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 128 : index
  %size = arith.constant 100 : index
  scf.for %i = %c0 to %n step %c1 {
    %inside = arith.cmpi slt, %i, %size : index
    %v = scf.if %inside -> f32 {
      %loaded = memref.load %x[%i] : memref<100xf32>
      scf.yield %loaded : f32
    } else {
      scf.yield %outside : f32
    }
    memref.store %v, %y[%i] : memref<128xf32>
  }
  return
}

// Every third element: three vectors, the last of which ends with the last lane's element, and shuffles. In the rest,
// only what lanes read is loaded.
// CHECK-LABEL: func.func @every_third(
// CHECK-SAME:    %[[X:.*]]: memref<100xf32>, %[[Y:.*]]: memref<33xf32>)
// CHECK:         %[[FIRST:.*]] = arith.muli
// CHECK:         %[[A:.*]] = vector.load %[[X]][%[[FIRST]]] : memref<100xf32>, vector<16xf32>
// CHECK:         %[[B:.*]] = vector.load
// CHECK:         %[[LAST:.*]] = arith.addi %[[FIRST]], %c30
// CHECK:         %[[C:.*]] = vector.load %[[X]][%[[LAST]]]
// CHECK:         %[[V:.*]] = vector.shuffle %{{.*}}, %[[C]] [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 19, 22, 25, 28, 31] : vector<16xf32>, vector<16xf32>
// CHECK:         vector.shuffle %{{.*}} [0, 16, 16, 3, 16, 16, 6, 16, 16, 9, 16, 16, 12, 16, 16, 15] : vector<16xi1>, vector<16xi1>
// CHECK:         vector.maskedload
func.func @every_third(%x: memref<100xf32>, %y: memref<33xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %n = arith.constant 33 : index
  scf.for %i = %c0 to %n step %c1 {
    %at = arith.muli %i, %c3 : index
    %v = memref.load %x[%at] : memref<100xf32>
    memref.store %v, %y[%i] : memref<33xf32>
  }
  return
}

// Farther apart than vectors are long: still nothing beyond the last lane's element, number 4 here, is loaded.
// SSE-LABEL: func.func @every_fourth(
// SSE-SAME:    %[[X:.*]]: memref<400xf64>,
// SSE:         %[[FIRST:.*]] = arith.muli
// SSE:         vector.load %[[X]][%[[FIRST]]] : memref<400xf64>, vector<2xf64>
// SSE-NOT:     arith.addi %[[FIRST]], %c4
// SSE:         arith.addi %[[FIRST]], %c3
// SSE:         vector.shuffle
func.func @every_fourth(%x: memref<400xf64>, %y: memref<100xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %n = arith.constant 100 : index
  scf.for %i = %c0 to %n step %c1 {
    %at = arith.muli %i, %c4 : index
    %v = memref.load %x[%at] : memref<400xf64>
    memref.store %v, %y[%i] : memref<100xf64>
  }
  return
}

// A loop that half of a vector would hold: a shorter one.
// CHECK-LABEL: func.func @seven(
// CHECK:         vector.maskedload {{.*}} vector<8xf32>
// AVX2-LABEL: func.func @seven(
// AVX2:         vector.maskedload {{.*}} vector<8xf32>
func.func @seven(%x: memref<7xf32>, %y: memref<7xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 7 : index
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %x[%i] : memref<7xf32>
    memref.store %v, %y[%i] : memref<7xf32>
  }
  return
}

// A row of 100 elements between two that repeat its ends: the middle reads neighbours.
// CHECK-LABEL: func.func @repeated_ends(
// CHECK-SAME:    %[[X:.*]]: memref<100xf32>
// CHECK:       scf.for %{{.*}} = %c0{{.*}} to %c1
// CHECK:         memref.load
// CHECK:       scf.for %[[I:.*]] = %c1{{.*}} to
// CHECK:         %[[AT:.*]] = arith.subi %[[I]], %c1
// CHECK-NEXT:    vector.load %[[X]][%[[AT]]]
// CHECK:         vector.maskedload
// CHECK:       scf.for %{{.*}} = %c101{{.*}} to %c102
// CHECK:         memref.load
func.func @repeated_ends(%x: memref<100xf32>, %y: memref<102xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %last = arith.constant 99 : index
  %n = arith.constant 102 : index
  scf.for %i = %c0 to %n step %c1 {
    %at = arith.subi %i, %c1 : index
    %low = arith.maxsi %at, %c0 : index
    %inside = arith.minsi %low, %last : index
    %v = memref.load %x[%inside] : memref<100xf32>
    memref.store %v, %y[%i] : memref<102xf32>
  }
  return
}

// Elements that are not neighbours, and a buffer that other lanes write, keep the loop scalar.
// CHECK-LABEL: func.func @strided_and_dependent_stay(
// CHECK-NOT:   vector
// CHECK:       return
func.func @strided_and_dependent_stay(%x: memref<64x64xf32>, %y: memref<65xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 64 : index
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %x[%i, %c0] : memref<64x64xf32>
    memref.store %v, %y[%i] : memref<65xf32>
  }
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %y[%i] : memref<65xf32>
    %next = arith.addi %i, %c1 : index
    memref.store %v, %y[%next] : memref<65xf32>
  }
  return
}
