// VariantCompiler.h - from kernels and control flow to objects, for one CPU.
#ifndef LIB_PIPELINE_VARIANTCOMPILER_H
#define LIB_PIPELINE_VARIANTCOMPILER_H

#include "ProgramFile.h"
#include "cameo/Codegen/Kernel.h"
#include "cameo/Pipeline/CompileOptions.h"

namespace cameo {

/// Code generation of one CPU level.
class VariantCompiler {
public:
  VariantCompiler(mlir::func::FuncOp main, const CompileOptions &options, codegen::CpuTarget target, std::string suffix,
                  codegen::WeightTable &weights)
      : main(main), options(options), weights(weights) {
    variant.target = std::move(target);
    variant.suffix = std::move(suffix);
  }

  /// Emits the loops of all kernels and the entry function.
  mlir::LogicalResult emit();
  /// The first half of it; `shapes` is what sizes in signatures refer to.
  mlir::LogicalResult emitKernels(ShapeAnalysis &shapes);
  /// What a launch of `kernel` needs, after emitKernels.
  codegen::KernelUse use(KernelOp kernel) const {
    auto &[number, signature] = uses.at(kernel);
    return {number, signature.get()};
  }
  size_t numKernels() const { return kernels.size(); }
  /// The modules still to be compiled: distinct kernels, then the host.
  size_t numModules() const { return kernels.size() + 1; }
  /// Compiles module `i` into an object (or assembly, or LLVM IR). May run on several threads at once.
  mlir::FailureOr<llvm::SmallVector<char, 0>> compile(size_t i);

  ProgramVariant variant;

private:
  mlir::LogicalResult emitHost(ShapeAnalysis &shapes);

  mlir::func::FuncOp main;
  const CompileOptions &options;
  codegen::WeightTable &weights;
  std::vector<codegen::EmittedKernel> kernels; ///< distinct ones
  llvm::DenseMap<mlir::Operation *, std::pair<unsigned, std::unique_ptr<codegen::KernelSignature>>> uses;
};

} // namespace cameo
#endif
