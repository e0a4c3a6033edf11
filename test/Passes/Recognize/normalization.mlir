// RUN: cameo-opt %s --cameo-recognize --remarks-filter=cameo-recognize 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix REMARK --input-file %t.remarks

// Scale and bias behind it are its own.
// CHECK-LABEL: func.func @layer_norm
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>
// CHECK-DAG:   %[[G:.*]] = cameo.constant dense<3.000000e+00> : tensor<8xf32>
// CHECK-DAG:   %[[B:.*]] = cameo.constant dense<2.000000e+00> : tensor<8xf32>
// CHECK:       %[[Y:.*]] = cameo.layer_norm %[[X]], %[[G]], %[[B]] {axis = 1 : i64, epsilon = 9.99999974E-6 : f32}
// CHECK-NEXT:  return %[[Y]]
func.func @layer_norm(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %g = cameo.constant dense<3.0> : tensor<8xf32>
  %b = cameo.constant dense<2.0> : tensor<8xf32>
  %epsilon = cameo.constant dense<1.0e-5> : tensor<f32>
  %m = cameo.reduce %x {axes = array<i64: 1>, kind = "mean", keepDims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %c = cameo.sub %x, %m : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %q = cameo.mul %c, %c : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %v = cameo.reduce %q {axes = array<i64: 1>, kind = "mean", keepDims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %s = cameo.add %v, %epsilon : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %d = cameo.sqrt %s : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %n = cameo.div %c, %d : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %h = cameo.mul %n, %g : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  %y = cameo.add %h, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// By a power of -1/2, and the mean as a sum over a count.
// CHECK-LABEL: func.func @rms_norm
// CHECK:       cameo.rms_norm %{{.*}}, %{{.*}} {axis = 1 : i64, epsilon = 9.99999997E-7 : f32}
// CHECK-NEXT:  return
func.func @rms_norm(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %epsilon = cameo.constant dense<1.0e-6> : tensor<f32>
  %half = cameo.constant dense<-0.5> : tensor<f32>
  %count = cameo.constant dense<8.0> : tensor<f32>
  %q = cameo.mul %x, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %t = cameo.reduce %q {axes = array<i64: 1>, kind = "sum", keepDims} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %v = cameo.div %t, %count : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %s = cameo.add %epsilon, %v : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %r = cameo.pow %s, %half : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %y = cameo.mul %r, %x : (tensor<2x1xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// Groups as the instances of a view, then one scale per channel.
// CHECK-LABEL: func.func @group_norm
// CHECK-SAME:    %[[X:.*]]: tensor<1x4x6xf32>
// CHECK:       %[[Y:.*]] = cameo.group_norm %[[X]], %{{.*}}, %{{.*}} {epsilon = 9.99999974E-6 : f32, groups = 2 : i64}
// CHECK-NEXT:  return %[[Y]]
func.func @group_norm(%x: tensor<1x4x6xf32>) -> tensor<1x4x6xf32> {
  %rows = cameo.constant dense<[0, 2, -1]> : tensor<3xi64>
  %back = cameo.constant dense<[1, 4, 6]> : tensor<3xi64>
  %one = cameo.constant dense<1.0> : tensor<2xf32>
  %zero = cameo.constant dense<0.0> : tensor<2xf32>
  %g = cameo.constant dense<[[1.0], [2.0], [3.0], [4.0]]> : tensor<4x1xf32>
  %v = cameo.reshape %x, %rows : (tensor<1x4x6xf32>, tensor<3xi64>) -> tensor<1x2x12xf32>
  %n = cameo.group_norm %v, %one, %zero {groups = 0 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x2x12xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x12xf32>
  %w = cameo.reshape %n, %back : (tensor<1x2x12xf32>, tensor<3xi64>) -> tensor<1x4x6xf32>
  %y = cameo.mul %w, %g : (tensor<1x4x6xf32>, tensor<4x1xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// Statistics over the first axis are no row's, and a variance of another value is none of this one.
// CHECK-LABEL: func.func @others_stay
// CHECK-NOT:   _norm
// CHECK:       return
// REMARK-DAG: stays in pieces: its statistics are over other axes than the last ones
// REMARK-DAG: stays in pieces: it divides something else than what it took the mean square of
func.func @others_stay(%x: tensor<2x8xf32>, %z: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %epsilon = cameo.constant dense<1.0e-6> : tensor<f32>
  %q = cameo.mul %x, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %v = cameo.reduce %q {axes = array<i64: 0>, kind = "mean", keepDims} : (tensor<2x8xf32>) -> tensor<1x8xf32>
  %s = cameo.add %v, %epsilon : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
  %d = cameo.sqrt %s : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %first = cameo.div %x, %d : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  %u = cameo.reduce %q {axes = array<i64: 1>, kind = "mean", keepDims} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %t = cameo.add %u, %epsilon : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %e = cameo.sqrt %t : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %other = cameo.div %z, %e : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  return %first, %other : tensor<2x8xf32>, tensor<2x8xf32>
}
