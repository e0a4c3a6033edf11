// GenerationOps.td - ops whose elements follow from their position: range, eye_like, one_hot, random.
#ifndef CAMEO_GENERATION_OPS_TD
#define CAMEO_GENERATION_OPS_TD
include "dialects/Cameo/CameoBase.td"

def Cameo_RangeOp : Cameo_IndexableOp<"range", [], "operand != 2"> {
  let summary = "an arithmetic sequence of a given length";
  let description = [{
    `y[i] = start + i * delta` for `0 <= i < max(count, 0)`; computed in the compute type, integers wrap.
    (C1) each operand has one element. (C2) `start` and `delta` have one element type.
    ONNX: Range, since 11 (the importer computes the count from the limit).
    Example: `%y = cameo.range %s, %d, %n : (tensor<f32>, tensor<f32>, tensor<i64>) -> tensor<?xf32>`
  }];
  let arguments = (ins Cameo_NumberTensor:$start, Cameo_NumberTensor:$delta, Cameo_I64Tensor:$count);
  let results = (outs Cameo_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_EyeLikeOp : Cameo_IndexableOp<"eye_like"> {
  let summary = "ones on a diagonal, zeros elsewhere, in the shape of the operand";
  let description = [{
    `y[i, j] = (j == i + k) ? 1 : 0` of element type `to`; the operand's elements are not read.
    (C1) the operand has rank 2. ONNX: EyeLike, since 9.
    Example: `%y = cameo.eye_like %x {k = 0 : i64, to = f32} : (tensor<3x4xi64>) -> tensor<3x4xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, I64Attr:$k, TypeAttr:$to);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_OneHotOp : Cameo_IndexableOp<"one_hot", [], "operand != 1"> {
  let summary = "vectors with one element switched on";
  let description = [{
    `y[i.., d, j..] = values[1]` where `d == indices[i.., j..]` (counted from the end when negative), else `values[0]`; d stands at
    `axis` of the result and runs to `depth`. Indices outside [-depth, depth) switch nothing on.
    (C1) `axis` is in [-rank(y), rank(y)). (C2) `depth` has one element. (C3) `values` has two.
    ONNX: OneHot, since 9.
    Example: `%y = cameo.one_hot %i, %d, %v {axis = -1 : i64} : (tensor<3xi64>, tensor<i64>, tensor<2xf32>) -> tensor<3x?xf32>`
  }];
  let arguments = (ins Cameo_IntTensor:$indices, Cameo_I64Tensor:$depth, Cameo_AnyTensor:$values, I64Attr:$axis);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_RandomOp : Cameo_IndexableOp<"random", [], "false"> {
  let summary = "pseudo-random numbers";
  let description = [{
    Element i (row-major) is a function of `seed` and i alone, so every run gives the same numbers. "uniform": evenly spread over
    [a, b); "normal": with mean a and standard deviation b. `sizes` holds the result's sizes.
    (C1) `sizes` has rank 1 and a known length. (C2) `distribution` is one of the two.
    Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators" (splitmix64); Box and Muller 1958.
    ONNX: RandomUniform, RandomNormal and their Like forms, since 1; Bernoulli, Multinomial.
    Example: `%y = cameo.random %n {distribution = "uniform", a = 0.0 : f32, b = 1.0 : f32, seed = 7 : i64, to = f32} : (tensor<2xi64>) -> tensor<?x?xf32>`
  }];
  let arguments = (ins Cameo_I64Tensor:$sizes, StrAttr:$distribution, F32Attr:$a, F32Attr:$b, I64Attr:$seed, TypeAttr:$to);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif
