// Measuring.h - what verbs share that run a model on data: calibrate, quantize, compress, prune.
#ifndef TOOLS_CAMEO_MEASURING_H
#define TOOLS_CAMEO_MEASURING_H

#include "Common.h"
#include "cameo/Compression/Plan.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>

namespace CLI {
class Option;
} // namespace CLI

namespace cameo::tool {

/// Memory for second moments: what the compiler may use beyond the model.
inline constexpr uint64_t kGramBytes = uint64_t(400) << 20;

/// "30%" or "0.3", finite and 0 or more; nothing for what is neither.
std::optional<double> parseShare(llvm::StringRef text);

/// A model where `output` ends in .onnx, else a program.
inline OutputKind emitFor(llvm::StringRef output) {
  return output.ends_with(".onnx") ? OutputKind::ONNX : OutputKind::Shared;
}
inline constexpr const char *kOutputHelp = "what to write: a program, or a model where it ends in .onnx";

/// --calib, with `more` behind its help. Not required.
CLI::Option *addDataOption(CLI::App &app, std::string &data, const std::string &more = "");
/// --cpu and --threads: how the model is compiled and run while it is measured.
void addRunOptions(CLI::App &app, compression::CalibrationOptions &options);
/// --range, a name of parseRangeMethod, and --state.
void addRangeOptions(CLI::App &app, std::string &range, std::string &state);

/// A model as it was loaded and what its layers read.
struct Calibrated {
  std::shared_ptr<compression::ObservedModule> model = std::make_shared<compression::ObservedModule>();
  std::unique_ptr<compression::Samples> samples;
};
/// Loads the model and runs it on `data`. Fails exactly when there was an error.
llvm::LogicalResult calibrateModel(ModelOptions &options, const std::string &data,
                                   const compression::CalibrationOptions &calibration, mlir::MLIRContext &context,
                                   Calibrated &result, std::vector<Diagnostic> &diagnostics);

/// Writes `model`, which is copied, to `path` as `plan` for it says. Fails exactly when there was an error.
llvm::LogicalResult writePlanned(const compression::ObservedModule &model, const compression::Plan &plan,
                                 compression::RangeMethod range, CompileOptions writing, const std::string &path,
                                 std::vector<Diagnostic> &diagnostics);

/// Runs `work` with a line of progress, which compilations by `options` write to, and tells what it found; gives the
/// exit code. Interrupts and errors of data files are told like all others.
int measuring(CompileOptions &options, llvm::function_ref<void(mlir::MLIRContext &, std::vector<Diagnostic> &)> work);

} // namespace cameo::tool
#endif
