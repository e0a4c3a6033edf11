// log.mlir - Natural logarithm; -inf of 0, NaN of negatives. Expected values: NumPy in f64 (f64 cases: long double), rounded to
// the type.
// rtol = 2.38e-07: 2 units in the last place of f32

// x = [-1, 0, 1e-30, 0.5, 1, 1.5, 2, 8, 1e+30, inf, nan]
// y = [nan, -inf, -69.07755, -0.6931472, 0, 0.4054651, 0.6931472, 2.0794415, 69.07755, inf, nan]
func.func @f32(%x: tensor<11xf32>) -> tensor<11xf32> {
  %y = cameo.log %x : (tensor<11xf32>) -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// rtol = 4.44e-16: 2 units in the last place of f64
// x = [-1, 0, 1e-30, 0.5, 1, 1.5, 2, 8, inf, nan]
// y = [nan, -inf, -69.07755278982137, -0.6931471805599453, 0, 0.4054651081081644, 0.6931471805599453, 2.0794415416798357, inf,
//     nan]
func.func @f64(%x: tensor<10xf64>) -> tensor<10xf64> {
  %y = cameo.log %x : (tensor<10xf64>) -> tensor<10xf64>
  return %y : tensor<10xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-1, 0, 0, 0.5, 1, 1.5, 2, 8, nan]
// y = [nan, -inf, -inf, -0.6934, 0, 0.4055, 0.6934, 2.08, nan]
func.func @f16(%x: tensor<9xf16>) -> tensor<9xf16> {
  %y = cameo.log %x : (tensor<9xf16>) -> tensor<9xf16>
  return %y : tensor<9xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-1, 0, 9.98402083170343e-31, 0.5, 1, 1.5, 2, 8, nan]
// y = [nan, -inf, -69, -0.69140625, 0, 0.40625, 0.69140625, 2.078125, nan]
func.func @bf16(%x: tensor<9xbf16>) -> tensor<9xbf16> {
  %y = cameo.log %x : (tensor<9xbf16>) -> tensor<9xbf16>
  return %y : tensor<9xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.log %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
