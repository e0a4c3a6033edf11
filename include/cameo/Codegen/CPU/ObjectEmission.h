// ObjectEmission.h - from lowered modules to machine code: LLVM IR, LLVM's optimiser, an object file in memory.
#ifndef CAMEO_CODEGEN_CPU_OBJECTEMISSION_H
#define CAMEO_CODEGEN_CPU_OBJECTEMISSION_H

#include "cameo/Codegen/CPU/CpuTarget.h"
#include "cameo/Codegen/Kernel.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace cameo::codegen {

/// Translates a lowered module to LLVM IR for `target`.
std::unique_ptr<llvm::Module> translateToLLVM(mlir::ModuleOp module, llvm::LLVMContext &context,
                                              const CpuTarget &target);

/// Wraps `kernel(...)` in a function of type cameo_kernel_fn called `symbol`, and defines its fail_<i> functions.
void addKernelEntry(llvm::Module &module, const EmittedKernel &kernel, llvm::StringRef symbol);

/// Optimises and compiles. `optLevel` 0 to 3 as the user gave it.
mlir::FailureOr<llvm::SmallVector<char, 0>> emitObject(llvm::Module &module, const CpuTarget &target, int optLevel,
                                                       bool assembly);

} // namespace cameo::codegen
#endif
