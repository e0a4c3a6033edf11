// The largest tiles of every kind of product; of f16 those whose lines cannot be copied in chunks.
func.func @main(%a: tensor<4096x4096xui8>, %b: tensor<4096x4096xi8>, %az: tensor<ui8>, %bz: tensor<4096x1xi8>, %c: tensor<4096x4096xbf16>, %d: tensor<4096x4096xf32>,
                %e: tensor<4095x4095xf16>, %f: tensor<?x1024x1024xf16>, %g: tensor<1024x1024xf16>)
    -> (tensor<4096x4096xi32>, tensor<4096x4096xbf16>, tensor<4096x4096xbf16>, tensor<4096x4096xf32>, tensor<4095x4095xf16>, tensor<?x1024x1024xf16>) {
  %0 = cameo.matmul_integer %a, %b, %az, %bz {transposeRhs} : (tensor<4096x4096xui8>, tensor<4096x4096xi8>, tensor<ui8>, tensor<4096x1xi8>) -> tensor<4096x4096xi32>
  %1 = cameo.matmul %c, %c {transposeRhs} : (tensor<4096x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4096x4096xbf16>
  %2 = cameo.matmul %c, %c {transposeLhs} : (tensor<4096x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4096x4096xbf16>
  %3 = cameo.matmul %d, %d : (tensor<4096x4096xf32>, tensor<4096x4096xf32>) -> tensor<4096x4096xf32>
  %4 = cameo.matmul %e, %e : (tensor<4095x4095xf16>, tensor<4095x4095xf16>) -> tensor<4095x4095xf16>
  %5 = cameo.matmul %f, %g : (tensor<?x1024x1024xf16>, tensor<1024x1024xf16>) -> tensor<?x1024x1024xf16>
  return %0, %1, %2, %3, %4, %5 : tensor<4096x4096xi32>, tensor<4096x4096xbf16>, tensor<4096x4096xbf16>, tensor<4096x4096xf32>, tensor<4095x4095xf16>, tensor<?x1024x1024xf16>
}
