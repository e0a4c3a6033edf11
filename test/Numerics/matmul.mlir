// matmul.mlir - Products of matrices. The values of spread() make every sum exact in f32, so results are exact; f16 and bf16 round
// the exact sum once.

// x = spread(2x3)
// y = spread(3x4)
// z = [[5.34375, -8.09375, -8.71875, -1.015625], [-2.59375, 2.234375, 1.296875, 1]]
func.func @plain(%x: tensor<2x3xf32>, %y: tensor<3x4xf32>) -> tensor<2x4xf32> {
  %z = cameo.matmul %x, %y : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// x = spread(2x3)
// y = spread(3x4)
// z = [[5.34375, -8.09375, -8.71875, -1.015625], [-2.59375, 2.234375, 1.296875, 1]]
func.func @f64(%x: tensor<2x3xf64>, %y: tensor<3x4xf64>) -> tensor<2x4xf64> {
  %z = cameo.matmul %x, %y : (tensor<2x3xf64>, tensor<3x4xf64>) -> tensor<2x4xf64>
  return %z : tensor<2x4xf64>
}

// x = spread(2x5)
// y = spread(5x4)
// z = [[7.156, -7.156, -8.66, -1.828], [-1.281, 1.547, 3.734, 1.4375]]
func.func @f16(%x: tensor<2x5xf16>, %y: tensor<5x4xf16>) -> tensor<2x4xf16> {
  %z = cameo.matmul %x, %y : (tensor<2x5xf16>, tensor<5x4xf16>) -> tensor<2x4xf16>
  return %z : tensor<2x4xf16>
}

// x = spread(2x5)
// y = spread(5x4)
// z = [[7.15625, -7.15625, -8.625, -1.828125], [-1.28125, 1.546875, 3.734375, 1.4375]]
func.func @bf16(%x: tensor<2x5xbf16>, %y: tensor<5x4xbf16>) -> tensor<2x4xbf16> {
  %z = cameo.matmul %x, %y : (tensor<2x5xbf16>, tensor<5x4xbf16>) -> tensor<2x4xbf16>
  return %z : tensor<2x4xbf16>
}

// x = spread(2x3)
// y = spread(3x2)
// z = [[686, -174], [-110, 199]]
func.func @i64(%x: tensor<2x3xi64>, %y: tensor<3x2xi64>) -> tensor<2x2xi64> {
  %z = cameo.matmul %x, %y : (tensor<2x3xi64>, tensor<3x2xi64>) -> tensor<2x2xi64>
  return %z : tensor<2x2xi64>
}

// x = spread(2x9)
// y = spread(9x2)
// z = [[523, -272], [-95, -496]]
func.func @i8_in_i32(%x: tensor<2x9xi8>, %y: tensor<9x2xi8>) -> tensor<2x2xi32> {
  %z = cameo.matmul %x, %y {accumulator = i32} : (tensor<2x9xi8>, tensor<9x2xi8>) -> tensor<2x2xi32>
  return %z : tensor<2x2xi32>
}

// x = spread(3x2)
// y = spread(4x3)
// z = [[10.71875, -1.71875, -1.34375, 2.234375], [-2.71875, 3.109375, -1.953125, -6.375]]
func.func @transposed(%x: tensor<3x2xf32>, %y: tensor<4x3xf32>) -> tensor<2x4xf32> {
  %z = cameo.matmul %x, %y {transposeLhs, transposeRhs} : (tensor<3x2xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// x = spread(2x1x2x3)
// y = spread(2x3x2)
// z = [[[[10.71875, -2.71875], [-1.71875, 3.109375]], [[-5.84375, 1.859375], [-1.578125, -1.875]]], [[[-1.34375, -1.953125],
//     [2.234375, -6.375]], [[4.609375, -1.125], [-1.375, 11.15625]]]]
func.func @batched_broadcast(%x: tensor<2x1x2x3xf32>, %y: tensor<2x3x2xf32>) -> tensor<2x2x2x2xf32> {
  %z = cameo.matmul %x, %y : (tensor<2x1x2x3xf32>, tensor<2x3x2xf32>) -> tensor<2x2x2x2xf32>
  return %z : tensor<2x2x2x2xf32>
}

// A sum of nothing is 0.
// x = spread(2x0)
// y = spread(0x3)
// z = [[0, 0, 0], [0, 0, 0]]
func.func @no_inner_size(%x: tensor<2x0xf32>, %y: tensor<0x3xf32>) -> tensor<2x3xf32> {
  %z = cameo.matmul %x, %y : (tensor<2x0xf32>, tensor<0x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// Larger than a register tile in both directions, with tails in each; sums stay exact.
// x = spread(37x65)
// y = spread(65x51)
// z = naive
func.func @tiles_and_tails(%x: tensor<37x65xf32>, %y: tensor<65x51xf32>) -> tensor<37x51xf32> {
  %z = cameo.matmul %x, %y : (tensor<37x65xf32>, tensor<65x51xf32>) -> tensor<37x51xf32>
  return %z : tensor<37x51xf32>
}

// x = spread(37x65)
// y = spread(51x65)
// z = naive
func.func @tiles_transposed(%x: tensor<37x65xf32>, %y: tensor<51x65xf32>) -> tensor<37x51xf32> {
  %z = cameo.matmul %x, %y {transposeRhs} : (tensor<37x65xf32>, tensor<51x65xf32>) -> tensor<37x51xf32>
  return %z : tensor<37x51xf32>
}

// All sizes known at run time only.
// x = spread(37x65)
// y = spread(65x51)
// z = naive
func.func @run_time_sizes(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %z = cameo.matmul %x, %y : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %z : tensor<?x?xf32>
}

// One row: a product with a vector.
// x = spread(1x129)
// y = spread(129x70)
// z = naive
func.func @row_by_matrix(%x: tensor<1x129xf32>, %y: tensor<129x70xf32>) -> tensor<1x70xf32> {
  %z = cameo.matmul %x, %y : (tensor<1x129xf32>, tensor<129x70xf32>) -> tensor<1x70xf32>
  return %z : tensor<1x70xf32>
}

// x = spread(19x33)
// y = spread(33x35)
// z = naive
func.func @f16_tiles(%x: tensor<19x33xf16>, %y: tensor<33x35xf16>) -> tensor<19x35xf16> {
  %z = cameo.matmul %x, %y : (tensor<19x33xf16>, tensor<33x35xf16>) -> tensor<19x35xf16>
  return %z : tensor<19x35xf16>
}

// x = spread(19x33)
// y = spread(33x35)
// z = naive
func.func @bf16_tiles(%x: tensor<19x33xbf16>, %y: tensor<33x35xbf16>) -> tensor<19x35xbf16> {
  %z = cameo.matmul %x, %y : (tensor<19x33xbf16>, tensor<33x35xbf16>) -> tensor<19x35xbf16>
  return %z : tensor<19x35xbf16>
}
