// ImageOps.td - ops that decode pictures, by a service of the runtime.
#ifndef CAMEO_IMAGE_OPS_TD
#define CAMEO_IMAGE_OPS_TD
include "dialects/Cameo/CameoBase.td"

class Cameo_ImageOp<string mnemonic> : Cameo_StructuredOp<mnemonic, [Cameo_CallsRuntime]> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_ImageSizeOp : Cameo_ImageOp<"image_size"> {
  let summary = "height and width of the picture in a file";
  let description = [{
    `file` holds a whole file in one of the formats that image_decode takes. One that is none, or has more than 2^28 pixels, is a
    run-time error. (C1) `file` is a vector. ONNX: ImageDecoder, since 20, whose result has these sizes.
    Example: `%s = cameo.image_size %f : (tensor<?xui8>) -> tensor<2xi64>`
  }];
  let arguments = (ins RankedTensorOf<[UI8]>:$file);
  let results = (outs Cameo_I64Tensor:$result);
}

def Cameo_ImageDecodeOp : Cameo_ImageOp<"image_decode"> {
  let summary = "the pixels of a picture: rows from the top, and red, green and blue as the last axis";
  let description = [{
    Formats: BMP, JPEG, JPEG 2000, PNG, PNM, TIFF and WebP, told by their first bytes. Grey pictures have three equal values,
    opacity is left out, of 16 bits the upper or the nearest 8 are kept, and no orientation, gamma or profile that a file notes is
    applied. `size` is what image_size gives;
    other sizes, and files that cannot be decoded, are run-time errors.
    (C1) `file` is a vector. (C2) `size` has two elements. ONNX: ImageDecoder, since 20.
    Example: `%y = cameo.image_decode %f, %s : (tensor<?xui8>, tensor<2xi64>) -> tensor<?x?x3xui8>`
  }];
  let arguments = (ins RankedTensorOf<[UI8]>:$file, Cameo_I64Tensor:$size);
  let results = (outs RankedTensorOf<[UI8]>:$result);
}
#endif
