// Compile.h - from a module of cameo ops to files: the one entry point for tools and tests.
#ifndef CAMEO_PIPELINE_COMPILE_H
#define CAMEO_PIPELINE_COMPILE_H

#include "cameo/Pipeline/CompileOptions.h"
#include "cameo/Support/Diagnostic.h"
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

/// Runs the phases and code generation on `module` (as loadModel makes it) and writes what options.emit asks for to
/// `output`, under a temporary name first. Fails exactly when `diagnostics` got an error; with options.explain they get
/// the passes' remarks too.
mlir::LogicalResult compile(mlir::ModuleOp module, const CompileOptions &options, llvm::StringRef output,
                            CompileReport &report, std::vector<Diagnostic> &diagnostics);

} // namespace cameo
#endif
