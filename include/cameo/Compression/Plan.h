// Plan.h - how a model is pruned and each of its layers quantized, and what that makes of the model.
#ifndef CAMEO_COMPRESSION_PLAN_H
#define CAMEO_COMPRESSION_PLAN_H

#include "cameo/Compression/Calibration.h"
#include "cameo/Passes/Quantization/Quantization.h"

namespace cameo::compression {

struct Plan {
  Plan() = default;
  /// In f32.
  explicit Plan(size_t layers, double pruned = 0) : pruned(pruned), layers(layers) {}
  bool operator==(const Plan &) const = default;

  double pruned = 0; ///< share of channels, heads and features that goes first (withoutChannels); 0: none
  std::vector<mlir::DictionaryAttr> layers; ///< cameo.quantization in the order of layersOf(@main); null is f32
};

/// "static smooth", "weights 4 bits in blocks of 32 (gptq)", "f32".
std::string describe(mlir::DictionaryAttr choice);

/// Bytes of a layer's weights in a program.
int64_t weightBytes(int64_t outputs, int64_t terms, mlir::DictionaryAttr choice);

/// `choice`, with HQQ in place of GPTQ where calibration had no memory for the layer's second moments. Null where the
/// layer can only be bf16, or no sample reached it.
mlir::DictionaryAttr possibleChoice(mlir::DictionaryAttr choice, const Calibration &calibration, size_t layer);

/// Quantizes `module` (prepared, and pruned as `plan` says): layers get what was observed and what `plan` says, then
/// become what that means. Fails exactly when `diagnostics` got an error.
mlir::LogicalResult apply(mlir::ModuleOp module, const Plan &plan, const Calibration &calibration, RangeMethod method,
                          std::vector<Diagnostic> &diagnostics);

/// A program that takes a plan as its last input: `choices` of each layer by number from 1, 0 is f32.
mlir::LogicalResult applySwitched(mlir::ModuleOp module, llvm::ArrayRef<std::vector<mlir::DictionaryAttr>> choices,
                                  const Calibration &calibration, RangeMethod method,
                                  std::vector<Diagnostic> &diagnostics);

/// A plan as JSON: the share that is pruned, a name and an attribute for each layer.
mlir::LogicalResult savePlan(const std::string &path, const Plan &plan, const Calibration &calibration,
                             std::vector<Diagnostic> &diagnostics);
/// Fails (E-PLAN) where the file is no plan of a model with these layers.
mlir::FailureOr<Plan> loadPlan(const std::string &path, mlir::MLIRContext &context, const Calibration &calibration,
                               std::vector<Diagnostic> &diagnostics);

} // namespace cameo::compression
#endif
