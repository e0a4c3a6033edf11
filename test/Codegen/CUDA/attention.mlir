// What is close to the number of registers there is: the widths that models have, on the largest tiles.
func.func @main(%a: tensor<1x16x4096x128xbf16>, %b: tensor<1x16x4096x64xf16>, %c: tensor<1x16x1024x256xbf16>, %d: tensor<1x16x1024x128xf32>,
                %m: tensor<1x16x1024x1024xf32>) -> (tensor<1x16x4096x128xbf16>, tensor<1x16x4096x64xf16>, tensor<1x16x1024x256xbf16>, tensor<1x16x1024x128xf32>) {
  %0 = cameo.attention %a, %a, %a {scale = 0.1 : f32, right = 0 : i64} : (tensor<1x16x4096x128xbf16>, tensor<1x16x4096x128xbf16>, tensor<1x16x4096x128xbf16>) -> tensor<1x16x4096x128xbf16>
  %1 = cameo.attention %b, %b, %b {scale = 0.1 : f32, softcap = 30.0 : f32, left = 512 : i64, right = 0 : i64} : (tensor<1x16x4096x64xf16>, tensor<1x16x4096x64xf16>, tensor<1x16x4096x64xf16>) -> tensor<1x16x4096x64xf16>
  %2 = cameo.attention %c, %c, %c mask %m {scale = 0.1 : f32} : (tensor<1x16x1024x256xbf16>, tensor<1x16x1024x256xbf16>, tensor<1x16x1024x256xbf16>, tensor<1x16x1024x1024xf32>) -> tensor<1x16x1024x256xbf16>
  %3 = cameo.attention %d, %d, %d mask %m {scale = 0.1 : f32} : (tensor<1x16x1024x128xf32>, tensor<1x16x1024x128xf32>, tensor<1x16x1024x128xf32>, tensor<1x16x1024x1024xf32>) -> tensor<1x16x1024x128xf32>
  return %0, %1, %2, %3 : tensor<1x16x4096x128xbf16>, tensor<1x16x4096x64xf16>, tensor<1x16x1024x256xbf16>, tensor<1x16x1024x128xf32>
}
