// PoolingOps.td - windows sliding over spatial axes, and regions of interest.
// Windows have a size (`kernel`), strides, dilations and pads as in ConvolutionOps.td. `ceilMode` also counts a last, partial
// window that starts inside the operand or the padding before it. `channelsLast`: [N, spatial.., C].
#ifndef CAMEO_POOLING_OPS_TD
#define CAMEO_POOLING_OPS_TD
include "dialects/Cameo/CameoBase.td"

// A pool whose windows are given by attributes.
class Cameo_PoolOp<string mnemonic, Type type, dag extra, list<Trait> traits = []>
    : Cameo_StructuredOp<mnemonic, !listconcat([DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>,
                              Cameo_ChannelsLastInterface, DeclareOpInterfaceMethods<Cameo_CostInterface>], traits)> {
  let arguments = !con((ins type:$x, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                            DenseI64ArrayAttr:$pads, UnitAttr:$ceilMode, UnitAttr:$channelsLast), extra);
  let results = (outs type:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_MaxPoolOp : Cameo_PoolOp<"max_pool", Cameo_NumberTensor, (ins UnitAttr:$columnMajor), [Cameo_SelectionInterface]> {
  let summary = "maximum of each window, and where it was";
  let description = [{
    `y[n, c, p..] = max_k x[n, c, p.. * strides - pads + k.. * dilations]` over the taps inside x; NaN wins. A window without
    such taps gives the type's lowest value. The second result, which may be left out, holds the place of the first maximum as
    an index into x, flattened as [N, C, spatial..] in row-major order, or with `columnMajor` the first spatial axis fastest.
    (C1) the rank is 3 or more. (C2) kernel, strides and dilations have an entry per spatial axis, pads two; all but pads are 1
    or more. (C3) the dilated kernel is not larger than the padded operand.
    ONNX: MaxPool, since 1.
    Example: `%y = cameo.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>`
  }];
  let results = (outs Cameo_NumberTensor:$result, Optional<Cameo_I64Tensor>:$indices);
}

def Cameo_AveragePoolOp : Cameo_PoolOp<"average_pool", Cameo_FloatTensor, (ins UnitAttr:$countIncludePad)> {
  let summary = "mean of each window";
  let description = [{
    `y[n, c, p..] = sum_k x[n, c, p.. * strides - pads + k.. * dilations] / count` over the taps inside x; count is their number,
    with `countIncludePad` the number of those inside x or its padding. Sums are in f32 for f16 and bf16.
    (C1) the rank is 3 or more. (C2) kernel, strides and dilations have an entry per spatial axis, pads two; all but pads are 1
    or more. (C3) the dilated kernel is not larger than the padded operand.
    ONNX: AveragePool, since 1.
    Example: `%y = cameo.average_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>`
  }];
}

def Cameo_LpPoolOp : Cameo_PoolOp<"lp_pool", Cameo_FloatTensor, (ins F32Attr:$p)> {
  let summary = "p-norm of each window";
  let description = [{
    `y[n, c, q..] = (sum_k |x[n, c, q.. * strides - pads + k.. * dilations]|^p)^(1/p)` over the taps inside x. Sums are in f32 for
    f16 and bf16.
    (C1) the rank is 3 or more. (C2) kernel, strides and dilations have an entry per spatial axis, pads two; all but pads are 1
    or more. (C3) the dilated kernel is not larger than the padded operand.
    ONNX: LpPool, since 1.
    Example: `%y = cameo.lp_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, p = 2.0 : f32} : (tensor<1x2x6xf32>) -> tensor<1x2x3xf32>`
  }];
}

def Cameo_MaxUnpoolOp : Cameo_StructuredOp<"max_unpool"> {
  let summary = "elements put back to where a max_pool found them";
  let description = [{
    `y = 0` of shape `shape`, then `y.flat[indices[i]] = x[i]` for each i in row-major order.
    (C1) x and indices have one shape. (C2) shape has a known length. ONNX: MaxUnpool, since 9.
    Example: `%y = cameo.max_unpool %x, %i, %s : (tensor<1x1x2xf32>, tensor<1x1x2xi64>, tensor<3xi64>) -> tensor<?x?x?xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_I64Tensor:$indices, Cameo_I64Tensor:$shape);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_RoiAlignOp : Cameo_StructuredOp<"roi_align", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>]> {
  let summary = "mean or maximum of bilinear samples in the cells of regions";
  let description = [{
    Region r is the box rois[r] = (x1, y1, x2, y2) scaled by `scale` (and shifted by -0.5 with `halfPixel`), in image
    batchIndices[r]. y[r, c, i, j] combines samples of x[batchIndices[r], c] on a grid of samplingRatio^2 points in the cell (i, j)
    of height x width cells; samplingRatio 0 takes ceil(cell size) points. `maximum` combines by the largest weighted corner,
    as ONNX defines it, instead of the mean.
    (C1) x has rank 4. (C2) rois is [R, 4], batchIndices [R]. (C3) height and width are 1 or more, samplingRatio 0 or more.
    (C4) rois has the element type of x. ONNX: RoiAlign, since 10.
    Example: `%y = cameo.roi_align %x, %r, %b {height = 2 : i64, width = 2 : i64, samplingRatio = 2 : i64, scale = 1.0 : f32, halfPixel} : (tensor<1x1x8x8xf32>, tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x1x2x2xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$x, Cameo_FloatTensor:$rois, Cameo_I64Tensor:$batchIndices, I64Attr:$height,
                       I64Attr:$width, I64Attr:$samplingRatio, F32Attr:$scale, UnitAttr:$halfPixel, UnitAttr:$maximum);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_MaxRoiPoolOp : Cameo_StructuredOp<"max_roi_pool", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>]> {
  let summary = "maximum in the cells of regions, at whole pixels";
  let description = [{
    Region r is rois[r] = (image, x1, y1, x2, y2), corners scaled by `scale` and rounded, both inclusive, at least 1x1. y[r, c, i, j]
    is the maximum over cell (i, j) of height x width cells, clipped to x; 0 where nothing is left.
    (C1) x has rank 4. (C2) rois is [R, 5]. (C3) height and width are 1 or more. (C4) rois has the element type of x.
    ONNX: MaxRoiPool, since 1.
    Example: `%y = cameo.max_roi_pool %x, %r {height = 2 : i64, width = 2 : i64, scale = 1.0 : f32} : (tensor<1x1x8x8xf32>, tensor<3x5xf32>) -> tensor<3x1x2x2xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$x, Cameo_FloatTensor:$rois, I64Attr:$height, I64Attr:$width, F32Attr:$scale);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif
