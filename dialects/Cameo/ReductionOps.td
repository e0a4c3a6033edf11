// ReductionOps.td - ops that combine the elements along axes: sums and extrema, positions of extrema, running sums, softmax.
#ifndef CAMEO_REDUCTION_OPS_TD
#define CAMEO_REDUCTION_OPS_TD
include "dialects/Cameo/CameoBase.td"

class Cameo_ReductionBase<string mnemonic, dag ins_, list<Trait> traits = []>
    : Cameo_StructuredOp<mnemonic, !listconcat([DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue", "allowsPrologue"]>],
                                         traits)> {
  let arguments = ins_;
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_ReduceOp : Cameo_ReductionBase<"reduce",
    (ins Cameo_ComputableTensor:$x, DenseI64ArrayAttr:$axes, StrAttr:$kind, UnitAttr:$keepDims),
    [Cameo_AxesLayoutInterface, DeclareOpInterfaceMethods<Cameo_CostInterface>]> {
  let summary = "sum, mean, prod, max or min over some axes";
  let description = [{
    `y[i] = kind over j of x[i, j]`, j running over `axes`, which the result keeps with size 1 if `keepDims`. Over no elements a
    sum is 0, a prod 1, a mean NaN, and an extremum the one that any element would replace. max and min propagate NaN.
    Sums accumulate in f32 for f16 and bf16, and in f64 for f32 where order matters (-O0).
    (C1) axes are in [0, rank) and unique. (C2) `kind` is one of the five.
    ONNX: the ten Reduce ops, since 1; those that are missing here are composed by the importer.
    Example: `%y = cameo.reduce %x {axes = array<i64: 1>, kind = "sum"} : (tensor<2x8xf32>) -> tensor<2xf32>`
  }];
}

def Cameo_ReduceDynamicOp : Cameo_ReductionBase<"reduce_dynamic",
    (ins Cameo_ComputableTensor:$x, Cameo_I64Tensor:$axes, StrAttr:$kind, UnitAttr:$keepDims),
    [DeclareOpInterfaceMethods<Cameo_CostInterface>]> {
  let summary = "cameo.reduce over axes that only the run can tell";
  let description = [{
    Negative axes count from the end; others outside [-rank, rank) are a run-time error.
    (C1) `axes` has rank 1 and a length known at compile time, at most the rank of `x`. (C2) as in cameo.reduce. ONNX: the ten Reduce
    ops, since 18 (ReduceSum 13).
    Example: `%y = cameo.reduce_dynamic %x, %a {kind = "sum"} : (tensor<2x8xf32>, tensor<1xi64>) -> tensor<?xf32>`
  }];
}

class Cameo_ArgOp<string mnemonic> : Cameo_ReductionBase<mnemonic,
    (ins Cameo_NumberTensor:$x, I64Attr:$axis, UnitAttr:$keepDims, UnitAttr:$last), [Cameo_AxesLayoutInterface]>;
def Cameo_ArgMaxOp : Cameo_ArgOp<"arg_max"> {
  let summary = "position of the largest element along an axis";
  let description = [{
    The first position, or the last one if `last`; a NaN counts as larger than every number. (C1) `axis` is in [-rank, rank).
    (C2) the axis is not empty. ONNX: ArgMax, since 1.
    Example: `%y = cameo.arg_max %x {axis = 1 : i64} : (tensor<2x8xf32>) -> tensor<2xi64>`
  }];
}
def Cameo_ArgMinOp : Cameo_ArgOp<"arg_min"> {
  let summary = "position of the smallest element along an axis";
  let description = [{
    The first position, or the last one if `last`; a NaN counts as smaller than every number. (C1) `axis` is in [-rank, rank).
    (C2) the axis is not empty. ONNX: ArgMin, since 1.
    Example: `%y = cameo.arg_min %x {axis = 1 : i64} : (tensor<2x8xf32>) -> tensor<2xi64>`
  }];
}

def Cameo_CumulateOp : Cameo_ReductionBase<"cumulate",
    (ins Cameo_NumberTensor:$x, Cameo_I64Tensor:$axis, StrAttr:$kind, UnitAttr:$exclusive, UnitAttr:$reverse),
    [DeclareOpInterfaceMethods<Cameo_CostInterface>]> {
  let summary = "running sum or prod along an axis";
  let description = [{
    `y[t] = kind over s <= t of x[s]`; `s < t` if `exclusive`, `s >= t` or `s > t` if `reverse`. `axis` may be known only at run time;
    one outside [-rank, rank) is an error then. (C1) `axis` has one element, in [-rank, rank). (C2) `kind` is sum or prod.
    ONNX: CumSum, since 11; CumProd, since 26.
    Example: `%y = cameo.cumulate %x, %a {kind = "sum"} : (tensor<2x8xf32>, tensor<i64>) -> tensor<2x8xf32>`
  }];
}

class Cameo_SoftmaxBase<string mnemonic, list<Trait> traits = []>
    : Cameo_ReductionBase<mnemonic, (ins Cameo_FloatTensor:$x, I64Attr:$axis),
                          !listconcat([Cameo_AxesLayoutInterface, DeclareOpInterfaceMethods<Cameo_CostInterface>], traits)>;
def Cameo_SoftmaxOp : Cameo_SoftmaxBase<"softmax", [Cameo_NonNegative]> {
  let summary = "softmax along one axis";
  let description = [{
    `y[i] = exp(x[i] - m) / sum_j exp(x[j] - m)` with `m = max_j x[j]`. (C1) `axis` is in [-rank, rank). ONNX: Softmax, since 13;
    older versions are imported through reshapes.
    Example: `%y = cameo.softmax %x {axis = -1 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>`
  }];
}
def Cameo_LogSoftmaxOp : Cameo_SoftmaxBase<"log_softmax"> {
  let summary = "logarithm of softmax along one axis";
  let description = [{
    `y[i] = x[i] - m - log(sum_j exp(x[j] - m))` with `m = max_j x[j]`. (C1) `axis` is in [-rank, rank).
    ONNX: LogSoftmax, since 13; older versions are imported through reshapes.
    Example: `%y = cameo.log_softmax %x {axis = -1 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>`
  }];
}
#endif
