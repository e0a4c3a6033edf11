// atan.mlir - Arc tangent. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 3.58e-07: 3 units in the last place of f32

// x = [-inf, -8, -1, -0.5, 0, 0.1, 1, 8, inf, nan]
// y = [-1.5707964, -1.4464413, -0.7853982, -0.4636476, 0, 0.09966865, 0.7853982, 1.4464413, 1.5707964, nan]
func.func @f32(%x: tensor<10xf32>) -> tensor<10xf32> {
  %y = cameo.atan %x : (tensor<10xf32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}

// rtol = 6.66e-16: 3 units in the last place of f64
// x = [-inf, -8, -1, -0.5, 0, 0.1, 1, 8, inf, nan]
// y = [-1.5707963267948966, -1.446441332248135, -0.7853981633974483, -0.4636476090008061, 0, 0.09966865249116204,
//     0.7853981633974483, 1.446441332248135, 1.5707963267948966, nan]
func.func @f64(%x: tensor<10xf64>) -> tensor<10xf64> {
  %y = cameo.atan %x : (tensor<10xf64>) -> tensor<10xf64>
  return %y : tensor<10xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -1, -0.5, 0, 0.1, 1, 8, nan]
// y = [-1.446, -0.785, -0.4636, 0, 0.0997, 0.785, 1.446, nan]
func.func @f16(%x: tensor<8xf16>) -> tensor<8xf16> {
  %y = cameo.atan %x : (tensor<8xf16>) -> tensor<8xf16>
  return %y : tensor<8xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -1, -0.5, 0, 0.10009765625, 1, 8, nan]
// y = [-1.4453125, -0.78515625, -0.462890625, 0, 0.099609375, 0.78515625, 1.4453125, nan]
func.func @bf16(%x: tensor<8xbf16>) -> tensor<8xbf16> {
  %y = cameo.atan %x : (tensor<8xbf16>) -> tensor<8xbf16>
  return %y : tensor<8xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.atan %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
