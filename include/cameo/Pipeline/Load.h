// Load.h - a model file as a module of cameo ops: where every tool begins.
#ifndef CAMEO_PIPELINE_LOAD_H
#define CAMEO_PIPELINE_LOAD_H

#include "cameo/Import/ONNX/Import.h"
#include "mlir/IR/DialectRegistry.h"

namespace cameo {

/// The dialects that a compilation goes through, their translations to LLVM IR, and the evaluator of constants.
void registerDialects(mlir::DialectRegistry &registry);

/// Reads a model: an ONNX file, or by the extension `.mlir` a module in MLIR's textual form, for developers. Null
/// exactly when `diagnostics` got an error; warnings may come with either result. `context` has registerDialects'
/// dialects.
///
/// The module is as onnx::importModel says, and sizes of inputs that ops ask for whatever the run (a filter's channels)
/// are constants (the pass cameo-fix-input-sizes), so that all tools show the same signature. For `.mlir`, @main's
/// arguments and results without `cameo.name` get the names `arg0`, `result0`, …, shapes are checked as
/// --cameo-infer-shapes does, and errors begin with file:line:column.
mlir::OwningOpRef<mlir::ModuleOp> loadModel(llvm::StringRef path, mlir::MLIRContext &context,
                                            const onnx::ImportOptions &options, std::vector<Diagnostic> &diagnostics);

} // namespace cameo
#endif
