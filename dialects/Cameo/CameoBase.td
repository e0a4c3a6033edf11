// CameoBase.td - the dialect, its types' constraints, and the base classes of its ops.
#ifndef CAMEO_BASE_TD
#define CAMEO_BASE_TD
include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/Cameo/CameoInterfaces.td"

def Cameo_Dialect : Dialect {
  let name = "cameo";
  let cppNamespace = "::cameo";
  let summary = "neural networks as ONNX means them, normalised";
  let description = [{
    Values are ranked tensors. Element types: f32 f64 f16 bf16, i2..i64 (signed), ui2..ui64, i1 (bool); and the narrow floats
    f8E4M3FN f8E4M3FNUZ f8E5M2 f8E5M2FNUZ f8E8M0FNU f4E2M1FN, which are moved and converted but not computed with; and
    !cameo.string. A `?` is a size known at run time; ShapeAnalysis knows which of them are equal. Every op's location is the
    ONNX node it came from.
  }];
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::func::FuncDialect"];
  let extraClassDeclaration = [{
    /// addOperations is protected; families register through this.
    template <typename... Ops> void addFamily() { addOperations<Ops...>(); }
  }];
}

def Cameo_String : TypeDef<Cameo_Dialect, "String"> {
  let mnemonic = "string";
  let summary = "a text";
  let description = [{
    Only the element of a tensor. In a program it is the number of its text (KernelABI.h), so ops that move elements or ask whether
    they are equal need not know about texts.
  }];
}

def Cameo_Float : AnyTypeOf<[F16, BF16, F32, F64]>;
def Cameo_NarrowFloat : AnyTypeOf<[F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, F8E8M0FNU, F4E2M1FN]>;
def Cameo_Integer : AnyTypeOf<[I<2>, I<4>, I8, I16, I32, I64, UI<2>, UI<4>, UI8, UI16, UI32, UI64]>;
def Cameo_AnyTensor : RankedTensorOf<[Cameo_Float, Cameo_NarrowFloat, Cameo_Integer, I1, Cameo_String]>;
// All that is numbers, or bits.
def Cameo_NumericTensor : RankedTensorOf<[Cameo_Float, Cameo_NarrowFloat, Cameo_Integer, I1]>;
def Cameo_StringTensor : RankedTensorOf<[Cameo_String]>;
def Cameo_FloatTensor : RankedTensorOf<[Cameo_Float]>;
def Cameo_IntTensor : RankedTensorOf<[Cameo_Integer]>;
def Cameo_NumberTensor : RankedTensorOf<[Cameo_Float, Cameo_Integer]>;
def Cameo_ComputableTensor : RankedTensorOf<[Cameo_Float, Cameo_Integer, I1]>;
def Cameo_ComparableTensor : RankedTensorOf<[Cameo_Float, Cameo_Integer, I1, Cameo_String]>;
def Cameo_QuantizedTensor : RankedTensorOf<[Cameo_NarrowFloat, Cameo_Integer]>;
def Cameo_BoolTensor : RankedTensorOf<[I1]>;
def Cameo_BitsTensor : RankedTensorOf<[Cameo_Integer, I1]>;
def Cameo_ByteTensor : RankedTensorOf<[I8, UI8]>;
def Cameo_I32Tensor : RankedTensorOf<[I32]>;
def Cameo_I64Tensor : RankedTensorOf<[I64]>;

// An op that computes tensors and knows their shapes. It has no effect on memory; it may end the run with an error, so it is not
// to be computed where it was not asked for. Structured ops write `inferShapes` and
// `emitLoops` in the family's .cpp.
class Cameo_Op<string mnemonic, list<Trait> traits = []>
    : Op<Cameo_Dialect, mnemonic, !listconcat([NoMemoryEffect, DeclareOpInterfaceMethods<Cameo_ShapeInterface>], traits)>;

// An op with several operands whose sizes must agree, and do not show it in every type.
def Cameo_RequiresSizes : DeclareOpInterfaceMethods<Cameo_ShapeInterface, ["requireSizes"]>;

// f(c x, c y, ..) = c f(x, y, ..) for numbers c > 0.
def Cameo_Homogeneous : NativeOpTrait<"Homogeneous"> { let cppNamespace = "::cameo"; }
// No float among the results is below 0, or -0; NaN is allowed.
def Cameo_NonNegative : NativeOpTrait<"NonNegative"> { let cppNamespace = "::cameo"; }
// Its kernels call services of the runtime.
def Cameo_CallsRuntime : NativeOpTrait<"CallsRuntime"> { let cppNamespace = "::cameo"; }
// An integer 0 as the second operand is an error of the run.
def Cameo_DividesBySecond : NativeOpTrait<"DividesBySecond"> { let cppNamespace = "::cameo"; }

// The layout of an op with the attribute channelsLast: operand 0 and the results are activations.
def Cameo_ChannelsLastInterface : DeclareOpInterfaceMethods<
    Cameo_LayoutInterface, ["prefersChannelsLast", "permutedOperands", "permuteAxes"]>;
// The layout of an op that names axes by attributes.
def Cameo_AxesLayoutInterface : DeclareOpInterfaceMethods<Cameo_LayoutInterface, ["permutedOperands", "permuteAxes"]>;

// A structured op with its own loops.
class Cameo_StructuredOp<string mnemonic, list<Trait> traits = []>
    : Cameo_Op<mnemonic, !listconcat([DeclareOpInterfaceMethods<Cameo_KernelInterface>], traits)>;

// An op whose result elements can be computed one by one: writes `elementAt`, gets `emitLoops` and fusion. `allowsPrologue` is an
// expression in `operand`; operands that are sizes must lie in memory, where the host function reads them.
class Cameo_IndexableOp<string mnemonic, list<Trait> traits = [], string allowsPrologue = "true">
    : Cameo_Op<mnemonic, !listconcat([DeclareOpInterfaceMethods<Cameo_IndexableInterface>,
                                      DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue", "allowsPrologue"]>],
                                     traits)> {
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::emitLoops(::cameo::KernelEmitter &k, ::mlir::OpBuilder &b,
        ::llvm::ArrayRef<::cameo::KernelTensor> operands, ::llvm::ArrayRef<::cameo::KernelTensor> results) {
      return ::cameo::emitIndexable(*this, k, b, operands, results);
    }
    bool $cppClass::allowsEpilogue() { return true; }
    bool $cppClass::allowsPrologue([[maybe_unused]] unsigned operand) { return }] # allowsPrologue # [{; }
  }];
}
#endif
