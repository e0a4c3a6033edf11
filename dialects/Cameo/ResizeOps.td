// ResizeOps.td - reading between the elements: resize along axes, and sampling where a grid says.
#ifndef CAMEO_RESIZE_OPS_TD
#define CAMEO_RESIZE_OPS_TD
include "dialects/Cameo/CameoBase.td"

def Cameo_ResizeOp : Cameo_StructuredOp<"resize", [AttrSizedOperandSegments, Cameo_AxesLayoutInterface,
                                             DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>]> {
  let summary = "interpolation along axes";
  let description = [{
    The result's size along axes[i] is sizes[i]; s = scales[i], without scales s = sizes[i] / n with n the operand's size. (Both are
    needed where sizes were rounded from scales.) Position p of an axis reads x at the coordinate c that `transform` says:
    half_pixel `(p + 0.5) / s - 0.5`; tf_half_pixel_for_nn `(p + 0.5) / s`; pytorch_half_pixel as half_pixel, but 0 where s n = 1; half_pixel_symmetric
    `n / 2 (1 - sizes / (s n)) + (p + 0.5) / s - 0.5`; align_corners `p (n - 1) / (s n - 1)`, 0 where s n = 1; asymmetric `p / s`;
    tf_crop_and_resize `(n - 1) (roi[i] + p (roi[k + i] - roi[i]) / (s n - 1))` for k axes, and where that is outside [0, n - 1] on
    any axis the result is `extrapolation`.
    `mode` nearest takes the element at c rounded as `nearest` says (round_prefer_floor, round_prefer_ceil, floor, ceil); linear
    weighs two elements, cubic four by Keys' kernel with parameter `cubicA`; `antialias` widens these kernels by 1/s where s < 1.
    Elements beyond the ends are the end elements, or do not count with `excludeOutside`; then, and with `antialias`, weights are
    scaled to sum 1. Coordinates and weights are computed in f64; sums in f64 for f64 and 32- and 64-bit integers, else f32. Integer
    results are kept in range and truncated.
    (C1) axes are in [0, rank), each once. (C2) sizes has an element per axis, scales too, roi two. (C3) mode, transform and
    nearest are one of those named; tf_crop_and_resize has a roi. (C4) known sizes are 0 or more.
    ONNX: Resize, since 10; Upsample.
    Example: `%y = cameo.resize %x, sizes %n {axes = array<i64: 2>, mode = "nearest", transform = "asymmetric", nearest = "floor", cubicA = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x?xf32>`
  }];
  let arguments = (ins Cameo_NumberTensor:$x, Cameo_I64Tensor:$sizes, Optional<Cameo_FloatTensor>:$scales,
                       Optional<Cameo_FloatTensor>:$roi, DenseI64ArrayAttr:$axes, StrAttr:$mode, StrAttr:$transform,
                       StrAttr:$nearest, F32Attr:$cubicA, F32Attr:$extrapolation, UnitAttr:$excludeOutside,
                       UnitAttr:$antialias);
  let results = (outs Cameo_NumberTensor:$result);
  let assemblyFormat = [{
    $x `,` `sizes` $sizes (`scales` $scales^)? (`roi` $roi^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Cameo_GridSampleOp : Cameo_StructuredOp<"grid_sample", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>, Cameo_RequiresSizes]> {
  let summary = "values of an image at the places that a grid gives";
  let description = [{
    `y[n, c, p..]` is x[n, c], interpolated at grid[n, p.., :], which holds one coordinate per spatial axis, the last axis first: with
    `inPixels` positions from 0 on, else from -1 to 1, over the centres of the border elements with `alignCorners`, else over their outer edges. `mode` is nearest (half to
    even), linear or cubic (Keys, -0.75). What lies outside is 0, the border element, or mirrored: `padding` zeros, border,
    reflection. Computed in f32 for f16 and bf16.
    (C1) x and grid have one rank, 3 or more. (C2) the grid's last size is the number of
    spatial axes. (C3) both have one batch size. (C4) mode and padding are one of those named.
    (C5) x and the grid have one element type. (C6) at most one of `alignCorners` and `inPixels` is given.
    ONNX: GridSample, since 16 (without `inPixels`).
    Example: `%y = cameo.grid_sample %x, %g {mode = "linear", padding = "zeros"} : (tensor<1x1x4x4xf32>, tensor<1x6x6x2xf32>) -> tensor<1x1x6x6xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$x, Cameo_FloatTensor:$grid, StrAttr:$mode, StrAttr:$padding, UnitAttr:$alignCorners,
                       UnitAttr:$inPixels);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif
