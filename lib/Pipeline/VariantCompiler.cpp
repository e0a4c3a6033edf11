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
    if (failed(emitLaunches(kernel, shapes, placements, emission)))
      return WalkResult::interrupt();
    return WalkResult::skip();
  });
  return failure(walked.wasInterrupted());
}

LogicalResult VariantCompiler::emitLaunches(KernelOp kernel, ShapeAnalysis &shapes, const Placements &placements,
                                            EmissionOptions emission) {
  auto &launches = uses[kernel];
  do {
    emission.launch = unsigned(launches.size());
    auto emitted = emitKernel(kernel, shapes, placements, emission);
    if (failed(emitted))
      return failure();
    std::string text = fingerprint(*emitted->module);
    for (const FailSite &site : emitted->failSites)
      text += site.message;
    KernelSignature s = emitted->signature;
    auto [entry, fresh] = byText.try_emplace(text, kernels.size());
    if (fresh) {
      std::string symbol = "cameo_kernel_" + std::to_string(kernels.size()) + "_" + variant.suffix;
      size_t numBuffers = s.usesInput.size() + kernel.getNumResults() + !s.sizeReports.empty() + s.temporaries.size();
      variant.kernels.push_back({symbol, isForDevice(s), unsigned(numBuffers), unsigned(s.sizes.size()),
                                 target.blockOf(*emitted), emitted->failSites});
      kernels.push_back(std::move(*emitted));
    }
    launches.emplace_back(entry->second, std::move(s));
  } while (launches.size() < launches.front().second.launches);
  // All get what any of them reads.
  KernelSignature &first = launches.front().second;
  for (auto &[number, s] : llvm::drop_begin(launches))
    for (size_t i = 0; i < s.usesInput.size(); ++i)
      if (s.usesInput[i] && !first.usesInput[i]) {
        first.usesInput[i] = true;
        first.inputForms[i] = s.inputForms[i];
      }
  return success();
}

LogicalResult VariantCompiler::emitHost(ShapeAnalysis &shapes, const Placements &placements) {
  auto program = emitHostProgram(main, shapes, placements, weights, target.memory(),
                                 [&](KernelOp kernel, unsigned launch) { return use(kernel, launch); });
  if (failed(program))
    return failure();
  variant.host = std::move(*program);
  return success();
}

FailureOr<Code> VariantCompiler::compile(size_t i) {
  CodeOptions code;
  code.optLevel = options.optLevel;
  code.form = options.emit == OutputKind::LLVM       ? CodeForm::LLVM
              : options.emit == OutputKind::Assembly ? CodeForm::Assembly
                                                     : CodeForm::Object;
  if (i == kernels.size())
    return host.compileEntry(*variant.host.module, "cameo_entry_" + variant.suffix, "cameo_launches_" + variant.suffix,
                             code);
  if (options.countFlops)
    code.flopCounter = "cameo_flops_" + std::to_string(i);
  Target &compiler = variant.kernels[i].isForDevice ? target : host;
  return compiler.compileKernel(kernels[i], variant.kernels[i].symbol, code);
}
