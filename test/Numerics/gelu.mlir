// gelu.mlir - x times the normal distribution below x. Expected values: math.erf in f64, rounded to the type.
// rtol = 7.15e-07: 6 units in the last place of f32
// atol = 1e-7: where a sum with -1 cancels

// x = [-4, -2, -1, -0.5, 0, 0.25, 0.5, 1, 2, 4]
// y = [-0.00012668497, -0.045500264, -0.15865526, -0.15426877, 0, 0.14967658, 0.34573123, 0.8413448, 1.9544997, 3.9998734]
func.func @f32(%x: tensor<10xf32>) -> tensor<10xf32> {
  %y = cameo.gelu %x : (tensor<10xf32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-4, -2, -1, -0.5, 0, 0.25, 0.5, 1, 2, 4]
// y = [-0.0001267, -0.0455, -0.1587, -0.1543, 0, 0.1497, 0.3457, 0.8413, 1.954, 4]
func.func @f16(%x: tensor<10xf16>) -> tensor<10xf16> {
  %y = cameo.gelu %x : (tensor<10xf16>) -> tensor<10xf16>
  return %y : tensor<10xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-4, -2, -1, -0.5, 0, 0.25, 0.5, 1, 2, 4]
// y = [-0.00012683868408203125, -0.04541015625, -0.158203125, -0.154296875, 0, 0.1494140625, 0.345703125, 0.83984375, 1.953125,
//     4]
func.func @bf16(%x: tensor<10xbf16>) -> tensor<10xbf16> {
  %y = cameo.gelu %x : (tensor<10xbf16>) -> tensor<10xbf16>
  return %y : tensor<10xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.gelu %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
