// cosh.mlir - Hyperbolic cosine. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 4.77e-07: 4 units in the last place of f32

// x = [-8, -1, -0.1, 0, 0.5, 1, 8, inf, nan]
// y = [1490.4791, 1.5430807, 1.0050042, 1, 1.127626, 1.5430807, 1490.4791, inf, nan]
func.func @f32(%x: tensor<9xf32>) -> tensor<9xf32> {
  %y = cameo.cosh %x : (tensor<9xf32>) -> tensor<9xf32>
  return %y : tensor<9xf32>
}

// rtol = 8.88e-16: 4 units in the last place of f64
// x = [-8, -1, -0.1, 0, 0.5, 1, 8, inf, nan]
// y = [1490.479161252178, 1.5430806348152437, 1.0050041680558035, 1, 1.1276259652063807, 1.5430806348152437, 1490.479161252178,
//     inf, nan]
func.func @f64(%x: tensor<9xf64>) -> tensor<9xf64> {
  %y = cameo.cosh %x : (tensor<9xf64>) -> tensor<9xf64>
  return %y : tensor<9xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -1, -0.1, 0, 0.5, 1, 8, nan]
// y = [1490, 1.543, 1.005, 1, 1.128, 1.543, 1490, nan]
func.func @f16(%x: tensor<8xf16>) -> tensor<8xf16> {
  %y = cameo.cosh %x : (tensor<8xf16>) -> tensor<8xf16>
  return %y : tensor<8xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -1, -0.10009765625, 0, 0.5, 1, 8, nan]
// y = [1488, 1.546875, 1.0078125, 1, 1.125, 1.546875, 1488, nan]
func.func @bf16(%x: tensor<8xbf16>) -> tensor<8xbf16> {
  %y = cameo.cosh %x : (tensor<8xbf16>) -> tensor<8xbf16>
  return %y : tensor<8xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.cosh %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
