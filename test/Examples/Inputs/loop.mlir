// x doubled n times.
func.func @example(%n: tensor<i64>, %x: tensor<2xf32>) -> tensor<2xf32> {
  %y = cameo.loop times %n carry(%x) {
  ^bb0(%i: tensor<i64>, %condition: tensor<i1>, %v: tensor<2xf32>):
    %w = cameo.add %v, %v : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    cameo.yield %condition, %w : tensor<i1>, tensor<2xf32>
  } : (tensor<i64>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
