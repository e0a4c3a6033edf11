// is_inf.mlir - Whether x is infinite, of either sign or of one. Exact.

// x = [1, inf, nan, -inf, -0.0]
// y = [false, true, false, true, false]
func.func @both(%x: tensor<5xf32>) -> tensor<5xi1> {
  %y = cameo.is_inf %x {negative, positive} : (tensor<5xf32>) -> tensor<5xi1>
  return %y : tensor<5xi1>
}

// x = [1, inf, nan, -inf, -0.0]
// y = [false, true, false, false, false]
func.func @positive(%x: tensor<5xf32>) -> tensor<5xi1> {
  %y = cameo.is_inf %x {positive} : (tensor<5xf32>) -> tensor<5xi1>
  return %y : tensor<5xi1>
}

// x = [1, inf, nan, -inf, -0.0]
// y = [false, false, false, true, false]
func.func @negative(%x: tensor<5xf32>) -> tensor<5xi1> {
  %y = cameo.is_inf %x {negative} : (tensor<5xf32>) -> tensor<5xi1>
  return %y : tensor<5xi1>
}
