// RUN: cameo-opt %s --split-input-file --cameo-fuse-kernels | FileCheck %s
// RUN: cameo-opt %s --split-input-file --cameo-fuse-kernels --remarks-filter=cameo-fuse-kernels -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Bias and activation are applied before the contraction stores: neither intermediate lies in memory.
// REMARK:      remark: [Passed] kernels of several ops {{.*}} bytes_saved=128
// CHECK-LABEL: func.func @behind_an_anchor
// CHECK-SAME:    %[[X:.*]]: tensor<2x8xf32>, %[[W:.*]]: tensor<8x4xf32>, %[[B:.*]]: tensor<4xf32>
// CHECK-NEXT:  %[[Y:.*]] = cameo.kernel(%[[X]], %[[W]], %[[B]]) {
// CHECK:         %[[P:.*]] = cameo.matmul
// CHECK-NEXT:    %[[S:.*]] = cameo.add %[[P]]
// CHECK-NEXT:    %[[R:.*]] = cameo.relu %[[S]]
// CHECK-NEXT:    cameo.yield %[[R]]
// CHECK:       return %[[Y]]
func.func @behind_an_anchor(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %y = cameo.matmul %x, %w : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %s = cameo.add %y, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %r = cameo.relu %s : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}

// -----

// A consumer of another shape would need the result at other indices than it is stored at.
// REMARK:      remark: [Missed] {{.*}}is not applied before the matmul before it stores: its result has another shape than that of the op before it
// CHECK-LABEL: func.func @broadcast_consumer_stays
// CHECK-NOT:   cameo.kernel
// CHECK:       return
func.func @broadcast_consumer_stays(%x: tensor<1x8xf32>, %w: tensor<8x4xf32>, %z: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %y = cameo.matmul %x, %w : (tensor<1x8xf32>, tensor<8x4xf32>) -> tensor<1x4xf32>
  %s = cameo.add %y, %z : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %s : tensor<3x4xf32>
}

// -----

// A residual sum is computed behind the later of two products, and stored too, because the next block adds it again.
// CHECK-LABEL: func.func @residual
// CHECK:       %[[S:.*]]:2 = cameo.kernel
// CHECK:         cameo.matmul
// CHECK-NEXT:    %[[A:.*]] = cameo.add
// CHECK-NEXT:    %[[R:.*]] = cameo.relu %[[A]]
// CHECK-NEXT:    cameo.yield %[[A]], %[[R]]
// CHECK:       cameo.kernel
// CHECK:         cameo.matmul
// CHECK-NEXT:    cameo.add
// CHECK-NOT:   cameo.kernel
func.func @residual(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>, %v: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %p = cameo.matmul %x, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %a = cameo.add %p, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %r = cameo.relu %a : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %q = cameo.matmul %r, %v : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %b = cameo.add %q, %a : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %b : tensor<4x4xf32>
}

// -----

// A reduction reads each element once: what computes them is evaluated there. What follows it has its result's shape.
// CHECK-LABEL: func.func @around_a_reduction
// CHECK:       cameo.kernel(%{{[a-z0-9]+}}) {
// CHECK:         cameo.mul
// CHECK-NEXT:    cameo.reduce
// CHECK-NEXT:    cameo.sqrt
// CHECK-NOT:   cameo.kernel
func.func @around_a_reduction(%x: tensor<8x64xf32>) -> tensor<8xf32> {
  %s = cameo.mul %x, %x : (tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<8x64xf32>
  %m = cameo.reduce %s {axes = array<i64: 1>, kind = "mean"} : (tensor<8x64xf32>) -> tensor<8xf32>
  %r = cameo.sqrt %m : (tensor<8xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// A matrix product reads its operands many times: their producers stay apart.
// REMARK:      remark: [Missed] {{.*}}the matmul that reads it needs its elements several times
// CHECK-LABEL: func.func @before_a_product_stays
// CHECK:       cameo.exp
// CHECK-NEXT:  cameo.matmul
// CHECK-NEXT:  return
func.func @before_a_product_stays(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>) -> tensor<2x4xf32> {
  %e = cameo.exp %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %y = cameo.matmul %e, %w : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

// Movement becomes part of the address: a slice is read where it is needed.
// CHECK-LABEL: func.func @slice_is_an_address
// CHECK:       cameo.kernel
// CHECK:         cameo.transpose
// CHECK:         cameo.relu
// CHECK-NOT:   cameo.kernel
func.func @slice_is_an_address(%x: tensor<4x8x16xf32>) -> tensor<8x4x16xf32> {
  %t = cameo.transpose %x {permutation = array<i64: 1, 0, 2>} : (tensor<4x8x16xf32>) -> tensor<8x4x16xf32>
  %r = cameo.relu %t : (tensor<8x4x16xf32>) -> tensor<8x4x16xf32>
  return %r : tensor<8x4x16xf32>
}

// -----

// Functions are not computed once per row that they are broadcast to; sums are when there are few rows.
// REMARK:      remark: [Missed] {{.*}}computing it again for each element of its reader costs more than reading it
// CHECK-LABEL: func.func @recomputation_is_weighed
// CHECK:       %[[E:.*]] = cameo.exp
// CHECK:       cameo.kernel
// CHECK:         cameo.neg
// CHECK-NEXT:    cameo.add
// CHECK-NOT:   cameo.kernel
func.func @recomputation_is_weighed(%x: tensor<4096xf32>, %n: tensor<64xf32>, %y: tensor<512x4096xf32>, %z: tensor<2x64xf32>)
    -> (tensor<512x4096xf32>, tensor<2x64xf32>) {
  %e = cameo.exp %x : (tensor<4096xf32>) -> tensor<4096xf32>
  %a = cameo.add %e, %y : (tensor<4096xf32>, tensor<512x4096xf32>) -> tensor<512x4096xf32>
  %m = cameo.neg %n : (tensor<64xf32>) -> tensor<64xf32>
  %b = cameo.add %m, %z : (tensor<64xf32>, tensor<2x64xf32>) -> tensor<2x64xf32>
  return %a, %b : tensor<512x4096xf32>, tensor<2x64xf32>
}

// -----

// A kernel cannot both feed and need another one: the sum stays apart from the exponential, which the product separates.
// CHECK-LABEL: func.func @no_cycles
// CHECK:       cameo.exp
// CHECK:       cameo.kernel
// CHECK:         cameo.matmul
// CHECK-NEXT:    cameo.add
// CHECK-NOT:   cameo.kernel
func.func @no_cycles(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %e = cameo.exp %x : (tensor<64x64xf32>) -> tensor<64x64xf32>
  %p = cameo.matmul %e, %w : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %s = cameo.add %e, %p : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %s : tensor<64x64xf32>
}

// -----

// Readers of one value, and small independent ops of one shape, are one launch.
// CHECK-LABEL: func.func @side_by_side
// CHECK:       %{{.*}}:3 = cameo.kernel
// CHECK-DAG:     cameo.sigmoid
// CHECK-DAG:     cameo.tanh
// CHECK-DAG:     cameo.relu
// CHECK-NOT:   cameo.kernel
func.func @side_by_side(%x: tensor<1x128xf32>, %y: tensor<1x128xf32>) -> (tensor<1x128xf32>, tensor<1x128xf32>, tensor<1x128xf32>) {
  %n = cameo.neg %x : (tensor<1x128xf32>) -> tensor<1x128xf32>
  %s = cameo.sigmoid %n : (tensor<1x128xf32>) -> tensor<1x128xf32>
  %t = cameo.tanh %n : (tensor<1x128xf32>) -> tensor<1x128xf32>
  %r = cameo.relu %y : (tensor<1x128xf32>) -> tensor<1x128xf32>
  return %s, %t, %r : tensor<1x128xf32>, tensor<1x128xf32>, tensor<1x128xf32>
}

// What the matmul's last ops need is evaluated on vectors: a pad, which is computed element by element, stays outside even
// when it reaches them through an op that is itself stored.
// CHECK-LABEL: func.func @pad_beside_a_contraction
// CHECK:       %[[P:.*]] = cameo.pad
// CHECK-NEXT:  cameo.kernel(%[[P]],
// CHECK-NOT:     cameo.pad
// CHECK:         cameo.matmul
func.func @pad_beside_a_contraction(%a: tensor<4x8xf32>, %b: tensor<8x6xf32>, %m: tensor<4x4xf32>, %n: tensor<1x6xf32>)
    -> (tensor<4x6xf32>, tensor<4x6xf32>) {
  %pads = cameo.constant dense<[0, 0, 0, 2]> : tensor<4xi64>
  %zero = cameo.constant dense<0.0> : tensor<f32>
  %p = cameo.pad %m, %pads, %zero {mode = "constant"} : (tensor<4x4xf32>, tensor<4xi64>, tensor<f32>) -> tensor<4x6xf32>
  %s = cameo.add %p, %n : (tensor<4x6xf32>, tensor<1x6xf32>) -> tensor<4x6xf32>
  %c = cameo.matmul %a, %b : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %y = cameo.add %c, %s : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  return %s, %y : tensor<4x6xf32>, tensor<4x6xf32>
}

// -----

// What widens waits for its reader, also for one that reads it twice; both are applied before the matmul stores.
// CHECK-LABEL: func.func @square_of_widened
// CHECK:       cameo.kernel
// CHECK:         cameo.matmul
// CHECK-NEXT:    %[[C:.*]] = cameo.cast
// CHECK-NEXT:    %[[S:.*]] = cameo.mul %[[C]], %[[C]]
// CHECK-NEXT:    cameo.yield %[[S]]
// CHECK-NOT:   cameo.kernel
func.func @square_of_widened(%x: tensor<2x8xf16>, %w: tensor<8x4xf16>) -> tensor<2x4xf32> {
  %y = cameo.matmul %x, %w : (tensor<2x8xf16>, tensor<8x4xf16>) -> tensor<2x4xf16>
  %c = cameo.cast %y {to = f32} : (tensor<2x4xf16>) -> tensor<2x4xf32>
  %s = cameo.mul %c, %c : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %s : tensor<2x4xf32>
}

// -----

// Sizes lie in memory, where the host function reads them: what computes them is no part of the kernel they are for.
// CHECK-LABEL: func.func @sizes_stay
// CHECK:       %[[E:.*]] = cameo.add
// CHECK:       cameo.kernel
// CHECK:         %[[S:.*]] = cameo.slice %{{.*}}, %{{.*}}, %[[N:[a-z0-9]+]],
// CHECK-NEXT:    cameo.less
// CHECK-NOT:   cameo.kernel
func.func @sizes_stay(%x: tensor<16x4xf32>, %n: tensor<1xi64>, %m: tensor<1xi64>) -> tensor<16x4xi1> {
  %zero = cameo.constant dense<0> : tensor<1xi64>
  %one = cameo.constant dense<1> : tensor<1xi64>
  %e = cameo.add %n, %m : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %s = cameo.slice %x, %zero, %e, %one {axes = array<i64: 1>} : (tensor<16x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<16x?xf32>
  %l = cameo.less %x, %s : (tensor<16x4xf32>, tensor<16x?xf32>) -> tensor<16x4xi1>
  return %l : tensor<16x4xi1>
}

// -----

// A branch that nothing reads goes, with the kernels that it would have had.
// CHECK-LABEL: func.func @dead_branch
// CHECK-NEXT:  %[[Y:.*]] = cameo.relu
// CHECK-NEXT:  return %[[Y]]
func.func @dead_branch(%x: tensor<4xf32>, %c: tensor<i1>) -> tensor<4xf32> {
  %unused = cameo.if %c {
    %a = cameo.neg %x : (tensor<4xf32>) -> tensor<4xf32>
    %b = cameo.exp %a : (tensor<4xf32>) -> tensor<4xf32>
    cameo.yield %b : tensor<4xf32>
  } else {
    cameo.yield %x : tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  %y = cameo.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
