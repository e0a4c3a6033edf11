// VariantCompiler.cpp - emits loops, keeps one of equal kernels, compiles modules.
#include "VariantCompiler.h"
#include "cameo/Codegen/Placement.h"
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
  Placements placements(main, shapes);
  return success(succeeded(emitKernels(shapes, placements)) && succeeded(emitHost(shapes, placements)));
}

LogicalResult VariantCompiler::emitKernels(ShapeAnalysis &shapes, const Placements &placements) {
  llvm::StringMap<unsigned> byText;
  EmissionOptions emission;
  emission.anchors = options.optLevel > 0 ? target.anchors() : nullptr;
  emission.mayReassociate = options.optLevel > 0;
  emission.granularity = target.granularity();
  WalkResult walked = main.walk([&](KernelOp kernel) {
    if (target.memory() == KernelMemory::Device && !inputsInPlace(kernel).empty()) {
      kernel.emitOpError("has inPlace, but code for GPUs stores and reads without room between rows; compile what was "
                         "written before the phase 'placement'");
      return WalkResult::interrupt();
    }
    if (isInPlace(kernel))
      return WalkResult::skip();
    auto emitted = emitKernel(kernel, shapes, placements, emission);
    if (failed(emitted))
      return WalkResult::interrupt();
    std::string text = fingerprint(*emitted->module);
    for (const FailSite &site : emitted->failSites)
      text += site.message;
    auto signature = std::make_unique<KernelSignature>(emitted->signature);
    auto [entry, fresh] = byText.try_emplace(text, kernels.size());
    if (fresh) {
      std::string symbol = "cameo_kernel_" + std::to_string(kernels.size()) + "_" + variant.suffix;
      const KernelSignature &s = emitted->signature;
      size_t numBuffers = s.usesInput.size() + kernel.getNumResults() + !s.sizeReports.empty() + s.temporaries.size();
      variant.kernels.push_back({symbol, isForDevice(s), unsigned(numBuffers), unsigned(s.sizes.size()),
                                 target.blockOf(*emitted), emitted->failSites});
      kernels.push_back(std::move(*emitted));
    }
    uses[kernel] = {entry->second, std::move(signature)};
    return WalkResult::skip();
  });
  return failure(walked.wasInterrupted());
}

LogicalResult VariantCompiler::emitHost(ShapeAnalysis &shapes, const Placements &placements) {
  auto program =
      emitHostProgram(main, shapes, placements, weights, target.memory(), [&](KernelOp kernel) { return use(kernel); });
  if (failed(program))
    return failure();
  variant.host = std::move(*program);
  return success();
}

FailureOr<Code> VariantCompiler::compile(size_t i) {
  CodeOptions code;
  code.optLevel = options.optLevel;
  code.form = options.emit == Emit::LLVM       ? CodeForm::LLVM
              : options.emit == Emit::Assembly ? CodeForm::Assembly
                                               : CodeForm::Object;
  if (i == kernels.size())
    return host.compileEntry(*variant.host.module, "cameo_entry_" + variant.suffix, "cameo_launches_" + variant.suffix,
                             code);
  if (options.countFlops)
    code.flopCounter = "cameo_flops_" + std::to_string(i);
  Target &compiler = variant.kernels[i].isForDevice ? target : host;
  return compiler.compileKernel(kernels[i], variant.kernels[i].symbol, code);
}
