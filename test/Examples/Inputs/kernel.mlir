func.func @example(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = cameo.kernel(%x) {
  ^bb0(%a: tensor<2xf32>):
    %r = cameo.relu %a : (tensor<2xf32>) -> tensor<2xf32>
    cameo.yield %r : tensor<2xf32>
  } : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
