// IndexingOps.td - ops that read or write where a tensor of indices says: gathers, scatters, selection by condition.
// Indices count from the end when negative; one outside its axis is a run-time error, and a compile-time one where it is known.
#ifndef CAMEO_INDEXING_OPS_TD
#define CAMEO_INDEXING_OPS_TD
include "dialects/Cameo/MovementBase.td"

def Cameo_GatherOp : Cameo_MovementOp<"gather", [Cameo_SelectionInterface]> {
  let summary = "whole slices along an axis, picked by index";
  let description = [{
    `y[o.., i.., r..] = x[o.., indices[i..], r..]`, the index standing at `axis`.
    (C1) `axis` is in [-rank, rank). (C2) indices that are known at compile time are in [-n, n).
    ONNX: Gather, since 1.
    Example: `%y = cameo.gather %x, %i {axis = 0 : i64} : (tensor<4x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_IntTensor:$indices, I64Attr:$axis);
}

def Cameo_GatherElementsOp : Cameo_IndexableOp<"gather_elements"> {
  let summary = "one element per index, along an axis";
  let description = [{
    `y[i..] = x[i.. with indices[i..] at axis]`; the result has the shape of `indices`.
    (C1) both operands have one rank. (C2) `axis` is in [-rank, rank). (C3) no other axis of `indices` is longer than that of `x`.
    ONNX: GatherElements, since 11.
    Example: `%y = cameo.gather_elements %x, %i {axis = 1 : i64} : (tensor<2x4xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_IntTensor:$indices, I64Attr:$axis);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_GatherNDOp : Cameo_IndexableOp<"gather_nd"> {
  let summary = "slices picked by tuples of indices";
  let description = [{
    `y[b.., i.., r..] = x[b.., indices[b.., i.., 0], .., indices[b.., i.., m-1], r..]` with `batchDims` leading axes b.
    (C1) the last size m of `indices` is known and `batchDims + m <= rank(x)`. (C2) `0 <= batchDims < rank(indices)`.
    (C3) the batch axes of both operands agree. ONNX: GatherND, since 11 (batch_dims since 12).
    Example: `%y = cameo.gather_nd %x, %i {batchDims = 0 : i64} : (tensor<2x4xf32>, tensor<3x2xi64>) -> tensor<3xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_IntTensor:$indices, I64Attr:$batchDims);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_ScatterElementsOp : Cameo_StructuredOp<"scatter_elements"> {
  let summary = "a copy with single elements replaced or combined";
  let description = [{
    `y = x`, then for each i in row-major order `y[i.. with indices[i..] at axis]` becomes `updates[i..]`, or its combination with
    `updates[i..]` by `reduction` (none, add, mul, max, min).
    (C1) the three operands have one rank. (C2) `axis` is in [-rank, rank). (C3) `updates` has the shape of `indices`.
    (C4) `reduction` is one of the five. (C5) `updates` has the element type of `x`.
    (C6) no other axis of `indices` is longer than that of `x`.
    ONNX: ScatterElements, since 11; Scatter, since 9.
    Example: `%y = cameo.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "none"} : (tensor<4xf32>, tensor<2xi64>, tensor<2xf32>) -> tensor<4xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_IntTensor:$indices, Cameo_AnyTensor:$updates, I64Attr:$axis, StrAttr:$reduction);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_ScatterNDOp : Cameo_StructuredOp<"scatter_nd"> {
  let summary = "a copy with slices replaced or combined at tuples of indices";
  let description = [{
    `y = x`, then for each i in row-major order `y[indices[i.., 0], .., indices[i.., m-1], r..]` becomes `updates[i.., r..]`, or its
    combination with it by `reduction` (none, add, mul, max, min).
    (C1) the last size m of `indices` is known and at most rank(x). (C2) `updates` has the shape indices.shape[:-1] + x.shape[m:].
    (C3) `reduction` is one of the five. (C4) `updates` has the element type of `x`. ONNX: ScatterND, since 11.
    Example: `%y = cameo.scatter_nd %x, %i, %u {reduction = "none"} : (tensor<4x2xf32>, tensor<3x1xi64>, tensor<3x2xf32>) -> tensor<4x2xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_IntTensor:$indices, Cameo_AnyTensor:$updates, StrAttr:$reduction);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_TensorScatterOp : Cameo_IndexableOp<"tensor_scatter"> {
  let summary = "a cache with a run of new entries written from a position per batch entry";
  let description = [{
    `y[b, .., s, ..] = updates[b, .., s - start[b], ..]` where that exists, else `x[b, .., s, ..]`; s stands at `axis`. With `circular`
    positions are taken modulo the cache's length.
    (C1) `axis` is in [-rank, rank) and not the batch axis 0. (C2) `updates` has the shape of `x` but on `axis`, where it is not
    longer. (C3) `starts` has rank 1 and the size of the batch axis. (C4) element types agree.
    ONNX: TensorScatter, since 24.
    Example: `%y = cameo.tensor_scatter %x, %u, %s {axis = 1 : i64} : (tensor<2x8x4xf32>, tensor<2x1x4xf32>, tensor<2xi64>) -> tensor<2x8x4xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_AnyTensor:$updates, Cameo_I64Tensor:$starts, I64Attr:$axis, UnitAttr:$circular);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_CompressOp : Cameo_Op<"compress", [DeclareOpInterfaceMethods<Cameo_KernelInterface>,
                                             DeclareOpInterfaceMethods<Cameo_ShapeInterface, ["sizeBound"]>]> {
  let summary = "the slices along an axis whose condition is true";
  let description = [{
    The size along `axis` is known when the op has run. (C1) `axis` is in [-rank, rank). (C2) `condition` has rank 1 and is not
    longer than the axis. ONNX: Compress, since 9 (without axis the importer flattens first).
    Example: `%y = cameo.compress %x, %c {axis = 0 : i64} : (tensor<4x2xf32>, tensor<4xi1>) -> tensor<?x2xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_BoolTensor:$condition, I64Attr:$axis);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_NonZeroOp : Cameo_Op<"non_zero", [DeclareOpInterfaceMethods<Cameo_KernelInterface>,
                                            DeclareOpInterfaceMethods<Cameo_ShapeInterface, ["sizeBound"]>]> {
  let summary = "the indices of all elements that are not zero";
  let description = [{
    `y[a, n]` is the index along axis a of the n-th such element in row-major order; how many there are is known when the op has
    run. A scalar counts as a vector of one element. ONNX: NonZero, since 9.
    Example: `%y = cameo.non_zero %x : (tensor<2x4xf32>) -> tensor<2x?xi64>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x);
  let results = (outs Cameo_I64Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif
