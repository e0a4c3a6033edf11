// is_nan.mlir - Whether x is NaN. Exact.

// x = [1, inf, nan, -inf, -0.0]
// y = [false, false, true, false, false]
func.func @f32(%x: tensor<5xf32>) -> tensor<5xi1> {
  %y = cameo.is_nan %x : (tensor<5xf32>) -> tensor<5xi1>
  return %y : tensor<5xi1>
}

// x = [1, inf, nan, -inf, -0.0]
// y = [false, false, true, false, false]
func.func @f64(%x: tensor<5xf64>) -> tensor<5xi1> {
  %y = cameo.is_nan %x : (tensor<5xf64>) -> tensor<5xi1>
  return %y : tensor<5xi1>
}

// x = [1, inf, nan, -inf, -0.0]
// y = [false, false, true, false, false]
func.func @f16(%x: tensor<5xf16>) -> tensor<5xi1> {
  %y = cameo.is_nan %x : (tensor<5xf16>) -> tensor<5xi1>
  return %y : tensor<5xi1>
}

// x = [1, inf, nan, -inf, -0.0]
// y = [false, false, true, false, false]
func.func @bf16(%x: tensor<5xbf16>) -> tensor<5xi1> {
  %y = cameo.is_nan %x : (tensor<5xbf16>) -> tensor<5xi1>
  return %y : tensor<5xi1>
}
