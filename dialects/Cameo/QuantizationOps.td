// QuantizationOps.td - between real numbers and scaled integers, element by element. Scales and zero points per axis or per block
// are given in shapes that broadcast.
#ifndef CAMEO_QUANTIZATION_OPS_TD
#define CAMEO_QUANTIZATION_OPS_TD
include "dialects/Cameo/PointwiseBase.td"

def Cameo_QuantizeOp : Cameo_Pointwise<"quantize", "",
    (ins Cameo_NumberTensor:$x, Cameo_FloatTensor:$scale, Cameo_QuantizedTensor:$zeroPoint),
    Cameo_ResultElement<"::mlir::getElementTypeOrSelf(getZeroPoint().getType())">, [{
    return ::cameo::quantizeScalar(b, x[0], x[1], x[2], element, ::mlir::getElementTypeOrSelf(getScale().getType()),
                                   ::mlir::getElementTypeOrSelf(getZeroPoint().getType()), {getSaturate()});
  }]> {
  let arguments = (ins Cameo_NumberTensor:$x, Cameo_FloatTensor:$scale, Cameo_QuantizedTensor:$zeroPoint,
                       DefaultValuedAttr<BoolAttr, "true">:$saturate);
  let summary = "x / scale, rounded half to even, plus the zero point, limited to the result type's range";
  let description = [{
    The result has the element type of `zeroPoint`. Integers: NaN becomes the least one. Narrow floats: the sum is rounded to
    them; `saturate` is that of `cast`. ONNX: QuantizeLinear, since 10.
    Example: `%y = cameo.quantize %x, %s, %z : (tensor<2xf32>, tensor<f32>, tensor<ui4>) -> tensor<2xui4>`
  }];
}

def Cameo_DequantizeOp : Cameo_Pointwise<"dequantize", "",
    (ins Cameo_QuantizedTensor:$x, Cameo_FloatTensor:$scale, Cameo_QuantizedTensor:$zeroPoint),
    Cameo_ResultElement<"::mlir::getElementTypeOrSelf(getScale().getType())">, [{
    return ::cameo::dequantizeScalar(b, x[0], x[1], x[2], element, ::mlir::getElementTypeOrSelf(getScale().getType()));
  }], [DeclareOpInterfaceMethods<Cameo_ZeroPointInterface>]> {
  let arguments = (ins Cameo_QuantizedTensor:$x, Cameo_FloatTensor:$scale, Cameo_QuantizedTensor:$zeroPoint);
  let summary = "(x - zero point) * scale";
  let description = [{
    The result has the element type of `scale`. (C1) `x` and `zeroPoint` have one element type, of at most 32 bits.
    ONNX: DequantizeLinear, since 10.
    Example: `%y = cameo.dequantize %x, %s, %z : (tensor<2xui8>, tensor<f32>, tensor<ui8>) -> tensor<2xf32>`
  }];
  let hasVerifier = 1;
}

def Cameo_MatMulNBitsOp : Cameo_StructuredOp<"matmul_nbits", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>,
                                                        DeclareOpInterfaceMethods<Cameo_CostInterface>]> {
  let summary = "product with a matrix of 4- or 8-bit numbers in blocks";
  let description = [{
    `y[.., m, n] = sum_k x[.., m, k] * (w[n, k] - zero[n, k / block]) * scale[n, k / block]` with k in [0, K). weights holds
    unsigned numbers in rows of whole blocks. Rows of ceil(K / block) * block bytes hold one per byte, others two, the first in the low
    bits: [N, ceil(K / block) * block / 2]. Sums are in f32. With `byteActivations` x may be rounded to 8-bit integers, in blocks with a
    scale of their own, before it is multiplied.
    (C1) x has rank 1 or more, and its last size is K. (C2) block is 16, 32 or a multiple of 64. (C3) weights has rank 2 and rows of
    one of these lengths. (C4) scale and zero are [N, ceil(K / block)].
    ONNX: com.microsoft MatMulNBits with 4 or 8 bits.
    Example: `%y = cameo.matmul_nbits %x, %w, %s, %z {block = 32 : i64} : (tensor<2x40xf32>, tensor<8x32xui8>, tensor<8x2xf32>, tensor<8x2xui8>) -> tensor<2x8xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$x, RankedTensorOf<[UI8]>:$weights, Cameo_FloatTensor:$scale, RankedTensorOf<[UI8]>:$zero,
                       I64Attr:$block, UnitAttr:$byteActivations);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_UnpackOp : Cameo_IndexableOp<"unpack"> {
  let summary = "small unsigned integers out of bytes";
  let description = [{
    Each byte holds 8 / `bits` numbers along the last axis, the first in its lowest bits: [.., n] -> [.., n * 8 / bits].
    (C1) `bits` is 1, 2 or 4. (C2) the rank is 1 or more.
    ONNX: com.microsoft MatMulNBits, GatherBlockQuantized, QMoE.
    Example: `%y = cameo.unpack %x {bits = 4 : i64} : (tensor<3x2xui8>) -> tensor<3x4xui8>`
  }];
  let arguments = (ins RankedTensorOf<[UI8]>:$x, I64Attr:$bits);
  let results = (outs RankedTensorOf<[UI8]>:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif
