// CpuLevel.cpp - kernels of loops to objects, for one CPU level.
#include "cameo/Codegen/CPU/CpuLevel.h"
#include "cameo/Codegen/CPU/CpuAnchors.h"
#include "cameo/Codegen/CPU/CpuTarget.h"
#include "cameo/Codegen/CPU/LoopVectorization.h"
#include "cameo/Codegen/CPU/ObjectEmission.h"
#include "cameo/Codegen/FlopCounting.h"
#include "cameo/Codegen/LlvmLowering.h"
#include "cameo/Runtime/KernelABI.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// A slot holds one 256-bit multiply-add of f32.
constexpr double kFlopsPerSlot = 16;

namespace {

class CpuLevel final : public HostTarget {
public:
  explicit CpuLevel(CpuTarget target) : target(std::move(target)), emitter(this->target) {}

  StringRef name() const override { return target.cpu; }
  uint64_t features() const override { return target.required; }
  AnchorEmitter *anchors() override { return &emitter; }
  std::optional<double> expectedFlops(KernelOp kernel, ShapeAnalysis &shapes) const override {
    auto slots = expectedSlots(kernel, shapes, target);
    return slots ? std::optional(*slots * kFlopsPerSlot) : std::nullopt;
  }
  FailureOr<Code> compileKernel(EmittedKernel &kernel, StringRef symbol, const CodeOptions &options) override;
  FailureOr<Code> compileEntry(ModuleOp module, StringRef symbol, StringRef launches,
                               const CodeOptions &options) override;
  FailureOr<Code> compileData(llvm::Module &module) override { return emitObject(module, target, 1, false); }

private:
  std::unique_ptr<llvm::Module> lower(ModuleOp module, llvm::LLVMContext &context, const CodeOptions &options);
  FailureOr<Code> write(llvm::Module &module, int optLevel, CodeForm form);

  CpuTarget target;
  CpuAnchorEmitter emitter;
};

} // namespace

std::unique_ptr<llvm::Module> CpuLevel::lower(ModuleOp module, llvm::LLVMContext &context, const CodeOptions &options) {
  LoweringOptions lowering;
  lowering.mathSource = options.optLevel > 0 ? MathSource::Mixed : MathSource::Libm;
  lowering.math = {target.hasFma, target.hasScale};
  lowering.hasBf16Conversions = target.required & CAMEO_CPU_AVX512BF16;
  return succeeded(lowerToLLVM(module, lowering)) ? translateToLLVM(module, context, target) : nullptr;
}

FailureOr<Code> CpuLevel::write(llvm::Module &module, int optLevel, CodeForm form) {
  if (form != CodeForm::LLVM)
    return emitObject(module, target, optLevel, form == CodeForm::Assembly);
  Code text;
  llvm::raw_svector_ostream os(text);
  module.print(os, nullptr);
  return text;
}

FailureOr<Code> CpuLevel::compileKernel(EmittedKernel &kernel, StringRef symbol, const CodeOptions &options) {
  ModuleOp module = *kernel.module;
  if (options.optLevel > 0) {
    if (failed(simplifyLoops(module)))
      return failure();
    vectorizeLoops(module.lookupSymbol<func::FuncOp>(kKernelFunction), target.vectorBytes);
  }
  if (!options.flopCounter.empty())
    countFlops(module, options.flopCounter);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = lower(module, context, options);
  if (!code)
    return failure();
  addKernelEntry(*code, kernel, symbol);
  return write(*code, options.optLevel, options.form);
}

FailureOr<Code> CpuLevel::compileEntry(ModuleOp module, StringRef symbol, StringRef launches,
                                       const CodeOptions &options) {
  if (options.optLevel > 0 && failed(simplifyLoops(module)))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = lower(module, context, options);
  if (!code)
    return failure();
  for (auto [value, name] : {std::pair<llvm::GlobalValue *, StringRef>(code->getFunction("entry"), symbol),
                             {code->getGlobalVariable("launches"), launches}}) {
    value->setName(name);
    value->setVisibility(llvm::GlobalValue::HiddenVisibility);
  }
  return write(*code, std::min(1, options.optLevel), options.form);
}

std::unique_ptr<HostTarget> cameo::codegen::makeCpuLevel(StringRef name, std::string &error) {
  auto target = findCpuTarget(name, error);
  return target ? std::make_unique<CpuLevel>(std::move(*target)) : nullptr;
}
