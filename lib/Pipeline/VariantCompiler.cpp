// VariantCompiler.cpp - emits loops, keeps one of equal kernels, compiles modules.
#include "VariantCompiler.h"
#include "cameo/Codegen/CPU/CpuAnchors.h"
#include "cameo/Codegen/CPU/LoopVectorization.h"
#include "cameo/Codegen/CPU/ObjectEmission.h"
#include "cameo/Codegen/FlopCounting.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// The text of a module without locations: equal texts are equal kernels.
static std::string fingerprint(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.printGenericOpForm().assumeVerified().enableDebugInfo(false);
  module.print(os, flags);
  return text;
}

LogicalResult VariantCompiler::emit() {
  ShapeAnalysis shapes;
  return success(succeeded(emitKernels(shapes)) && succeeded(emitHost(shapes)));
}

LogicalResult VariantCompiler::emitKernels(ShapeAnalysis &shapes) {
  llvm::StringMap<unsigned> byText;
  CpuAnchorEmitter anchors(variant.target);
  WalkResult walked = main.walk([&](KernelOp kernel) {
    auto emitted = emitKernel(kernel, shapes, options.optLevel > 0 ? &anchors : nullptr, options.optLevel > 0);
    if (failed(emitted))
      return WalkResult::interrupt();
    std::string text = fingerprint(*emitted->module);
    for (const FailSite &site : emitted->failSites)
      text += site.message;
    auto signature = std::make_unique<KernelSignature>(emitted->signature);
    auto [entry, fresh] = byText.try_emplace(text, kernels.size());
    if (fresh) {
      variant.kernelSymbols.push_back("cameo_kernel_" + std::to_string(kernels.size()) + "_" + variant.suffix);
      kernels.push_back(std::move(*emitted));
    }
    uses[kernel] = {entry->second, std::move(signature)};
    return WalkResult::skip();
  });
  return failure(walked.wasInterrupted());
}

LogicalResult VariantCompiler::emitHost(ShapeAnalysis &shapes) {
  auto host = emitHostProgram(main, shapes, weights, [&](KernelOp kernel) { return use(kernel); });
  if (failed(host))
    return failure();
  variant.host = std::move(*host);
  return success();
}

FailureOr<SmallVector<char, 0>> VariantCompiler::compile(size_t i) {
  bool isHost = i == kernels.size();
  ModuleOp module = isHost ? *variant.host.module : *kernels[i].module;
  if (options.optLevel > 0) {
    PassManager cleanup(module.getContext());
    cleanup.enableVerifier(false); // upstream passes on IR of our own making; it costs compile time per kernel
    cleanup.addPass(createCanonicalizerPass());
    cleanup.addPass(createCSEPass());
    cleanup.addPass(createLoopInvariantCodeMotionPass());
    if (failed(cleanup.run(module)))
      return failure();
    if (!isHost)
      vectorizeLoops(module.lookupSymbol<func::FuncOp>(kKernelFunction), variant.target.vectorBytes);
  }
  if (options.countFlops && !isHost)
    countFlops(module, "cameo_flops_" + std::to_string(i));
  if (failed(lowerToLLVM(module, variant.target, options.optLevel > 0)))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translateToLLVM(module, context, variant.target);
  if (!code)
    return failure();
  if (isHost) {
    code->getFunction("entry")->setName("cameo_entry_" + variant.suffix);
    code->getFunction("cameo_entry_" + variant.suffix)->setVisibility(llvm::GlobalValue::HiddenVisibility);
    llvm::GlobalVariable *launches = code->getGlobalVariable("launches");
    launches->setName("cameo_launches_" + variant.suffix);
    launches->setVisibility(llvm::GlobalValue::HiddenVisibility);
  } else {
    addKernelEntry(*code, kernels[i], variant.kernelSymbols[i]);
  }
  if (options.emit == Emit::LLVM) {
    SmallVector<char, 0> text;
    llvm::raw_svector_ostream os(text);
    code->print(os, nullptr);
    return text;
  }
  return emitObject(*code, variant.target, isHost ? std::min(1, options.optLevel) : options.optLevel,
                    options.emit == Emit::Assembly);
}
