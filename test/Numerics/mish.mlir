// mish.mlir - x tanh(log(1 + e^x)). Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 7.15e-07: 6 units in the last place of f32

// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 3, 8, nan]
// y = [-0.002683251, -0.14564747, -0.30340147, -0.22074378, 0, 0.3752452, 0.8650984, 2.986535, 7.999998, nan]
func.func @f32(%x: tensor<10xf32>) -> tensor<10xf32> {
  %y = cameo.mish %x : (tensor<10xf32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}

// rtol = 1.33e-15: 6 units in the last place of f64
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 3, 8, nan]
// y = [-0.0026832508825465375, -0.14564746127562458, -0.3034014613741089, -0.22074377465173, 0, 0.37524521130489513,
//     0.8650983882673103, 2.9865350049679575, 7.999998200644843, nan]
func.func @f64(%x: tensor<10xf64>) -> tensor<10xf64> {
  %y = cameo.mish %x : (tensor<10xf64>) -> tensor<10xf64>
  return %y : tensor<10xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 3, 8, nan]
// y = [-0.002684, -0.1456, -0.3035, -0.2207, 0, 0.3752, 0.865, 2.986, 8, nan]
func.func @f16(%x: tensor<10xf16>) -> tensor<10xf16> {
  %y = cameo.mish %x : (tensor<10xf16>) -> tensor<10xf16>
  return %y : tensor<10xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 3, 8, nan]
// y = [-0.002685546875, -0.1455078125, -0.302734375, -0.220703125, 0, 0.375, 0.86328125, 2.984375, 8, nan]
func.func @bf16(%x: tensor<10xbf16>) -> tensor<10xbf16> {
  %y = cameo.mish %x : (tensor<10xbf16>) -> tensor<10xbf16>
  return %y : tensor<10xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.mish %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
