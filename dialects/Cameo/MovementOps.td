// MovementOps.td - ops that put elements elsewhere by position alone: transpose, slice, concat, expand, tile, pad and the like.
#ifndef CAMEO_MOVEMENT_OPS_TD
#define CAMEO_MOVEMENT_OPS_TD
include "dialects/Cameo/MovementBase.td"

def Cameo_TransposeOp : Cameo_IndexableOp<"transpose", [Cameo_SelectionInterface]> {
  let summary = "axes in another order";
  let description = [{
    Result axis i is operand axis `permutation[i]`. (C1) `permutation` holds each of 0 to rank-1 once.
    ONNX: Transpose, since 1. DepthToSpace and SpaceToDepth are imported as reshape, transpose, reshape.
    Example: `%y = cameo.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    /// True when the op only exchanges the last two axes.
    bool swapsLastTwoDims();
  }];
  let hasFolder = 1;
}

def Cameo_SliceOp : Cameo_IndexableOp<"slice", [Cameo_AxesLayoutInterface, Cameo_SelectionInterface], "operand == 0"> {
  let summary = "every step-th element from start up to, not including, end, along some axes";
  let description = [{
    `starts`, `ends`, `steps` hold one value per entry of `axes` (each in [0, rank)). As in ONNX, a negative start or end counts
    from the end of the axis; then starts are clamped to [0, n] and ends to [0, n] when the step is positive, to [0, n-1] and
    [-1, n-1] when it is negative. The size is `max(0, ceil((end - start) / step))`.
    (C1) the three operands have one element per axis. (C2) axes are in range and unique. (C3) no step is 0.
    ONNX: Slice, since 1; Split is imported as slices.
    Example: `%y = cameo.slice %x, %s, %e, %t {axes = array<i64: 1>} : (tensor<2x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x4xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_I64Tensor:$starts, Cameo_I64Tensor:$ends, Cameo_I64Tensor:$steps,
                       DenseI64ArrayAttr:$axes);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_ConcatOp : Cameo_MovementOp<"concat", [Cameo_AxesLayoutInterface,
                                             DeclareOpInterfaceMethods<Cameo_SelectionInterface, ["selectedOperands"]>]> {
  let summary = "tensors one after the other along an axis";
  let description = [{
    (C1) all operands have one element type and rank. (C2) `axis` is in [-rank, rank). (C3) sizes of the other axes agree.
    ONNX: Concat, since 4 (1 with a default axis).
    Example: `%z = cameo.concat %x, %y {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>`
  }];
  let arguments = (ins Variadic<Cameo_AnyTensor>:$inputs, I64Attr:$axis);
  let hasFolder = 1;
}

def Cameo_ExpandOp : Cameo_IndexableOp<"expand", [Cameo_SelectionInterface, Cameo_RequiresSizes], "operand == 0"> {
  let summary = "broadcasts to at least the given sizes";
  let description = [{
    The result's sizes are those of NumPy's broadcast of `x` with the sizes in `shape`.
    (C1) `shape` has rank 1 and a length known at compile time. (C2) the sizes broadcast.
    ONNX: Expand, since 8. Example: `%y = cameo.expand %x, %s : (tensor<1x4xf32>, tensor<2xi64>) -> tensor<3x4xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_I64Tensor:$shape);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_TileOp : Cameo_IndexableOp<"tile", [Cameo_SelectionInterface], "operand == 0"> {
  let summary = "repeats the tensor along each axis";
  let description = [{
    `y[i] = x[i mod size(x)]`. (C1) `repeats` has one element per axis. (C2) no repeat is negative.
    ONNX: Tile, since 6 (version 1 names one axis).
    Example: `%y = cameo.tile %x, %r : (tensor<2xf32>, tensor<1xi64>) -> tensor<6xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_I64Tensor:$repeats);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_PadOp : Cameo_IndexableOp<"pad", [Cameo_AxesLayoutInterface,
                                        DeclareOpInterfaceMethods<Cameo_SelectionInterface, ["selectedOperands"]>],
                                "operand != 1"> {
  let summary = "adds elements before and after along each axis, or removes them";
  let description = [{
    `pads` holds how many to add before each axis, then how many after each; negative numbers remove. `mode` says what is added:
    `constant` the `value`, `edge` the nearest element, `reflect` the mirror image without its edge, `wrap` the other end.
    (C1) `pads` has two elements per axis. (C2) no size becomes negative. (C3) `mode` is one of the four.
    (C4) `value` has one element of the type of `x`. (C5) modes other than constant have something to repeat.
    ONNX: Pad, since 1 (`axes` are imported as full pads).
    Example: `%y = cameo.pad %x, %p, %v {mode = "constant"} : (tensor<2xf32>, tensor<2xi64>, tensor<f32>) -> tensor<5xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_I64Tensor:$pads, Cameo_AnyTensor:$value, StrAttr:$mode);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_ReverseSequenceOp : Cameo_IndexableOp<"reverse_sequence", [Cameo_SelectionInterface]> {
  let summary = "reverses the first elements along the time axis, how many per batch entry";
  let description = [{
    `y[b, t] = x[b, lengths[b] - 1 - t]` for `t < lengths[b]`, else `x[b, t]`; b and t stand at `batchAxis` and `timeAxis`.
    (C1) the two axes are in range and differ. (C2) `lengths` has rank 1 and the size of the batch axis.
    Lengths outside [0, size of the time axis] are a run-time error.
    ONNX: ReverseSequence, since 10.
    Example: `%y = cameo.reverse_sequence %x, %n {batchAxis = 0 : i64, timeAxis = 1 : i64} : (tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_I64Tensor:$lengths, I64Attr:$batchAxis, I64Attr:$timeAxis);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_TriluOp : Cameo_IndexableOp<"trilu"> {
  let summary = "keeps the upper or lower triangle of matrices, zero elsewhere";
  let description = [{
    Over the last two axes: `upper` keeps `x[i, j]` where `j >= i + k`, else where `j <= i + k`.
    (C1) the rank is 2 or more. (C2) `k` has one element. ONNX: Trilu, since 14.
    Example: `%y = cameo.trilu %x, %k {upper} : (tensor<3x3xf32>, tensor<i64>) -> tensor<3x3xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_I64Tensor:$k, UnitAttr:$upper);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif
