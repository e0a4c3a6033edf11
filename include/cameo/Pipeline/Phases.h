// Phases.h - the compilation as one table, which drives --stop-after, --dump-after, --list-phases, --disable-pass and
// the list in passes/README.md.
#ifndef CAMEO_PIPELINE_PHASES_H
#define CAMEO_PIPELINE_PHASES_H

#include "cameo/Pipeline/CompileOptions.h"
#include "cameo/Pipeline/CompileReport.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace cameo {

/// Takes the passes of a phase, in order; those that the options disable are left out.
class PhaseBuilder {
public:
  PhaseBuilder(mlir::OpPassManager &passes, const CompileOptions &options) : options(options), passes(passes) {}
  void add(std::unique_ptr<mlir::Pass> pass);

  const CompileOptions &options;
  std::vector<std::string> added; ///< arguments of the passes

private:
  mlir::OpPassManager &passes;
};

struct Phase {
  llvm::StringLiteral name;
  llvm::StringLiteral summary;
  /// Skipped below. Code generation needs what the phases of level 0 do; their passes cannot be disabled.
  int minOptLevel;
  void (*build)(PhaseBuilder &phase);
};

/// Cameo to Cameo phases, in order.
llvm::ArrayRef<Phase> phases();

/// Arguments of the passes that --disable-pass may name, in order, each once.
std::vector<std::string> optionalPasses();

/// Registers all passes of passes/ (for cameo-opt).
void registerAllPasses();

/// Runs the phases on `module`, up to and including options.stopAfter. What each pass did is added to `report`.
mlir::LogicalResult runPhases(mlir::ModuleOp module, const CompileOptions &options, CompileReport &report);

} // namespace cameo
#endif
