// ObjectEmission.cpp - MLIR lowering, LLVM optimisation and object emission for CPUs.
#include "cameo/Codegen/CPU/ObjectEmission.h"
#include "cameo/Codegen/MathFunctions.h"
#include "cameo/Runtime/KernelABI.h"
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
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace cameo::codegen;

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

LogicalResult cameo::codegen::lowerToLLVM(ModuleOp module, const CpuTarget &target, bool ownMath) {
  MLIRContext *context = module.getContext();
  if (ownMath) {
    RewritePatternSet patterns(context);
    populateMathFunctionPatterns(patterns, {target.hasFma, target.hasScale});
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
  LowerToLLVMOptions options(context);
  options.useBarePtrCallConv = true;
  LLVMTypeConverter converter(context, options);
  {
    // Processors have instructions for these; the patterns for libm would make calls of them. Maxima that keep NaN are
    // shorter as a comparison and two choices than as LLVM's intrinsic.
    RewritePatternSet patterns(context);
    populateMathToLLVMConversionPatterns(converter, patterns);
    arith::populateArithExpandOpsPatterns(patterns);
    ConversionTarget legal(*context);
    legal.addIllegalOp<arith::MaximumFOp, arith::MinimumFOp>();
    // Elsewhere LLVM would call a function of its own library, which programs do not have.
    if (!(target.required & CAMEO_CPU_AVX512BF16)) {
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

std::unique_ptr<llvm::Module> cameo::codegen::translateToLLVM(ModuleOp module, llvm::LLVMContext &context,
                                                              const CpuTarget &target) {
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(module, context);
  if (!result)
    return nullptr;
  for (llvm::Function &f : *result) {
    if (f.isDeclaration())
      continue;
    f.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      f.addFnAttr("target-features", target.features);
    f.addFnAttr("prefer-vector-width", std::to_string(target.vectorBytes * 8));
    f.addFnAttr(llvm::Attribute::NoUnwind);
  }
  return result;
}

void cameo::codegen::addKernelEntry(llvm::Module &module, const EmittedKernel &kernel, llvm::StringRef symbol) {
  llvm::LLVMContext &context = module.getContext();
  auto *ptr = llvm::PointerType::getUnqual(context);
  auto *i64 = llvm::Type::getInt64Ty(context);
  auto *i32 = llvm::Type::getInt32Ty(context);
  auto *voidType = llvm::Type::getVoidTy(context);
  llvm::Function *body = module.getFunction(kKernelFunction);
  body->setLinkage(llvm::GlobalValue::InternalLinkage);

  auto *type = llvm::FunctionType::get(voidType, {ptr, ptr, ptr, i64, i64}, false);
  auto *entry = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, symbol, module);
  entry->setVisibility(llvm::GlobalValue::HiddenVisibility);
  entry->copyAttributesFrom(body);
  entry->setLinkage(llvm::GlobalValue::ExternalLinkage);
  entry->setVisibility(llvm::GlobalValue::HiddenVisibility);
  entry->setAttributes(llvm::AttributeList::get(context, body->getAttributes().getFnAttrs(), {}, {}));
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", entry));
  llvm::SmallVector<llvm::Value *> arguments{entry->getArg(0)};
  unsigned buffers = body->arg_size() - 4; // call, sizes, begin, end
  for (unsigned i = 0; i < buffers; ++i)
    arguments.push_back(b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(ptr, entry->getArg(1), i)));
  arguments.append({entry->getArg(2), entry->getArg(3), entry->getArg(4)});
  b.CreateCall(body, arguments);
  b.CreateRetVoid();

  for (auto [i, site] : llvm::enumerate(kernel.failSites)) {
    llvm::Function *fail = module.getFunction("fail_" + std::to_string(i));
    if (!fail)
      continue;
    fail->setLinkage(llvm::GlobalValue::InternalLinkage);
    fail->addFnAttr(llvm::Attribute::NoInline);
    fail->addFnAttr(llvm::Attribute::Cold);
    b.SetInsertPoint(llvm::BasicBlock::Create(context, "", fail));
    llvm::Value *call = fail->getArg(0);
    llvm::Value *services =
        b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), call, offsetof(cameo_call, services)));
    llvm::Value *function =
        b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), services, offsetof(cameo_services, fail)));
    auto *failType = llvm::FunctionType::get(voidType, {ptr, i32, ptr, ptr, i64}, false);
    // A null node is the one whose kernel is running; kernels with equal code are shared, so the name is not in here.
    b.CreateCall(failType, function,
                 {call, b.getInt32(site.code), llvm::ConstantPointerNull::get(ptr), b.CreateGlobalString(site.message),
                  fail->getArg(1)});
    b.CreateRetVoid();
  }
}

/// Above this a function's registers are allocated in one pass. The better allocators take more than linear time: 22 s
/// for a host program of 5,000 launches, whose straight-line code they make no faster.
static constexpr unsigned kManyInstructions = 10000;

FailureOr<SmallVector<char, 0>> cameo::codegen::emitObject(llvm::Module &module, const CpuTarget &target, int optLevel,
                                                           bool assembly) {
  llvm::Triple triple(llvm::sys::getProcessTriple());
  std::string error;
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(triple, error);
  auto level = optLevel >= 2 ? llvm::CodeGenOptLevel::Aggressive : llvm::CodeGenOptLevel::Less;
  std::unique_ptr<llvm::TargetMachine> machine(backend->createTargetMachine(
      triple, target.cpu, target.features, llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt, level));
  module.setTargetTriple(triple);
  module.setDataLayout(machine->createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = optLevel >= 1;
  tuning.SLPVectorization = false; // it breaks up hand-made vector code
  tuning.LoopUnrolling = false;    // the emitters unroll where it pays
  llvm::PassBuilder passes(machine.get(), tuning);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(sccs);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, sccs, modules);
  auto pipeline = passes.buildPerModuleDefaultPipeline(optLevel == 0   ? llvm::OptimizationLevel::O1
                                                       : optLevel == 1 ? llvm::OptimizationLevel::O2
                                                                       : llvm::OptimizationLevel::O3);
  pipeline.run(module, modules);
  if (llvm::any_of(module, [](llvm::Function &f) { return f.getInstructionCount() > kManyInstructions; }))
    machine->setOptLevel(llvm::CodeGenOptLevel::None);

  SmallVector<char, 0> object;
  llvm::raw_svector_ostream os(object);
  llvm::legacy::PassManager emit;
  auto kind = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine->addPassesToEmitFile(emit, os, nullptr, kind))
    return failure();
  emit.run(module);
  return object;
}
