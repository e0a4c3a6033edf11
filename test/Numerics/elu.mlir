// elu.mlir - x or (e^x - 1) / 2. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 3.58e-07: 3 units in the last place of f32

// x = [-inf, -8, -3, -1, -0.001, 0, 0.5, 3, inf, nan]
// y = [-0.5, -0.49983227, -0.47510648, -0.31606027, -0.0004997501, 0, 0.5, 3, inf, nan]
func.func @f32(%x: tensor<10xf32>) -> tensor<10xf32> {
  %y = cameo.elu %x {alpha = 0.5 : f32} : (tensor<10xf32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}

// rtol = 6.66e-16: 3 units in the last place of f64
// x = [-inf, -8, -3, -1, -0.001, 0, 0.5, 3, inf, nan]
// y = [-0.5, -0.49983226868604874, -0.475106465816068, -0.31606027941427883, -0.0004997500833125042, 0, 0.5, 3, inf, nan]
func.func @f64(%x: tensor<10xf64>) -> tensor<10xf64> {
  %y = cameo.elu %x {alpha = 0.5 : f32} : (tensor<10xf64>) -> tensor<10xf64>
  return %y : tensor<10xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -3, -1, -0.001, 0, 0.5, 3, nan]
// y = [-0.4998, -0.475, -0.3162, -0.0004997, 0, 0.5, 3, nan]
func.func @f16(%x: tensor<8xf16>) -> tensor<8xf16> {
  %y = cameo.elu %x {alpha = 0.5 : f32} : (tensor<8xf16>) -> tensor<8xf16>
  return %y : tensor<8xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -3, -1, -0.00099945068359375, 0, 0.5, 3, nan]
// y = [-0.5, -0.474609375, -0.31640625, -0.000499725341796875, 0, 0.5, 3, nan]
func.func @bf16(%x: tensor<8xbf16>) -> tensor<8xbf16> {
  %y = cameo.elu %x {alpha = 0.5 : f32} : (tensor<8xbf16>) -> tensor<8xbf16>
  return %y : tensor<8xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.elu %x {alpha = 0.5 : f32} : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
