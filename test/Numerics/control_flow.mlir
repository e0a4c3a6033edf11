// control_flow.mlir - Branches of different sizes; loops that carry, collect and end early. Exact.

// c = true
// x = [1, 2, 3]
// y = [1, 2, 3]
func.func @branch_true(%c: tensor<i1>, %x: tensor<3xf32>) -> tensor<?xf32> {
  %k = cameo.constant dense<-1.0> : tensor<1xf32>
  %y = cameo.if %c {
  cameo.yield %x : tensor<3xf32>
  } else {
  %n = cameo.mul %k, %k : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  %m = cameo.neg %n : (tensor<1xf32>) -> tensor<1xf32>
  cameo.yield %m : tensor<1xf32>
  } : (tensor<i1>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// c = false
// x = [1, 2, 3]
// y = [-1]
func.func @branch_false(%c: tensor<i1>, %x: tensor<3xf32>) -> tensor<?xf32> {
  %k = cameo.constant dense<-1.0> : tensor<1xf32>
  %y = cameo.if %c {
  cameo.yield %x : tensor<3xf32>
  } else {
  %n = cameo.mul %k, %k : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  %m = cameo.neg %n : (tensor<1xf32>) -> tensor<1xf32>
  cameo.yield %m : tensor<1xf32>
  } : (tensor<i1>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// n = 3
// x = [1, 2]
// y = [8, 16]
// z = [[2, 4], [4, 8], [8, 16]]
func.func @loop_collects(%n: tensor<i64>, %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<?x2xf32>) {
  %true = cameo.constant dense<true> : tensor<i1>
  %y, %z = cameo.loop times %n carry (%x) {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<2xf32>):
  %d = cameo.add %a, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  cameo.yield %true, %d, %d : tensor<i1>, tensor<2xf32>, tensor<2xf32>
  } : (tensor<i64>, tensor<2xf32>) -> (tensor<2xf32>, tensor<?x2xf32>)
  return %y, %z : tensor<2xf32>, tensor<?x2xf32>
}

// n = 100
// x = 1
// y = 16
func.func @loop_ends_early(%n: tensor<i64>, %x: tensor<f32>) -> tensor<f32> {
  %true = cameo.constant dense<true> : tensor<i1>
  %limit = cameo.constant dense<10.0> : tensor<f32>
  %y = cameo.loop times %n while %true carry (%x) {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<f32>):
  %d = cameo.add %a, %a : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %g = cameo.less %d, %limit : (tensor<f32>, tensor<f32>) -> tensor<i1>
  cameo.yield %g, %d : tensor<i1>, tensor<f32>
  } : (tensor<i64>, tensor<i1>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
