// PointwiseBase.td - one `def` of these classes gives a pointwise op everywhere: dialect, import, naive path, fusion, epilogues.
#ifndef CAMEO_POINTWISE_BASE_TD
#define CAMEO_POINTWISE_BASE_TD
include "dialects/Cameo/CameoBase.td"

// How the result's element type follows from the operands'.
class Cameo_ResultElement<string expression> { string cpp = expression; }
def Cameo_SameElement : Cameo_ResultElement<"::mlir::getElementTypeOrSelf(getOperation()->getOperand(0))">;
def Cameo_BoolElement : Cameo_ResultElement<"::mlir::IntegerType::get(getContext(), 1)">;

// `body` sees `b` (an ImplicitLocOpBuilder), `x` (the operands, compute type), `type` (their compute type, maybe a vector)
// and `element` (operand 0's semantic element type); it returns the result.
class Cameo_Pointwise<string mnemonic, string onnx, dag ins_, Cameo_ResultElement element, string body, list<Trait> traits = []>
    : Op<Cameo_Dialect, mnemonic, !listconcat([NoMemoryEffect, DeclareOpInterfaceMethods<Cameo_ShapeInterface, ["requireSizes"]>,
                                               DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue", "allowsPrologue"]>,
                                               DeclareOpInterfaceMethods<Cameo_IndexableInterface>,
                                               DeclareOpInterfaceMethods<Cameo_PointwiseInterface>,
                                               DeclareOpInterfaceMethods<Cameo_CostInterface>,
                                               Cameo_LayoutInterface], traits)> {
  let arguments = ins_;
  let results = (outs Cameo_AnyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{ static ::llvm::StringRef onnxName() { return "}] # onnx # [{"; } }];
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferShapes(::cameo::ShapeAnalysis &shapes, ::llvm::SmallVectorImpl<::cameo::ShapeInfo> &results) {
      return ::cameo::inferPointwise(getOperation(), }] # element.cpp # [{, shapes, results);
    }
    void $cppClass::requireSizes(::cameo::SizeRequirements &required) { required.allBroadcast(); }
    ::llvm::LogicalResult $cppClass::emitLoops(::cameo::KernelEmitter &k, ::mlir::OpBuilder &b,
        ::llvm::ArrayRef<::cameo::KernelTensor> operands, ::llvm::ArrayRef<::cameo::KernelTensor> results) {
      return ::cameo::emitIndexable(*this, k, b, operands, results);
    }
    bool $cppClass::allowsEpilogue() { return true; }
    bool $cppClass::allowsPrologue(unsigned) { return true; }
    ::mlir::Value $cppClass::elementAt(::cameo::KernelEmitter &k, ::mlir::OpBuilder &b, ::llvm::ArrayRef<::cameo::KernelTensor> operands,
        ::llvm::ArrayRef<::cameo::Dim> resultDims, ::mlir::ValueRange indices) {
      return ::cameo::pointwiseElement(*this, k, b, operands, resultDims, indices);
    }
    ::cameo::Dim $cppClass::flops(::cameo::ShapeAnalysis &shapes) { return ::cameo::pointwiseFlops(*this, shapes); }
    ::mlir::Value $cppClass::buildScalar(::mlir::OpBuilder &builder, ::mlir::ValueRange x) {
      ::mlir::ImplicitLocOpBuilder b(getLoc(), builder);
      ::mlir::Type type = x[0].getType();
      ::mlir::Type element = ::mlir::getElementTypeOrSelf(getOperation()->getOperand(0));
      (void)type; (void)element;
      using namespace ::mlir;
      }] # body # [{
    }
  }];
}

// An op that arithmetic on sizes is made of.
def Cameo_FollowsElements : DeclareOpInterfaceMethods<Cameo_PointwiseInterface, ["followElement"]>;

class Cameo_Unary<string mnemonic, string onnx, string body, list<Trait> traits = []>
    : Cameo_Pointwise<mnemonic, onnx, (ins Cameo_ComputableTensor:$x), Cameo_SameElement, body, traits>;
class Cameo_FloatUnary<string mnemonic, string onnx, string body, list<Trait> traits = []>
    : Cameo_Pointwise<mnemonic, onnx, (ins Cameo_FloatTensor:$x), Cameo_SameElement, body, traits>;
class Cameo_Binary<string mnemonic, string onnx, string body, list<Trait> traits = []>
    : Cameo_Pointwise<mnemonic, onnx, (ins Cameo_ComputableTensor:$x, Cameo_ComputableTensor:$y), Cameo_SameElement, body,
                      !listconcat([SameOperandsElementType], traits)>;
class Cameo_Compare<string mnemonic, string onnx, string body, list<Trait> traits = []>
    : Cameo_Pointwise<mnemonic, onnx, (ins Cameo_ComputableTensor:$x, Cameo_ComputableTensor:$y), Cameo_BoolElement, body,
                      !listconcat([SameOperandsElementType], traits)>;
#endif
