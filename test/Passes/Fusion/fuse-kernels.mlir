// RUN: cameo-opt %s --cameo-fuse-kernels | FileCheck %s

// Bias and activation are applied before the contraction stores: neither intermediate lies in memory.
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

// A consumer of another shape would need the result at other indices than it is stored at.
// CHECK-LABEL: func.func @broadcast_consumer_stays
// CHECK:       cameo.matmul
// CHECK-NEXT:  cameo.add
// CHECK-NEXT:  return
func.func @broadcast_consumer_stays(%x: tensor<1x8xf32>, %w: tensor<8x4xf32>, %z: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %y = cameo.matmul %x, %w : (tensor<1x8xf32>, tensor<8x4xf32>) -> tensor<1x4xf32>
  %s = cameo.add %y, %z : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %s : tensor<3x4xf32>
}
