// The largest tiles of every kind of product.
func.func @main(%a: tensor<4096x4096xui8>, %b: tensor<4096x4096xi8>, %az: tensor<ui8>, %bz: tensor<4096x1xi8>, %c: tensor<4096x4096xbf16>, %d: tensor<4096x4096xf32>)
    -> (tensor<4096x4096xi32>, tensor<4096x4096xbf16>, tensor<4096x4096xf32>) {
  %0 = cameo.matmul_integer %a, %b, %az, %bz {transposeRhs} : (tensor<4096x4096xui8>, tensor<4096x4096xi8>, tensor<ui8>, tensor<4096x1xi8>) -> tensor<4096x4096xi32>
  %1 = cameo.matmul %c, %c {transposeRhs} : (tensor<4096x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4096x4096xbf16>
  %2 = cameo.matmul %d, %d : (tensor<4096x4096xf32>, tensor<4096x4096xf32>) -> tensor<4096x4096xf32>
  return %0, %1, %2 : tensor<4096x4096xi32>, tensor<4096x4096xbf16>, tensor<4096x4096xf32>
}
