// image_decode.mlir - Pixels of files: a PNM of 2x1 pixels in color, one of bits, and a BMP of 1x2 pixels from below. Exact.

// file = [80, 54, 32, 50, 32, 49, 32, 50, 53, 53, 10, 1, 2, 3, 253, 254, 255]
// s = [1, 2]
// y = [[[1, 2, 3], [253, 254, 255]]]
func.func @pixmap(%file: tensor<17xui8>) -> (tensor<2xi64>, tensor<?x?x3xui8>) {
  %s = cameo.image_size %file : (tensor<17xui8>) -> tensor<2xi64>
  %y = cameo.image_decode %file, %s : (tensor<17xui8>, tensor<2xi64>) -> tensor<?x?x3xui8>
  return %s, %y : tensor<2xi64>, tensor<?x?x3xui8>
}

// file = [80, 52, 10, 35, 33, 10, 51, 32, 50, 10, 160, 64]
// y = [[[0, 0, 0], [255, 255, 255], [0, 0, 0]], [[255, 255, 255], [0, 0, 0], [255, 255, 255]]]
func.func @bitmap_with_a_comment(%file: tensor<12xui8>) -> tensor<?x?x3xui8> {
  %s = cameo.image_size %file : (tensor<12xui8>) -> tensor<2xi64>
  %y = cameo.image_decode %file, %s : (tensor<12xui8>, tensor<2xi64>) -> tensor<?x?x3xui8>
  return %y : tensor<?x?x3xui8>
}

// file = [66, 77, 62, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 5, 4, 0, 3, 2, 1, 0]
// y = [[[1, 2, 3]], [[4, 5, 6]]]
func.func @windows_from_below(%file: tensor<62xui8>) -> tensor<?x?x3xui8> {
  %s = cameo.image_size %file : (tensor<62xui8>) -> tensor<2xi64>
  %y = cameo.image_decode %file, %s : (tensor<62xui8>, tensor<2xi64>) -> tensor<?x?x3xui8>
  return %y : tensor<?x?x3xui8>
}
