// ConvolutionOps.td - convolutions over any number of spatial axes, and their inverse layouts.
// `pads` lists the sizes at the beginning of every spatial axis, then those at the end; padding by ONNX's auto_pad is
// resolved by the importer. `channelsLast`: activations and result are [N, spatial.., C] instead of [N, C, spatial..];
// filters keep ONNX's layout.
#ifndef CAMEO_CONVOLUTION_OPS_TD
#define CAMEO_CONVOLUTION_OPS_TD
include "dialects/Cameo/CameoBase.td"

def Cameo_ConvOp : Cameo_StructuredOp<"conv", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>,
                                         Cameo_ChannelsLastInterface,
                                         DeclareOpInterfaceMethods<Cameo_LinearInterface>, DeclareOpInterfaceMethods<Cameo_ProductInterface>,
                                         DeclareOpInterfaceMethods<Cameo_CostInterface>, Cameo_RequiresSizes]> {
  let summary = "convolution (cross-correlation) over the spatial axes";
  let description = [{
    `y[n, o, p..] = sum_{c, k..} x[n, g C/group + c, p.. * strides - pads + k.. * dilations] * filter[o, c, k..]`, x being 0 outside,
    g the group of o. filter is [O, C/group, kernel..]. Sums are in f32 for f16 and bf16; integers wrap in `accumulator`, which
    is then also the result's element type (default: the operands').
    (C1) both ranks are equal and 3 or more. (C2) strides and dilations have an entry per spatial axis, pads two; strides and
    dilations are 1 or more. (C3) element types agree, unless both are integers and `accumulator` is given.
    (C4) `accumulator` is an integer type. (C5) group is 1 or more and divides C and O. (C6) the filter's second size is C/group.
    (C7) the dilated kernel is not larger than the padded operand.
    ONNX: Conv, since 1.
    Example: `%y = cameo.conv %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>`
  }];
  let arguments = (ins Cameo_NumberTensor:$x, Cameo_NumberTensor:$filter, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, I64Attr:$group, UnitAttr:$channelsLast,
                       OptionalAttr<TypeAttr>:$accumulator);
  let results = (outs Cameo_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    /// Element type of sums and result.
    ::mlir::Type accumulatorType();
  }];
}

def Cameo_ConvIntegerOp : Cameo_StructuredOp<"conv_integer", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>,
                                                        Cameo_ChannelsLastInterface,
                                                        DeclareOpInterfaceMethods<Cameo_ZeroPointInterface>, Cameo_RequiresSizes]> {
  let summary = "convolution of 8-bit integers with zero points, in i32";
  let description = [{
    Like cameo.conv on `x - xZero` and `filter - filterZero`, wrapping in i32; outside, `x - xZero` is 0. `xZero` is one value,
    `filterZero` one for all or one per output.
    (C1) both ranks are equal and 3 or more. (C2) strides and dilations have an entry per spatial axis, pads two; strides and
    dilations are 1 or more. (C3) zero points have the types of their operands. (C4) xZero has rank 0, filterZero rank 0, or
    rank 1 and the filter's first size. (C5) group is 1 or more and divides C and O. (C6) the filter's second size is C/group.
    (C7) the dilated kernel is not larger than the padded operand.
    ONNX: ConvInteger, since 10; QLinearConv with a requantization behind it.
    Example: `%y = cameo.conv_integer %x, %w, %xz, %wz {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x8xui8>, tensor<4x3x3xi8>, tensor<ui8>, tensor<i8>) -> tensor<1x4x6xi32>`
  }];
  let arguments = (ins Cameo_ByteTensor:$x, Cameo_ByteTensor:$filter, Cameo_ByteTensor:$xZero, Cameo_ByteTensor:$filterZero,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, I64Attr:$group,
                       UnitAttr:$channelsLast);
  let results = (outs Cameo_I32Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_ConvTransposeOp : Cameo_StructuredOp<"conv_transpose", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>,
                                                            Cameo_ChannelsLastInterface,
                                                            DeclareOpInterfaceMethods<Cameo_LinearInterface>, DeclareOpInterfaceMethods<Cameo_ProductInterface>,
                                                            DeclareOpInterfaceMethods<Cameo_CostInterface>, Cameo_RequiresSizes]> {
  let summary = "transposed convolution: the gradient of conv by its operand";
  let description = [{
    `y[n, o, q..] = sum_{c, k..: q + pads - k dilations = p strides} x[n, g C/group + c, p..] * filter[g C/group + c, o - g O/group, k..]`.
    filter is [C, O/group, kernel..]; result sizes are `(size - 1) * stride + (kernel - 1) * dilation + 1 + outputPadding - pads`.
    Sums are in f32 for f16 and bf16. pads may be negative (the result is longer).
    (C1) both ranks are equal and 3 or more. (C2) strides, dilations and outputPadding have an entry per spatial axis, pads two;
    strides and dilations are 1 or more. (C3) element types agree. (C4) group is 1 or more and divides C, and C is the filter's
    first size. (C5) result sizes are 1 or more.
    ONNX: ConvTranspose, since 1.
    Example: `%y = cameo.conv_transpose %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, outputPadding = array<i64: 0>, group = 1 : i64} : (tensor<1x2x4xf32>, tensor<2x3x2xf32>) -> tensor<1x3x8xf32>`
  }];
  let arguments = (ins Cameo_NumberTensor:$x, Cameo_NumberTensor:$filter, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$outputPadding,
                       I64Attr:$group, UnitAttr:$channelsLast);
  let results = (outs Cameo_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_DeformConvOp : Cameo_StructuredOp<"deform_conv", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>,
                                                      DeclareOpInterfaceMethods<Cameo_CostInterface>, Cameo_RequiresSizes]> {
  let summary = "convolution whose taps are displaced by learned offsets";
  let description = [{
    Like cameo.conv over two spatial axes, but tap k at output p reads x, bilinearly interpolated, at
    `p * strides - pads + k * dilations + offset[n, (d, k, :), p..]`, scaled by `mask[n, (d, k), p..]` when there is one; d is the
    offset group of the channel. Corners outside x count as 0.
    (C1) x and filter have rank 4. (C2) strides and dilations have two entries, pads four; strides and dilations are 1 or more.
    (C3) element types agree. (C4) group and offsetGroup are 1 or more and divide C; the filter's second size is C/group.
    (C5) offset is [N, offsetGroup * 2 * kernel, P..], mask [N, offsetGroup * kernel, P..] with result sizes P.
    ONNX: DeformConv, since 19.
    Example: `%y = cameo.deform_conv %x, %w, %o {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, offsetGroup = 1 : i64} : (tensor<1x1x3x3xf32>, tensor<1x1x2x2xf32>, tensor<1x8x2x2xf32>) -> tensor<1x1x2x2xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$x, Cameo_FloatTensor:$filter, Cameo_FloatTensor:$offset,
                       Optional<Cameo_FloatTensor>:$mask, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$group, I64Attr:$offsetGroup);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_Col2ImOp : Cameo_StructuredOp<"col2im", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>]> {
  let summary = "sum of sliding blocks, laid over an image";
  let description = [{
    `y[n, c, q..] = sum_{k.., p..: p strides + k dilations - pads = q} x[n, (c, k..), (p..)]` for blocks of size `blockShape`,
    p counting the blocks in row-major order.
    (C1) x has rank 3. (C2) imageShape and blockShape have one length, strides and dilations too, pads twice it; strides and
    dilations are 1 or more. (C3) the second size of x is a multiple of the block's size, the third is the number of blocks.
    ONNX: Col2Im, since 18.
    Example: `%y = cameo.col2im %x, %i, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x5x5xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<1x?x?x?xf32>`
  }];
  let arguments = (ins Cameo_NumberTensor:$x, Cameo_I64Tensor:$imageShape, Cameo_I64Tensor:$blockShape,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads);
  let results = (outs Cameo_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif
