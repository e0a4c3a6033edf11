func.func @example(%condition: tensor<i1>, %x: tensor<2xf32>) -> tensor<2xf32> {
  %y = cameo.if %condition {
    %r = cameo.relu %x : (tensor<2xf32>) -> tensor<2xf32>
    cameo.yield %r : tensor<2xf32>
  } else {
    cameo.yield %x : tensor<2xf32>
  } : (tensor<i1>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
