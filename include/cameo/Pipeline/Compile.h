// Compile.h - from a module of cameo ops to files: the one entry point for tools and tests.
#ifndef CAMEO_PIPELINE_COMPILE_H
#define CAMEO_PIPELINE_COMPILE_H

#include "cameo/Pipeline/CompileOptions.h"
#include "cameo/Pipeline/CompileReport.h"
#include "cameo/Support/Diagnostic.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringRef.h"

namespace cameo {

/// Runs the phases and code generation on `module` (as loadModel makes it) and writes what options.emit asks for to
/// `output`, under a temporary name first. Fails exactly when `diagnostics` got an error.
mlir::LogicalResult compile(mlir::ModuleOp module, const CompileOptions &options, llvm::StringRef output,
                            CompileReport &report, std::vector<Diagnostic> &diagnostics);

/// Runs the phases up to options.stopAfter, or all of them, on `module`. Fails exactly when `diagnostics` got an error.
mlir::LogicalResult transform(mlir::ModuleOp module, const CompileOptions &options, CompileReport &report,
                              std::vector<Diagnostic> &diagnostics);

/// The same with passes that `build` adds, which belong to no phase.
mlir::LogicalResult runPasses(mlir::ModuleOp module, llvm::function_ref<void(mlir::OpPassManager &)> build,
                              std::vector<Diagnostic> &diagnostics);

} // namespace cameo
#endif
