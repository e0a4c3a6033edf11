// swish.mlir - x sigmoid(x / 2). Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 4.77e-07: 4 units in the last place of f32

// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 3, 8, nan]
// y = [-0.14388968, -0.54727656, -0.37754068, -0.21891175, 0, 0.28108826, 0.62245935, 2.4527235, 7.85611, nan]
func.func @f32(%x: tensor<10xf32>) -> tensor<10xf32> {
  %y = cameo.swish %x {alpha = 0.5 : f32} : (tensor<10xf32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}

// rtol = 8.88e-16: 4 units in the last place of f64
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 3, 8, nan]
// y = [-0.14388967969673247, -0.547276571419069, -0.37754066879814546, -0.21891174955710094, 0, 0.28108825044289903,
//     0.6224593312018546, 2.452723428580931, 7.856110320303268, nan]
func.func @f64(%x: tensor<10xf64>) -> tensor<10xf64> {
  %y = cameo.swish %x {alpha = 0.5 : f32} : (tensor<10xf64>) -> tensor<10xf64>
  return %y : tensor<10xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 3, 8, nan]
// y = [-0.1439, -0.5474, -0.3774, -0.2189, 0, 0.281, 0.6226, 2.453, 7.855, nan]
func.func @f16(%x: tensor<10xf16>) -> tensor<10xf16> {
  %y = cameo.swish %x {alpha = 0.5 : f32} : (tensor<10xf16>) -> tensor<10xf16>
  return %y : tensor<10xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 3, 8, nan]
// y = [-0.1435546875, -0.546875, -0.376953125, -0.21875, 0, 0.28125, 0.62109375, 2.453125, 7.84375, nan]
func.func @bf16(%x: tensor<10xbf16>) -> tensor<10xbf16> {
  %y = cameo.swish %x {alpha = 0.5 : f32} : (tensor<10xbf16>) -> tensor<10xbf16>
  return %y : tensor<10xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.swish %x {alpha = 0.5 : f32} : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
