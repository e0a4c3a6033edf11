// LlvmLowering.cpp - see LlvmLowering.h.
#include "cameo/Codegen/LlvmLowering.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace cameo::codegen;

LogicalResult cameo::codegen::simplifyLoops(ModuleOp module) {
  PassManager cleanup(module.getContext());
  cleanup.enableVerifier(false); // it costs compile time per kernel
  cleanup.addPass(createCanonicalizerPass());
  cleanup.addPass(createCSEPass());
  cleanup.addPass(createLoopInvariantCodeMotionPass());
  return cleanup.run(module);
}

/// Masked vectors of f16 and bf16 become such of integers: where there is no instruction for them, LLVM takes them
/// apart through f32, with functions of its own library.
static void maskIntegers(ModuleOp module) {
  auto bitsOf = [](Type type) -> VectorType {
    auto vector = dyn_cast<VectorType>(type);
    if (!vector || !(vector.getElementType().isF16() || vector.getElementType().isBF16()))
      return {};
    return vector.clone(IntegerType::get(type.getContext(), 16));
  };
  module.walk([&](Operation *op) {
    OpBuilder b(op);
    auto as = [&](Type type, Value value) { return LLVM::BitcastOp::create(b, op->getLoc(), type, value); };
    if (auto store = dyn_cast<LLVM::MaskedStoreOp>(op)) {
      if (VectorType bits = bitsOf(store.getValue().getType()))
        store.getValueMutable().assign(as(bits, store.getValue()));
    } else if (auto load = dyn_cast<LLVM::MaskedLoadOp>(op)) {
      VectorType floats = cast<VectorType>(load.getType()), bits = bitsOf(floats);
      if (!bits)
        return;
      load.getPassThruMutable().assign(as(bits, load.getPassThru()));
      load.getResult().setType(bits);
      b.setInsertionPointAfter(op);
      auto back = as(floats, load);
      load.getResult().replaceAllUsesExcept(back, back);
    }
  });
}

namespace {
/// The larger of two, or NaN, as processors find the larger one of two numbers, which is the second where they do not
/// compare; and a choice. (Not of x, with which LLVM would join the two choices.) Where the second is a constant, a
/// comparison and one choice are shorter.
template <typename OpT, arith::CmpFPredicate wins> struct ExpandExtremum final : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &b) const override {
    Value x = op.getLhs(), y = op.getRhs();
    if (matchPattern(y, m_Constant()))
      return failure();
    Location loc = op.getLoc();
    auto type = cast<FloatType>(getElementTypeOrSelf(x.getType()));
    TypedAttr nan = b.getFloatAttr(type, APFloat::getNaN(type.getFloatSemantics()));
    if (auto vector = dyn_cast<VectorType>(x.getType()))
      nan = DenseElementsAttr::get(vector, Attribute(nan));
    Value better = arith::CmpFOp::create(b, loc, wins, x, y);
    Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
    Value number = arith::SelectOp::create(b, loc, better, x, y);
    b.replaceOpWithNewOp<arith::SelectOp>(op, isNan, Value(arith::ConstantOp::create(b, loc, nan)), number);
    return success();
  }
};
} // namespace

LogicalResult cameo::codegen::lowerToLLVM(ModuleOp module, const LoweringOptions &options) {
  MLIRContext *context = module.getContext();
  if (options.mathSource != MathSource::Libm) {
    RewritePatternSet patterns(context);
    populateMathFunctionPatterns(patterns, options.math);
    if (options.mathSource == MathSource::Own)
      populateOtherMathFunctionPatterns(patterns);
    else if (options.math.hasFma)
      populateInverseMathFunctionPatterns(patterns, /*keepsF64=*/true);
    if (failed(applyPatternsGreedily(module, std::move(patterns))))
      return failure();
  }
  {
    RewritePatternSet patterns(context);
    populateSCFToControlFlowConversionPatterns(patterns);
    ConversionTarget legal(*context);
    legal.addIllegalOp<scf::ForOp, scf::IfOp, scf::WhileOp, scf::ParallelOp>();
    legal.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(module, legal, std::move(patterns))))
      return failure();
  }
  LowerToLLVMOptions conventions(context);
  conventions.useBarePtrCallConv = true;
  LLVMTypeConverter converter(context, conventions);
  {
    // Processors have instructions for these; the patterns for libm would make calls of them. Maxima that keep NaN are
    // shorter as a comparison and two choices than as LLVM's intrinsic.
    RewritePatternSet patterns(context);
    populateMathToLLVMConversionPatterns(converter, patterns);
    arith::populateArithExpandOpsPatterns(patterns);
    patterns.add<ExpandExtremum<arith::MaximumFOp, arith::CmpFPredicate::OGT>,
                 ExpandExtremum<arith::MinimumFOp, arith::CmpFPredicate::OLT>>(context, /*benefit=*/2);
    ConversionTarget legal(*context);
    legal.addIllegalOp<arith::MaximumFOp, arith::MinimumFOp>();
    // Elsewhere LLVM would call a function of its own library, which programs do not have.
    if (!options.hasBf16Conversions) {
      arith::populateExpandBFloat16Patterns(patterns);
      legal.addDynamicallyLegalOp<arith::ExtFOp, arith::TruncFOp>([](Operation *op) {
        return !getElementTypeOrSelf(op->getOperand(0)).isBF16() && !getElementTypeOrSelf(op->getResult(0)).isBF16();
      });
    }
    legal.addIllegalOp<math::AbsFOp, math::SqrtOp, math::FloorOp, math::CeilOp, math::TruncOp, math::RoundEvenOp,
                       math::CopySignOp, math::FmaOp>();
    legal.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(module, legal, std::move(patterns))))
      return failure();
  }
  RewritePatternSet patterns(context);
  arith::populateCeilFloorDivExpandOpsPatterns(patterns);
  arith::populateArithToLLVMConversionPatterns(converter, patterns);
  cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
  index::populateIndexToLLVMConversionPatterns(converter, patterns);
  ub::populateUBToLLVMConversionPatterns(converter, patterns);
  populateFuncToLLVMConversionPatterns(converter, patterns);
  populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
  populateMathToLLVMConversionPatterns(converter, patterns);
  populateMathToLibmConversionPatterns(patterns);
  vector::populateVectorBroadcastLoweringPatterns(patterns);
  populateVectorToLLVMConversionPatterns(converter, patterns);
  LLVMConversionTarget legal(*context);
  legal.addLegalOp<ModuleOp>();
  if (failed(applyFullConversion(module, legal, std::move(patterns))))
    return failure();
  maskIntegers(module);
  return success();
}

/// The lane that a constant mask lets through, where that is one.
static std::optional<unsigned> singleLane(llvm::Value *mask) {
  auto *constant = dyn_cast<llvm::Constant>(mask);
  auto *type = dyn_cast<llvm::FixedVectorType>(mask->getType());
  std::optional<unsigned> lane;
  for (unsigned i = 0; constant && type && i < type->getNumElements(); ++i) {
    llvm::Constant *bit = constant->getAggregateElement(i);
    if (!bit || (!bit->isNullValue() && (lane || !bit->isOneValue())))
      return std::nullopt;
    if (!bit->isNullValue())
      lane = i;
  }
  return lane;
}

/// Masked stores of one lane become stores of an element. Of such a store LLVM 22 writes too many bytes where AVX-512
/// narrows what it stores, as the lane is written as wide as it was (reduceMaskedStoreToScalarStore of
/// X86ISelLowering.cpp does not ask whether the store narrows).
static void storeSingleLanes(llvm::Module &module) {
  for (llvm::Function &function : module)
    for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
      auto *store = dyn_cast<llvm::IntrinsicInst>(&instruction);
      if (!store || store->getIntrinsicID() != llvm::Intrinsic::masked_store)
        continue;
      llvm::Value *value = store->getArgOperand(0), *pointer = store->getArgOperand(1);
      std::optional<unsigned> lane = singleLane(store->getArgOperand(2));
      if (!lane)
        continue;
      llvm::IRBuilder<> builder(store);
      llvm::Value *element = builder.CreateExtractElement(value, uint64_t(*lane));
      llvm::Value *place = builder.CreateConstInBoundsGEP1_64(element->getType(), pointer, *lane);
      uint64_t bytes = module.getDataLayout().getTypeStoreSize(element->getType());
      builder.CreateAlignedStore(element, place,
                                 llvm::commonAlignment(store->getParamAlign(1).valueOrOne(), uint64_t(*lane) * bytes));
      store->eraseFromParent();
    }
}

void cameo::codegen::optimize(llvm::Module &module, llvm::TargetMachine &machine, int level, bool vectorizeLoops) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = vectorizeLoops;
  tuning.SLPVectorization = false; // it breaks up hand-made vector code
  tuning.LoopUnrolling = false;    // the emitters unroll where it pays
  llvm::PassBuilder passes(&machine, tuning);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(sccs);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, sccs, modules);
  auto pipeline = passes.buildPerModuleDefaultPipeline(level == 0   ? llvm::OptimizationLevel::O1
                                                       : level == 1 ? llvm::OptimizationLevel::O2
                                                                    : llvm::OptimizationLevel::O3);
  pipeline.run(module, modules);
  storeSingleLanes(module);
}
