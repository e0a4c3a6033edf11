// SortingOps.td - ops that order elements: the k best, distinct elements, suppression of overlapping boxes.
#ifndef CAMEO_SORTING_OPS_TD
#define CAMEO_SORTING_OPS_TD
include "dialects/Cameo/CameoBase.td"

def Cameo_TopKOp : Cameo_StructuredOp<"top_k"> {
  let summary = "the k largest or smallest elements along an axis, best first, and where they were";
  let description = [{
    Equal elements keep their order; NaN counts as larger than every number.
    (C1) `axis` is in [-rank, rank). (C2) `k` has one element and is in [0, size of the axis]. ONNX: TopK, since 1.
    Example: `%v, %i = cameo.top_k %x, %k {axis = 1 : i64, largest} : (tensor<2x8xf32>, tensor<1xi64>) -> (tensor<2x3xf32>, tensor<2x3xi64>)`
  }];
  let arguments = (ins Cameo_NumberTensor:$x, Cameo_I64Tensor:$k, I64Attr:$axis, UnitAttr:$largest);
  let results = (outs Cameo_NumberTensor:$values, Cameo_I64Tensor:$indices);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_UniqueOp : Cameo_Op<"unique", [DeclareOpInterfaceMethods<Cameo_KernelInterface>,
                                         DeclareOpInterfaceMethods<Cameo_ShapeInterface, ["sizeBound"]>]> {
  let summary = "the distinct slices along an axis, with first positions, positions of all slices among them, and counts";
  let description = [{
    `y` holds each distinct slice once, ascending (lexicographically) if `sorted`, else in order of first appearance. `indices` are the
    first positions, `inverse[i]` is the place of slice i in `y`, `counts` says how often each occurs. The number of distinct
    slices is known when the op has run. Texts are in the order of their bytes. (C1) `axis` is in [-rank, rank). ONNX: Unique,
    since 11 (without axis the importer flattens first).
    Example: `%y, %i, %v, %c = cameo.unique %x {axis = 0 : i64, sorted} : (tensor<6xf32>) -> (tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>)`
  }];
  let arguments = (ins Cameo_ComparableTensor:$x, I64Attr:$axis, UnitAttr:$sorted);
  let results = (outs Cameo_AnyTensor:$y, Cameo_I64Tensor:$indices, Cameo_I64Tensor:$inverse, Cameo_I64Tensor:$counts);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_NonMaxSuppressionOp
    : Cameo_Op<"non_max_suppression", [DeclareOpInterfaceMethods<Cameo_KernelInterface>,
                                       DeclareOpInterfaceMethods<Cameo_ShapeInterface, ["sizeBound", "requireSizes"]>]> {
  let summary = "the best boxes of each class that do not overlap much";
  let description = [{
    For each batch entry and class: takes the box with the highest score above `scoreThreshold` again and again, at most `maxBoxes`
    times, dropping boxes whose intersection over union with it is above `iouThreshold`. Result rows are (batch, class, box).
    Boxes are two opposite corners (y, x, y, x), or with `centered` (x centre, y centre, width, height).
    (C1) `boxes` is [batch, n, 4], `scores` [batch, classes, n]. (C2) the other operands have one element.
    ONNX: NonMaxSuppression, since 10.
    Example: `%y = cameo.non_max_suppression %b, %s, %m, %i, %t : (tensor<1x6x4xf32>, tensor<1x2x6xf32>, tensor<i64>, tensor<f32>, tensor<f32>) -> tensor<?x3xi64>`
  }];
  let arguments = (ins Cameo_FloatTensor:$boxes, Cameo_FloatTensor:$scores, Cameo_I64Tensor:$maxBoxes,
                       Cameo_FloatTensor:$iouThreshold, Cameo_FloatTensor:$scoreThreshold, UnitAttr:$centered);
  let results = (outs Cameo_I64Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif
