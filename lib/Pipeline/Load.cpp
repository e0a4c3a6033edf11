// Load.cpp - ONNX by the importer, .mlir by MLIR's parser; errors of both in one form.
#include "cameo/Pipeline/Load.h"
#include "Messages.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Passes/Shape/Passes.h"
#include "cameo/Pipeline/Evaluate.h"
#include "cameo/Pipeline/TextProblem.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace cameo;

void cameo::registerDialects(DialectRegistry &registry) {
  registry.insert<CameoDialect, LLVM::LLVMDialect, cf::ControlFlowDialect, index::IndexDialect, ub::UBDialect,
                  vector::VectorDialect, scf::SCFDialect, func::FuncDialect>();
  registerConstantEvaluator(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

namespace {
/// Reads `.mlir` files.
class TextLoader {
public:
  TextLoader(StringRef path, MLIRContext &context, std::vector<cameo::Diagnostic> &diagnostics)
      : path(path), context(context), diagnostics(diagnostics) {}

  OwningOpRef<ModuleOp> load();

private:
  StringRef path;
  MLIRContext &context;
  std::vector<cameo::Diagnostic> &diagnostics;

  void error(StringRef code, const Twine &message) {
    diagnostics.push_back(cameo::Diagnostic::error(code, message.str()));
  }
  LogicalResult checkOps(func::FuncOp main);
  LogicalResult checkConstants(ModuleOp module);
  void nameValues(func::FuncOp main);
};
} // namespace

OwningOpRef<ModuleOp> TextLoader::load() {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file) {
    error("E-FILE", path + ": cannot be read: " + StringRef(file.getError().message()).lower());
    return {};
  }
  StringRef text = (*file)->getBuffer();
  if (std::optional<TextProblem> problem = findTextProblem(text)) {
    StringRef before = text.take_front(problem->at);
    error("E-PARSE", path + ":" + Twine(before.count('\n') + 1) + ":" + Twine(problem->at - before.rfind('\n')) + ": " +
                         problem->what);
    return {};
  }
  MessageCollector collector(&context, path, "E-PARSE", diagnostics);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*file), {});
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module) {
    if (!hasErrors(diagnostics))
      error("E-PARSE", path + ": is not a module in MLIR's textual form");
    return {};
  }
  auto main = module->lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !main.getBody().hasOneBlock()) {
    error("E-PARSE", path + ": has no func.func @main of one block, which would be the program");
    return {};
  }
  for (Type type : llvm::concat<const Type>(main.getArgumentTypes(), main.getResultTypes()))
    if (!isa<RankedTensorType>(type)) {
      error("E-TYPE", path + ": @main has an argument or result that is not a ranked tensor");
      return {};
    }
  if (failed(checkOps(main)) || failed(checkConstants(*module)))
    return {};
  PassManager passes(&context);
  passes.addNestedPass<func::FuncOp>(createInferShapesPass());
  if (failed(passes.run(*module)))
    return {};
  nameValues(main);
  return module;
}

/// A program is made of the dialect's ops; only @main's end is not one.
LogicalResult TextLoader::checkOps(func::FuncOp main) {
  if (!isa<func::ReturnOp>(main.getBody().front().getTerminator()))
    return main.getBody().front().getTerminator()->emitError("expected func.return at the end of @main");
  WalkResult known = main.getBody().walk([&](Operation *op) {
    if (isa_and_nonnull<CameoDialect>(op->getDialect()) || (isa<func::ReturnOp>(op) && op->getParentOp() == main))
      return WalkResult::advance();
    op->emitError() << op->getName() << " is no op of the dialect cameo, of which @main is made";
    return WalkResult::interrupt();
  });
  return failure(known.wasInterrupted());
}

LogicalResult TextLoader::checkConstants(ModuleOp module) {
  WalkResult complete = module.walk([&](ConstantOp op) {
    auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue());
    if (!resource)
      return WalkResult::advance();
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      op.emitError("a constant has no data: text written by cameo leaves weights out; compile the .onnx file");
    else if (int64_t wanted = constantBytes(resource), found = blob->getData().size(); found != wanted)
      op.emitError("a constant has ") << found << " bytes of data; expected " << wanted << " for " << op.getType();
    else
      return WalkResult::advance();
    return WalkResult::interrupt();
  });
  return failure(complete.wasInterrupted());
}

/// Arguments and results get the attributes that the importer gives them.
void TextLoader::nameValues(func::FuncOp main) {
  Builder b(&context);
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    if (!main.getArgAttr(i, kNameAttr))
      main.setArgAttr(i, kNameAttr, b.getStringAttr("arg" + Twine(i)));
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    if (!main.getResultAttr(i, kNameAttr))
      main.setResultAttr(i, kNameAttr, b.getStringAttr("result" + Twine(i)));
}

OwningOpRef<ModuleOp> cameo::loadModel(StringRef path, MLIRContext &context, const onnx::ImportOptions &options,
                                       std::vector<cameo::Diagnostic> &diagnostics) {
  if (path.ends_with(".mlir"))
    return TextLoader(path, context, diagnostics).load();
  OwningOpRef<ModuleOp> module = onnx::importModel(path, context, options, diagnostics);
  PassManager passes(&context);
  passes.addNestedPass<func::FuncOp>(createFixInputSizesPass());
  if (module && failed(passes.run(*module)))
    return {};
  return module;
}
