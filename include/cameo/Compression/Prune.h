// Prune.h - a model with fewer channels, heads or weights, and what each family of channels is worth.
#ifndef CAMEO_COMPRESSION_PRUNE_H
#define CAMEO_COMPRESSION_PRUNE_H

#include "cameo/Compression/Calibration.h"
#include "cameo/Passes/Pruning/Options.h"
#include "cameo/Pipeline/Summary.h"

namespace cameo::compression {

/// What the options of the passes of passes/Pruning/Passes.td say.
struct PruneOptions {
  double share = 0;           ///< of channels and heads; 0: none is cut
  std::vector<double> shares; ///< the same per family; empty: `share` for all
  PruneScope scope = PruneScope::Uniform;
  std::string pattern;   ///< of zeros among weights; empty: none are made
  double sparsity = 0.5; ///< of that pattern
  PruneScore score = PruneScore::Magnitude;
  int64_t multiple = 16;   ///< of what remains of large families
  bool masked = false;     ///< zeros in place of smaller tensors
  bool reconstruct = true; ///< least squares, where there are moments
};

/// True for what PruneOptions::pattern may be.
bool isPattern(llvm::StringRef text);

/// Prunes `module` (prepared). Without a calibration weights decide alone. Fails exactly when `diagnostics` got an
/// error.
mlir::LogicalResult prune(mlir::ModuleOp module, const Calibration *calibration, const PruneOptions &options,
                          std::vector<Diagnostic> &diagnostics);

/// `whole` without about `share` of each family of channels, heads and features, those that add least by wanda; what
/// stays makes up for it as well as it can. Null where nothing may go. Fails exactly when `diagnostics` got an error.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> withoutChannels(const ObservedModule &whole, double share,
                                                                   std::vector<Diagnostic> &diagnostics);

/// How many of the weights of `module`'s layers are not 0.
int64_t nonzeroWeights(mlir::ModuleOp module);

/// What `module`, which stays as it is, costs. Fails exactly when `diagnostics` got an error.
mlir::FailureOr<Summary> summaryOf(mlir::ModuleOp module, std::vector<Diagnostic> &diagnostics);

/// A family that loses a share alone.
struct FamilyEffect {
  std::string name;
  int64_t count, kept;
  double noise; ///< power of the error of the model's first result over its power
  double flops; ///< of the pruned model over the whole model's
};

/// Measures every family on the first samples. `module` is prepared and stays as it is.
mlir::FailureOr<std::vector<FamilyEffect>> scanFamilies(mlir::ModuleOp module, const Calibration *calibration,
                                                        Samples &samples, const PruneOptions &options,
                                                        const CalibrationOptions &running,
                                                        std::vector<Diagnostic> &diagnostics);

} // namespace cameo::compression
#endif
