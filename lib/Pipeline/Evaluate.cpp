// Evaluate.cpp - compiles the kernels of a function by the naive path, or as at -O3 where large matrices are
// multiplied, and runs them in this process.
#include "cameo/Pipeline/Evaluate.h"
#include "InProcess.h"
#include "cameo/Codegen/Placement.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "cameo/Passes/Fold/ConstantEvaluator.h"
#include "cameo/Passes/Fusion/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// Matrix products of at least so many operations are computed by tuned code: by loops they would take over 0.1 s.
static constexpr int64_t kLargeProduct = 1 << 25;

namespace {

struct JitEvaluator : public ConstantEvaluator {
  using ConstantEvaluator::ConstantEvaluator;
  int64_t speedup(Operation *op) const override;
  FailureOr<SmallVector<ElementsAttr>> evaluate(ModuleOp module, ArrayRef<ElementsAttr> arguments,
                                                int64_t mostBytes) const override;
};

} // namespace

int64_t JitEvaluator::speedup(Operation *op) const {
  if (!isa<MatMulOp>(op) || !getElementTypeOrSelf(op->getResultTypes().front()).isF32())
    return 1;
  ShapeAnalysis shapes;
  return flopsOf(shapes, op).constant().value_or(0) < kLargeProduct ? 1 : 256; // 70 of 0.27 GFLOP/s
}

FailureOr<SmallVector<ElementsAttr>> JitEvaluator::evaluate(ModuleOp module, ArrayRef<ElementsAttr> arguments,
                                                            int64_t mostBytes) const {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  bool tuned = llvm::any_of(main.getOps(), [&](Operation &op) { return speedup(&op) > 1; });
  PassManager passes(module.getContext());
  passes.addNestedPass<func::FuncOp>(createFormKernelsPass());
  if (failed(passes.run(module)))
    return failure();
  std::string error;
  std::unique_ptr<HostTarget> target = makeNativeHost(error);
  if (!target)
    return mlir::emitError(main.getLoc()) << error;
  CompileOptions options;
  options.optLevel = tuned ? 3 : 0;
  WeightTable weights;
  ShapeAnalysis shapes;
  VariantCompiler compiler(main, options, *target, *target, "fold", weights);
  LoadedKernels functions;
  if (failed(compiler.emitKernels(shapes, Placements(main, shapes))) || failed(functions.load(compiler, main.getLoc())))
    return failure();
  return InProcessRun(main, arguments, shapes, compiler, functions, mostBytes, "computing it from constants")();
}

void cameo::registerConstantEvaluator(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registry.addExtension(+[](MLIRContext *context, CameoDialect *dialect) {
    dialect->addInterfaces<JitEvaluator>();
    // What lowering creates; a pass that is running cannot load dialects.
    context->loadDialect<LLVM::LLVMDialect, cf::ControlFlowDialect, index::IndexDialect, ub::UBDialect,
                         vector::VectorDialect>();
  });
}
