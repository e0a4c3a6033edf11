// acos.mlir - Arc cosine; NaN outside [-1, 1]. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 3.58e-07: 3 units in the last place of f32

// x = [-2, -1, -0.5, 0, 0.1, 0.5, 0.9, 1, nan]
// y = [nan, 3.1415927, 2.0943952, 1.5707964, 1.4706289, 1.0471976, 0.45102686, 0, nan]
func.func @f32(%x: tensor<9xf32>) -> tensor<9xf32> {
  %y = cameo.acos %x : (tensor<9xf32>) -> tensor<9xf32>
  return %y : tensor<9xf32>
}

// rtol = 6.66e-16: 3 units in the last place of f64
// x = [-2, -1, -0.5, 0, 0.1, 0.5, 0.9, 1, nan]
// y = [nan, 3.141592653589793, 2.0943951023931957, 1.5707963267948966, 1.4706289056333368, 1.0471975511965979,
//     0.45102681179626236, 0, nan]
func.func @f64(%x: tensor<9xf64>) -> tensor<9xf64> {
  %y = cameo.acos %x : (tensor<9xf64>) -> tensor<9xf64>
  return %y : tensor<9xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-2, -1, -0.5, 0, 0.1, 0.5, 0.9, 1, nan]
// y = [nan, 3.14, 2.094, 1.57, 1.471, 1.047, 0.4512, 0, nan]
func.func @f16(%x: tensor<9xf16>) -> tensor<9xf16> {
  %y = cameo.acos %x : (tensor<9xf16>) -> tensor<9xf16>
  return %y : tensor<9xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-2, -1, -0.5, 0, 0.10009765625, 0.5, 0.8984375, 1, nan]
// y = [nan, 3.140625, 2.09375, 1.5703125, 1.46875, 1.046875, 0.455078125, 0, nan]
func.func @bf16(%x: tensor<9xbf16>) -> tensor<9xbf16> {
  %y = cameo.acos %x : (tensor<9xbf16>) -> tensor<9xbf16>
  return %y : tensor<9xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.acos %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
