// sigmoid.mlir - 1 / (1 + e^-x), limits included. Expected values: NumPy in f64 (f64 cases: long double), rounded to the type.
// rtol = 4.77e-07: 4 units in the last place of f32

// x = [-inf, -20, -3, -1, 0, 0.5, 1, 3, 20, inf, nan]
// y = [0, 2.0611537e-09, 0.047425874, 0.26894143, 0.5, 0.62245935, 0.7310586, 0.95257413, 1, 1, nan]
func.func @f32(%x: tensor<11xf32>) -> tensor<11xf32> {
  %y = cameo.sigmoid %x : (tensor<11xf32>) -> tensor<11xf32>
  return %y : tensor<11xf32>
}

// rtol = 8.88e-16: 4 units in the last place of f64
// x = [-inf, -20, -3, -1, 0, 0.5, 1, 3, 20, inf, nan]
// y = [0, 2.0611536181902037e-09, 0.04742587317756678, 0.2689414213699951, 0.5, 0.6224593312018546, 0.7310585786300049,
//     0.9525741268224333, 0.9999999979388464, 1, nan]
func.func @f64(%x: tensor<11xf64>) -> tensor<11xf64> {
  %y = cameo.sigmoid %x : (tensor<11xf64>) -> tensor<11xf64>
  return %y : tensor<11xf64>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-3, -1, 0, 0.5, 1, 3, nan]
// y = [0.04742, 0.269, 0.5, 0.6226, 0.731, 0.9526, nan]
func.func @f16(%x: tensor<7xf16>) -> tensor<7xf16> {
  %y = cameo.sigmoid %x : (tensor<7xf16>) -> tensor<7xf16>
  return %y : tensor<7xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-3, -1, 0, 0.5, 1, 3, nan]
// y = [0.04736328125, 0.26953125, 0.5, 0.62109375, 0.73046875, 0.953125, nan]
func.func @bf16(%x: tensor<7xbf16>) -> tensor<7xbf16> {
  %y = cameo.sigmoid %x : (tensor<7xbf16>) -> tensor<7xbf16>
  return %y : tensor<7xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.sigmoid %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
