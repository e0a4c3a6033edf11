// Common.h - what verbs that read a model share: its flags, loading it, telling what was found.
#ifndef TOOLS_CAMEO_COMMON_H
#define TOOLS_CAMEO_COMMON_H

#include "cameo/Pipeline/Load.h"
#include "mlir/IR/MLIRContext.h"

namespace CLI {
class App;
} // namespace CLI

namespace cameo::tool {

struct ModelOptions {
  std::string path;
  std::vector<std::string> dims, shapes; ///< as given; `load` reads them
  onnx::ImportOptions import;
};

/// The model's path, --dim, --shape, --lenient-shapes, the rules for external data, the limits. The path may be left
/// out when `isOptional`.
void addModelOptions(CLI::App &app, ModelOptions &options, bool isOptional = false);

/// A context with everything that a model needs.
std::unique_ptr<mlir::MLIRContext> makeContext();

/// Loads the model; null exactly when `diagnostics` got an error.
mlir::OwningOpRef<mlir::ModuleOp> load(ModelOptions &options, mlir::MLIRContext &context,
                                       std::vector<Diagnostic> &diagnostics);

/// Prints them to standard error, one line each; returns the exit code, which the first error decides.
int tell(const std::vector<Diagnostic> &diagnostics);
/// Prints one error; returns its exit code, which follows from `code` where it is not given.
int fail(llvm::StringRef code, const llvm::Twine &message);
int fail(llvm::StringRef code, ExitCode exitCode, const llvm::Twine &message);

} // namespace cameo::tool
#endif
