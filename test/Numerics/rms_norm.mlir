// rms_norm.mlir - Rows divided by the root of their mean square. Expected values: NumPy in f64, rounded to the type.
// rtol = 3e-6: sums of n <= 8 terms, a square root and a division, each within 2^-23; differences from the mean cancel by at
//     most a factor of 8

// x = [[-2.5, 2.125, 1.625, 1.125, 0.625, 0.125, -0.375, -0.875], [-1.375, -1.875, -2.375, 2.25, 1.75, 1.25, 0.75, 0.25]]
// s = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25]
// y = [[-0.88431317, 1.1274993, 1.1496071, 0.9948523, 0.6632349, 0.1547548, -0.5305879, -1.3927932], [-0.42074853, -0.860622,
//     -1.4534949, 1.721244, 1.6064944, 1.3387454, 0.9179968, 0.3442488]]
func.func @rows(%x: tensor<2x8xf32>, %s: tensor<8xf32>) -> tensor<2x8xf32> {
  %y = cameo.rms_norm %x, %s {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// rtol = 1e-5: 67 terms
// x = spread(3x67)
// s = spread(67)
// y = naive
func.func @long_rows(%x: tensor<?x?xf32>, %s: tensor<67xf32>) -> tensor<?x?xf32> {
  %y = cameo.rms_norm %x, %s {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<?x?xf32>, tensor<67xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
