// CameoInterfaces.td - what passes and code generation may ask of an op, in place of lists of op names.
#ifndef CAMEO_INTERFACES_TD
#define CAMEO_INTERFACES_TD
include "mlir/IR/OpBase.td"

def Cameo_ShapeInterface : OpInterface<"ShapeInterface"> {
  let cppNamespace = "::cameo";
  let description = [{Knows its results' element types, sizes and, for small integer tensors, contents.}];
  let methods = [
    InterfaceMethod<[{
      Fills one entry per result. Emits an op error and fails when operands or attributes do not fit together; this is where an
      op checks its shape constraints, because sizes may become known after the op was built.
    }], "::llvm::LogicalResult", "inferShapes",
      (ins "::cameo::ShapeAnalysis &":$shapes, "::llvm::SmallVectorImpl<::cameo::ShapeInfo> &":$results)>,
    InterfaceMethod<[{
      For an axis whose size only running the op can tell: a bound that the buffer is made for. Null when the size is known
      by the shape function.
    }], "::cameo::Dim", "sizeBound",
      (ins "::cameo::ShapeAnalysis &":$shapes, "unsigned":$result, "int64_t":$axis),
      /*methodBody=*/"", /*defaultImplementation=*/"return {};">,
    InterfaceMethod<[{
      What the op asks of sizes that inferShapes cannot refuse because only a run knows them. The run compares them before the
      kernel starts, so that it reads and writes within its buffers. Ops that ask for nothing here compare in their loops.
    }], "void", "requireSizes", (ins "::cameo::SizeRequirements &":$required), "", "(void)required;">,
  ];
}

def Cameo_KernelInterface : OpInterface<"KernelInterface"> {
  let cppNamespace = "::cameo";
  let description = [{Computes tensors: can be emitted as loops, alone or fused with its neighbours.}];
  let methods = [
    InterfaceMethod<[{
      Emits loops that store every element of every result. Right on every input; -O0 uses it alone.
    }], "::llvm::LogicalResult", "emitLoops",
      (ins "::cameo::KernelEmitter &":$k, "::mlir::OpBuilder &":$b, "::llvm::ArrayRef<::cameo::KernelTensor>":$operands,
           "::llvm::ArrayRef<::cameo::KernelTensor>":$results)>,
    InterfaceMethod<[{
      True when each result element is stored exactly once and never read back, so that consumers may be applied to it before
      the store.
    }], "bool", "allowsEpilogue", (ins), "", "return false;">,
    InterfaceMethod<[{
      True when each element of the operand is read about once, so that its producer may be evaluated in place. False for
      operands that hold sizes: they lie in memory, where the host function reads them.
    }], "bool", "allowsPrologue", (ins "unsigned":$operand), "", "return false;">,
    InterfaceMethod<[{
      True when the operand's elements may lie in memory with room between them: it is read by `KernelTensor::load`, or by the strides of
      `KernelTensor::memory`.
    }], "bool", "readsStrided", (ins "unsigned":$operand), "", "return false;">,
  ];
}

def Cameo_IndexableInterface : OpInterface<"IndexableInterface"> {
  let cppNamespace = "::cameo";
  let description = [{
    Has one result, any element of which can be computed by itself from elements of the operands: pointwise ops, and ops that
    only move data. Gives the naive lowering (emitLoops) and fusion in both directions.
  }];
  let methods = [
    InterfaceMethod<"The result's element at `indices`, in compute type.", "::mlir::Value", "elementAt",
      (ins "::cameo::KernelEmitter &":$k, "::mlir::OpBuilder &":$b, "::llvm::ArrayRef<::cameo::KernelTensor>":$operands,
           "::llvm::ArrayRef<::cameo::Dim>":$resultDims, "::mlir::ValueRange":$indices)>,
  ];
}

def Cameo_PointwiseInterface : OpInterface<"PointwiseInterface"> {
  let cppNamespace = "::cameo";
  let description = [{
    Result element i is a function of the operands' elements i (after broadcasting) alone. `buildScalar` is called with scalars
    by loops and with vectors by the contraction epilogues, so it must only use ops that work on both.
  }];
  let methods = [
    InterfaceMethod<[{
      The function. Operands and result have compute types (or vectors of them).
    }], "::mlir::Value", "buildScalar", (ins "::mlir::OpBuilder &":$b, "::mlir::ValueRange":$x)>,
    InterfaceMethod<[{
      What the op makes of the elements `x` of small integer tensors, when that can be said as a Dim: how sizes follow from sizes.
      Null otherwise.
    }], "::cameo::Dim", "followElement",
      (ins "::cameo::DimContext &":$d, "::llvm::ArrayRef<::cameo::Dim>":$x), "", "return {};">,
    StaticInterfaceMethod<"ONNX op this is the meaning of, or empty.", "::llvm::StringRef", "onnxName", (ins), "",
      "return {};">,
  ];
}

def Cameo_AliasInterface : OpInterface<"AliasInterface"> {
  let cppNamespace = "::cameo";
  let description = [{Result 0 is operand 0's bytes under another shape; the compiled program does nothing for it.}];
}

def Cameo_SelectionInterface : OpInterface<"SelectionInterface"> {
  let cppNamespace = "::cameo";
  let description = [{
    Each element of result 0 is an element of a selected operand, chosen by its position or, where there is one such operand, by
    its rank among others (a maximum). So an increasing function of the elements, quantization for instance, may as well be
    applied to the selected operands.
  }];
  let methods = [
    InterfaceMethod<"Numbers of the operands that elements are taken from.", "::llvm::SmallVector<unsigned>", "selectedOperands",
      (ins), "", "return {0};">,
  ];
}

def Cameo_ZeroPointInterface : OpInterface<"ZeroPointInterface"> {
  let cppNamespace = "::cameo";
  let description = [{
    Reads operands only as differences from a zero point. So numbers and zero point may be raised together, and may become unsigned.
  }];
  let methods = [
    InterfaceMethod<"Number of the operand that is the zero point of operand `operand`; -1 when it has none.", "int64_t",
      "zeroPointOperand", (ins "unsigned":$operand)>,
  ];
}

def Cameo_LayoutInterface : OpInterface<"LayoutInterface"> {
  let cppNamespace = "::cameo";
  let description = [{
    Can also be computed on operands whose axes stand in another order. A tensor permuted by p has the original's axis p[i] as its
    axis i. Results that have the rank of the permuted operands come out permuted likewise, others as they were.
  }];
  let methods = [
    InterfaceMethod<"True when the op is meant to run on [N, spatial.., C] and is not yet.", "bool", "prefersChannelsLast", (ins), "",
      "return false;">,
    InterfaceMethod<[{
      The operands to be permuted, all others are kept. Empty when this op cannot be permuted so. The default is for ops that
      treat all operands and axes alike; lower ranks broadcast.
    }], "::llvm::SmallVector<unsigned>", "permutedOperands",
      (ins "::cameo::ShapeAnalysis &":$shapes, "::llvm::ArrayRef<int64_t>":$permutation), "", [{
        return ::llvm::to_vector(::llvm::seq<unsigned>(0, $_op->getNumOperands()));
      }]>,
    InterfaceMethod<[{
      Changes what names axes; called on a copy of the op that has the permuted operands but still the old attributes. Result types
      are inferred afterwards.
    }], "void", "permuteAxes", (ins "::mlir::OpBuilder &":$b, "::llvm::ArrayRef<int64_t>":$permutation), "", "return;">,
  ];
}

def Cameo_LinearInterface : OpInterface<"LinearInterface"> {
  let cppNamespace = "::cameo";
  let description = [{
    Result 0 is linear in one operand, the weights: scaling the weights of an output channel scales that channel.
  }];
  let methods = [
    InterfaceMethod<"Number of the operand that holds the weights.", "unsigned", "weightOperand">,
    InterfaceMethod<"Axis of the result that counts output channels.", "int64_t", "channelAxis">,
    InterfaceMethod<"Axis of the weights that counts output channels; -1 when no axis does.", "int64_t", "weightAxis">,
  ];
}

def Cameo_ProductInterface : OpInterface<"ProductInterface"> {
  let cppNamespace = "::cameo";
  let description = [{
    Adds up products of its operands' elements, so that most of its time goes into reading and multiplying factors: it is faster
    where these have fewer bits, and the sums may be as wide as before.
  }];
  let methods = [
    InterfaceMethod<[{
      The operands that hold factors, where rounding them pays: constants, which are rounded once, and what is read many times.
      Empty where it does not.
    }], "::llvm::SmallVector<unsigned>", "factorsWorthRounding", (ins "::cameo::ShapeAnalysis &":$shapes)>,
  ];
}

def Cameo_CostInterface : OpInterface<"CostInterface"> {
  let cppNamespace = "::cameo";
  let description = [{
    Says how much arithmetic the op is, where its naive loops do not tell by themselves (LoopCost.cpp): their length depends on where
    they are, as at the border of a convolution.
  }];
  let methods = [
    InterfaceMethod<[{
      Floating-point operations of the naive loops as a function of the sizes: additions, multiplications, divisions, maxima, and
      each function of the math dialect count 1, so a multiply-add is 2. Comparisons, conversions and integers don't count, nor what
      only makes addresses. What data decide (lengths, masks) counts as if it left out nothing.
    }], "::cameo::Dim", "flops", (ins "::cameo::ShapeAnalysis &":$shapes)>,
  ];
}
#endif
