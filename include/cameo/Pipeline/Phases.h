// Phases.h - the compilation as one table, which drives --stop-after, --dump-after, --list-phases and the README's
// list.
#ifndef CAMEO_PIPELINE_PHASES_H
#define CAMEO_PIPELINE_PHASES_H

#include "cameo/Pipeline/CompileOptions.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace cameo {

struct Phase {
  llvm::StringLiteral name;
  llvm::StringLiteral summary;
  int minOptLevel; ///< skipped below
  void (*build)(mlir::OpPassManager &passes, const CompileOptions &options);
};

/// Cameo to Cameo phases, in order.
llvm::ArrayRef<Phase> phases();

/// Registers all passes of passes/ (for cameo-opt and --disable-pass).
void registerAllPasses();

/// Runs the phases on `module`, up to and including options.stopAfter.
mlir::LogicalResult runPhases(mlir::ModuleOp module, const CompileOptions &options);

} // namespace cameo
#endif
