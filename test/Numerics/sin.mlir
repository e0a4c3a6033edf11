// sin.mlir - Sine. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 2.38e-07: 2 units in the last place of f32

// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, 100, inf, nan]
// y = [-0.98935825, -0.14112, -0.84147096, -0.47942555, 0, 0.47942555, 0.84147096, 0.997495, 0.14112, 0.98935825, -0.50636566,
//     nan, nan]
func.func @f32(%x: tensor<13xf32>) -> tensor<13xf32> {
  %y = cameo.sin %x : (tensor<13xf32>) -> tensor<13xf32>
  return %y : tensor<13xf32>
}

// rtol = 4.44e-16: 2 units in the last place of f64
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, inf, nan]
// y = [-0.9893582466233818, -0.1411200080598672, -0.8414709848078965, -0.479425538604203, 0, 0.479425538604203,
//     0.8414709848078965, 0.9974949866040544, 0.1411200080598672, 0.9893582466233818, nan, nan]
func.func @f64(%x: tensor<12xf64>) -> tensor<12xf64> {
  %y = cameo.sin %x : (tensor<12xf64>) -> tensor<12xf64>
  return %y : tensor<12xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, nan]
// y = [-0.9893, -0.1411, -0.8413, -0.4795, 0, 0.4795, 0.8413, 0.9976, 0.1411, 0.9893, nan]
func.func @f16(%x: tensor<11xf16>) -> tensor<11xf16> {
  %y = cameo.sin %x : (tensor<11xf16>) -> tensor<11xf16>
  return %y : tensor<11xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-8, -3, -1, -0.5, 0, 0.5, 1, 1.5, 3, 8, nan]
// y = [-0.98828125, -0.1416015625, -0.83984375, -0.478515625, 0, 0.478515625, 0.83984375, 0.99609375, 0.1416015625, 0.98828125,
//     nan]
func.func @bf16(%x: tensor<11xbf16>) -> tensor<11xbf16> {
  %y = cameo.sin %x : (tensor<11xbf16>) -> tensor<11xbf16>
  return %y : tensor<11xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.sin %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
