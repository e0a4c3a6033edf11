// VariantCompiler.h - from kernels and control flow to code, for one target.
#ifndef LIB_PIPELINE_VARIANTCOMPILER_H
#define LIB_PIPELINE_VARIANTCOMPILER_H

#include "ProgramFile.h"
#include "cameo/Codegen/Target.h"
#include "cameo/Pipeline/CompileOptions.h"

namespace cameo {

/// Code generation for one target.
class VariantCompiler {
public:
  /// `host` runs the entry function, and the kernels that only a CPU can run; it is `target` where that is a CPU.
  VariantCompiler(mlir::func::FuncOp main, const CompileOptions &options, codegen::Target &target,
                  codegen::HostTarget &host, std::string suffix, codegen::WeightTable &weights)
      : main(main), options(options), target(target), host(host), weights(weights) {
    variant.name = target.name().str();
    variant.device = target.device().str();
    variant.features = host.features();
    variant.suffix = std::move(suffix);
  }

  /// Emits the loops of all kernels and the entry function.
  mlir::LogicalResult emit();
  /// The first half of it; `shapes` is what sizes in signatures refer to.
  mlir::LogicalResult emitKernels(ShapeAnalysis &shapes, const codegen::Placements &placements);
  /// What a launch of `kernel` needs, after emitKernels.
  codegen::KernelUse use(KernelOp kernel, unsigned launch = 0) const {
    auto &[number, signature] = uses.at(kernel)[launch];
    return {number, &signature};
  }
  /// See Target::expectedFlops.
  std::optional<double> expectedFlops(KernelOp kernel, ShapeAnalysis &shapes) const {
    return target.expectedFlops(kernel, shapes);
  }
  size_t numKernels() const { return kernels.size(); }
  /// The modules still to be compiled: distinct kernels, then the entry function.
  size_t numModules() const { return kernels.size() + 1; }
  /// True where module `i` becomes an object of the host, else it is a part of the device's image.
  bool isForHost(size_t i) const { return i == kernels.size() || !variant.kernels[i].isForDevice; }
  /// Compiles module `i` into an object or a part of an image (or assembly, or LLVM IR). May run on several threads at
  /// once.
  mlir::FailureOr<codegen::Code> compile(size_t i);
  /// The device's image of the parts that compile() gave.
  void joinImage(llvm::ArrayRef<codegen::Code> parts) { variant.image = target.joinImage(parts); }

  ProgramVariant variant;

private:
  mlir::LogicalResult emitLaunches(KernelOp kernel, ShapeAnalysis &shapes, const codegen::Placements &placements,
                                   codegen::EmissionOptions emission);
  mlir::LogicalResult emitHost(ShapeAnalysis &shapes, const codegen::Placements &placements);
  bool isForDevice(const codegen::KernelSignature &s) const { return !target.device().empty() && !s.needsHost; }

  mlir::func::FuncOp main;
  const CompileOptions &options;
  codegen::Target &target;
  codegen::HostTarget &host;
  codegen::WeightTable &weights;
  std::vector<codegen::EmittedKernel> kernels; ///< distinct ones
  llvm::StringMap<unsigned> byText;            ///< their numbers
  /// The launches of each op.
  llvm::DenseMap<mlir::Operation *, std::vector<std::pair<unsigned, codegen::KernelSignature>>> uses;
};

} // namespace cameo
#endif
