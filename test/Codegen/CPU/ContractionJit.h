// ContractionJit.h - compiles one emitted kernel in the test's process, as the pipeline would, and shows its assembly.
#ifndef CAMEO_TEST_CODEGEN_CPU_CONTRACTIONJIT_H
#define CAMEO_TEST_CODEGEN_CPU_CONTRACTIONJIT_H

#include "cameo/Codegen/CPU/Contraction.h"
#include "mlir/IR/MLIRContext.h"
#include <memory>
#include <string>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace cameo::test {

/// Arguments of every test kernel.
struct KernelArguments {
  mlir::Value lhs, rhs, result, extra;     ///< !llvm.ptr
  llvm::SmallVector<mlir::Value, 8> sizes; ///< i64, kKernelSizes of them
  mlir::Value begin, end;                  ///< i64
};
constexpr int kKernelSizes = 8;

using KernelFn = void (*)(const void *lhs, const void *rhs, void *result, const void *extra, const int64_t *sizes,
                          int64_t begin, int64_t end);
using StepsFn = int64_t (*)(const int64_t *sizes);

struct CompiledKernel {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  KernelFn run = nullptr;
  StepsFn steps = nullptr;
  std::string assembly;

  CompiledKernel();
  CompiledKernel(CompiledKernel &&);
  ~CompiledKernel();
};

/// Emits `void kernel(...)` and `int64_t steps(...)`, lowers and compiles them for `cpu` ("native" or an LLVM CPU
/// name). Ends the process with a message when anything fails.
CompiledKernel
compileKernel(llvm::StringRef cpu,
              llvm::function_ref<void(mlir::OpBuilder &, mlir::Location, const KernelArguments &)> kernel,
              llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, const KernelArguments &)> steps);

/// The context that test kernels are built in.
mlir::MLIRContext &testContext();

/// Instructions of `assembly` that touch the stack inside an innermost loop which multiplies and adds; one per line.
std::string spillsInInnerLoops(llvm::StringRef assembly);

} // namespace cameo::test
#endif
