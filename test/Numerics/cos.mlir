// cos.mlir - Cosine. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 2.38e-07: 2 units in the last place of f32

// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, 100, inf, nan]
// y = [-0.14550003, -0.9899925, 0.5403023, 0.87758255, 1, 0.87758255, 0.5403023, 0.0707372, -0.9899925, -0.14550003, 0.8623189,
//     nan, nan]
func.func @f32(%x: tensor<13xf32>) -> tensor<13xf32> {
  %y = cameo.cos %x : (tensor<13xf32>) -> tensor<13xf32>
  return %y : tensor<13xf32>
}

// rtol = 4.44e-16: 2 units in the last place of f64
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, inf, nan]
// y = [-0.14550003380861354, -0.9899924966004454, 0.5403023058681398, 0.8775825618903728, 1, 0.8775825618903728,
//     0.5403023058681398, 0.0707372016677029, -0.9899924966004454, -0.14550003380861354, nan, nan]
func.func @f64(%x: tensor<12xf64>) -> tensor<12xf64> {
  %y = cameo.cos %x : (tensor<12xf64>) -> tensor<12xf64>
  return %y : tensor<12xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, nan]
// y = [-0.1455, -0.99, 0.5405, 0.8774, 1, 0.8774, 0.5405, 0.07074, -0.99, -0.1455, nan]
func.func @f16(%x: tensor<11xf16>) -> tensor<11xf16> {
  %y = cameo.cos %x : (tensor<11xf16>) -> tensor<11xf16>
  return %y : tensor<11xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, nan]
// y = [-0.1455078125, -0.98828125, 0.5390625, 0.87890625, 1, 0.87890625, 0.5390625, 0.07080078125, -0.98828125, -0.1455078125,
//     nan]
func.func @bf16(%x: tensor<11xbf16>) -> tensor<11xbf16> {
  %y = cameo.cos %x : (tensor<11xbf16>) -> tensor<11xbf16>
  return %y : tensor<11xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.cos %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
