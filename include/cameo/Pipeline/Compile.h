// Compile.h - from a module of cameo ops to files: the one entry point for tools and tests.
#ifndef CAMEO_PIPELINE_COMPILE_H
#define CAMEO_PIPELINE_COMPILE_H

#include "cameo/Pipeline/CompileOptions.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"

namespace cameo {

/// What a compilation did, for reports.
struct CompileReport {
  double seconds = 0;
  unsigned kernels = 0;         ///< launch sites
  unsigned distinctKernels = 0; ///< compiled functions
  int64_t weightsBytes = 0, arenaBytes = 0, codeBytes = 0;
};

/// Runs the phases and code generation on `module` (which holds func.func @main as the importer makes it) and writes what
/// options.emit asks for to `output`, under a temporary name first. Errors are emitted as diagnostics.
mlir::LogicalResult compile(mlir::ModuleOp module, const CompileOptions &options, llvm::StringRef output,
                            CompileReport &report);

} // namespace cameo
#endif
