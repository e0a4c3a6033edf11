// StructureOps.td - what programs are made of: constants, views, kernels, control flow.
#ifndef CAMEO_STRUCTURE_OPS_TD
#define CAMEO_STRUCTURE_OPS_TD
include "dialects/Cameo/CameoBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Cameo_ConstantOp : Cameo_Op<"constant", [ConstantLike, AllTypesMatch<["value", "result"]> /*C1*/]> {
  let summary = "a tensor known at compile time";
  let description = [{
    (C1) `value` has the result's type. Large values are resources that point into the mapped model file. (C2) it is dense or such a resource.
    ONNX: Constant and initializers. Example: `%c = cameo.constant dense<1.0> : tensor<2xf32>`
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Cameo_ReshapeOp : Cameo_Op<"reshape", [DeclareOpInterfaceMethods<Cameo_AliasInterface>, Cameo_SelectionInterface]> {
  let summary = "the same elements in row-major order under another shape";
  let description = [{
    `shape` holds the result's sizes; a 0 copies the operand's size of that axis unless `allowzero`, one -1 takes what remains.
    (C1) `shape` has rank 1 and a known length. (C2) at most one -1. (C3) the element counts agree.
    (C4) a 0 that copies has an axis to copy; other sizes are -1 or more.
    ONNX: Reshape, since 1; Flatten, whose shape the importer writes.
    Example: `%y = cameo.reshape %x, %s : (tensor<2x4xf32>, tensor<1xi64>) -> tensor<8xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_I64Tensor:$shape, UnitAttr:$allowzero);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "$x `,` $shape attr-dict `:` functional-type(operands, results)";
}

def Cameo_SqueezeOp : Cameo_Op<"squeeze", [DeclareOpInterfaceMethods<Cameo_AliasInterface>, Cameo_SelectionInterface]> {
  let summary = "drops axes of size 1";
  let description = [{
    (C1) every axis of `axes` is in range and unique. (C2) the dropped axes have size 1.
    ONNX: Squeeze, since 13. Example: `%y = cameo.squeeze %x {axes = array<i64: 0>} : (tensor<1x4xf32>) -> tensor<4xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Cameo_UnsqueezeOp : Cameo_Op<"unsqueeze", [DeclareOpInterfaceMethods<Cameo_AliasInterface>, Cameo_SelectionInterface]> {
  let summary = "inserts axes of size 1";
  let description = [{
    `axes` are positions in the result. (C1) every axis is in range and unique.
    ONNX: Unsqueeze, since 13. Example: `%y = cameo.unsqueeze %x {axes = array<i64: 0>} : (tensor<4xf32>) -> tensor<1x4xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Cameo_ShapeOfOp : Cameo_Op<"shape_of"> {
  let summary = "the sizes of axes [start, end) as a vector";
  let description = [{
    The compiled program has the sizes at hand, so nothing is computed. ONNX: Shape, since 1 (start and end since 15), Size.
    Example: `%s = cameo.shape_of %x {start = 0 : i64, end = 2 : i64} : (tensor<2x?xf32>) -> tensor<2xi64>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, I64Attr:$start, I64Attr:$end);
  let results = (outs Cameo_I64Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

def Cameo_KernelOp : Cameo_Op<"kernel", [IsolatedFromAbove, SingleBlock]> {
  let summary = "ops that become one compiled function";
  let description = [{
    The body's arguments are the operands, in order; its `cameo.yield` gives the results. Passes form kernels; code generation
    turns each into one function. `config` holds the choices made for it (tile sizes), which can be written by hand.
    `appends` is an axis: the one result is a cameo.concat along it, of whose first operand, an argument that nothing else
    reads, the rows may lie in the result already. Then only the others are stored. (C1) that is what the body yields.
    `inPlace` are inputs that other kernels store where the one result, a cameo.concat, has them: it copies the others only.
    (C2) each is a kernel's result that nothing in the body but the concatenation reads.
    Example: `%y = cameo.kernel(%x) {...} : (tensor<2xf32>) -> tensor<2xf32>`
  }];
  let arguments = (ins Variadic<Cameo_AnyTensor>:$inputs, OptionalAttr<DictionaryAttr>:$config,
                       OptionalAttr<I64Attr>:$appends, OptionalAttr<DenseI64ArrayAttr>:$inPlace);
  let results = (outs Variadic<Cameo_AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`(` $inputs `)` attr-dict-with-keyword $body `:` functional-type($inputs, $results)";
  let hasVerifier = 1;
}

def Cameo_IfOp : Cameo_Op<"if", [RecursiveMemoryEffects, SingleBlock, NoRegionArguments]> {
  let summary = "runs one of two regions";
  let description = [{
    (C1) `condition` has one element. (C2) both regions yield as many values as there are results, of the results' element
    types and ranks; sizes may differ. ONNX: If, since 1.
  }];
  let arguments = (ins Cameo_BoolTensor:$condition);
  let results = (outs Variadic<Cameo_AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$thenRegion, SizedRegion<1>:$elseRegion);
  let assemblyFormat = "$condition attr-dict-with-keyword $thenRegion `else` $elseRegion `:` functional-type($condition, $results)";
  let hasVerifier = 1;
}

def Cameo_RequireOp : Cameo_StructuredOp<"require"> {
  let summary = "a tensor, on a condition";
  let description = [{
    `y = x`. Where `condition` is not `expected`, the run ends with the status CAMEO_SHAPE_MISMATCH and `message`, in which
    "%lld" stands for x if that is an integer of rank 0.
    (C1) `condition` has one element. ONNX: what an import had to assume, such as
    the branch of an If that the nodes behind it can follow.
    Example: `%y = cameo.require %x, %c {expected = true, message = "the clip is too long"} : (tensor<4xf32>, tensor<i1>) -> tensor<4xf32>`
  }];
  let arguments = (ins Cameo_AnyTensor:$x, Cameo_BoolTensor:$condition, BoolAttr:$expected, StrAttr:$message);
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_LoopOp : Cameo_Op<"loop", [RecursiveMemoryEffects, SingleBlock, AttrSizedOperandSegments]> {
  let summary = "repeats a region, carrying values and collecting outputs";
  let description = [{
    The body gets (iteration: tensor<i64>, condition: tensor<i1>, carried...) and yields (condition, carried..., collected...).
    It runs while the iteration is below `tripCount` (if given) and the condition is true. Results are the carried values, then
    each collected value stacked along a new leading axis. Sizes of carried values may change from one iteration to the next;
    those of collected values may not. Where no iteration runs, a size that only the body knows is that of `declared`, the
    type of what one iteration collects, or 0. ONNX: Loop, since 1; Scan is imported as a loop.
    (C1) element types and ranks of carried operands, body arguments, yielded values and results agree. (C2) so do their numbers. (C3) `declared`
    has a ranked tensor for each collected value, of its rank. (C4) `tripCount` and `condition` have one element.
  }];
  let arguments = (ins Optional<Cameo_I64Tensor>:$tripCount, Optional<Cameo_BoolTensor>:$condition,
                       Variadic<Cameo_AnyTensor>:$carried, OptionalAttr<TypeArrayAttr>:$declared);
  let results = (outs Variadic<Cameo_AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`times` $tripCount^)? (`while` $condition^)? `carry` `(` $carried `)` attr-dict-with-keyword $body `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// What `declared` says about collected value `i`; null without it.
    mlir::RankedTensorType declaredType(unsigned i) {
      return getDeclared() ? mlir::dyn_cast<mlir::RankedTensorType>(mlir::cast<mlir::TypeAttr>((*getDeclared())[i]).getValue()) : nullptr;
    }
  }];
  let hasVerifier = 1;
}

def Cameo_YieldOp : Op<Cameo_Dialect, "yield", [Pure, ReturnLike, Terminator,
                                                ParentOneOf<["KernelOp", "IfOp", "LoopOp"]>]> {
  let summary = "ends a region and gives its values";
  let description = [{
    A kernel's are the tensors that it stores, a branch's the results of the if, a loop body's what LoopOp says.
  }];
  let arguments = (ins Variadic<Cameo_AnyTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}
#endif
