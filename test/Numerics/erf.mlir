// erf.mlir - Error function. Expected values: math.erf in f64, rounded to the type.
// rtol = 4.77e-07: 4 units in the last place of f32
// atol = 1e-7: where a sum with -1 cancels

// x = [-4, -2, -1, -0.5, 0, 0.25, 0.5, 1, 2, 4]
// y = [-1, -0.9953223, -0.8427008, -0.5204999, 0, 0.2763264, 0.5204999, 0.8427008, 0.9953223, 1]
func.func @f32(%x: tensor<10xf32>) -> tensor<10xf32> {
  %y = cameo.erf %x : (tensor<10xf32>) -> tensor<10xf32>
  return %y : tensor<10xf32>
}

// rtol = 0.000977: computed in f32 and rounded once; a unit in the last place of f16
// x = [-4, -2, -1, -0.5, 0, 0.25, 0.5, 1, 2, 4]
// y = [-1, -0.995, -0.843, -0.5205, 0, 0.2764, 0.5205, 0.843, 0.995, 1]
func.func @f16(%x: tensor<10xf16>) -> tensor<10xf16> {
  %y = cameo.erf %x : (tensor<10xf16>) -> tensor<10xf16>
  return %y : tensor<10xf16>
}

// rtol = 0.00781: computed in f32 and rounded once; a unit in the last place of bf16
// x = [-4, -2, -1, -0.5, 0, 0.25, 0.5, 1, 2, 4]
// y = [-1, -0.99609375, -0.84375, -0.51953125, 0, 0.275390625, 0.51953125, 0.84375, 0.99609375, 1]
func.func @bf16(%x: tensor<10xbf16>) -> tensor<10xbf16> {
  %y = cameo.erf %x : (tensor<10xbf16>) -> tensor<10xbf16>
  return %y : tensor<10xbf16>
}

// A size that only the run knows, and no multiple of a vector's.
// x = spread(67)
// y = naive
func.func @vectors_and_tail(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = cameo.erf %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
