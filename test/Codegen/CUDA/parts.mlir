// Products and convolutions whose blocks share K, of every kind of atom; results that are and are not stored in runs.
func.func @main(%a: tensor<128x4096xbf16>, %b: tensor<4096x4096xbf16>, %c: tensor<128x3072xf32>, %d: tensor<3072x766xf32>, %e: tensor<49x4608xui8>, %f: tensor<512x4608xi8>,
                %az: tensor<ui8>, %bz: tensor<512x1xi8>, %g: tensor<1x14x14x256xf16>)
    -> (tensor<128x4096xbf16>, tensor<128x766xf32>, tensor<49x512xi32>, tensor<1x14x14x256xf16>) {
  %w = cameo.constant dense<1.0> : tensor<256x256x3x3xf16>
  %0 = cameo.matmul %a, %b {transposeRhs} : (tensor<128x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<128x4096xbf16>
  %1 = cameo.matmul %c, %d : (tensor<128x3072xf32>, tensor<3072x766xf32>) -> tensor<128x766xf32>
  %2 = cameo.matmul_integer %e, %f, %az, %bz {transposeRhs} : (tensor<49x4608xui8>, tensor<512x4608xi8>, tensor<ui8>, tensor<512x1xi8>) -> tensor<49x512xi32>
  %3 = cameo.conv %g, %w {channelsLast, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64} : (tensor<1x14x14x256xf16>, tensor<256x256x3x3xf16>) -> tensor<1x14x14x256xf16>
  return %0, %1, %2, %3 : tensor<128x4096xbf16>, tensor<128x766xf32>, tensor<49x512xi32>, tensor<1x14x14x256xf16>
}
