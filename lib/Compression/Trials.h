// Trials.h - what plans do: to time, size and results, by compiling and running them.
#ifndef LIB_COMPRESSION_TRIALS_H
#define LIB_COMPRESSION_TRIALS_H
#include "cameo/Compression/Compress.h"
#include "cameo/Compression/Program.h"

namespace cameo::compression {

/// Numbers of choices, one per layer; 0 is f32.
using Choices = std::vector<size_t>;

/// Runs plans for one model on one set of samples. What a function returns is nothing, null or failure exactly when
/// `diagnostics` got an error. Of all programs that are kept at most one has its weights in memory.
class Trials {
public:
  struct Size {
    int64_t outputs, terms;
    bool isMatrix;
  };
  /// A plan as a whole.
  struct Whole {
    double ms, f32Ms; ///< at the same time, so to speak
    uint64_t bytes;   ///< of the program file
    double score, drop;
  };

  Trials(mlir::ModuleOp module, const Calibration &calibration, Samples &evaluation, const CompressOptions &options,
         std::vector<Diagnostic> &diagnostics);

  /// Runs f32, with whose results all others are compared. First of all.
  mlir::LogicalResult runF32();
  double f32Score() const { return baseline->score(); }
  uint64_t f32Bytes() const { return f32->fileBytes; }
  std::optional<double> f32Ms();

  /// Of the layers' weights.
  const std::vector<Size> &sizes() const { return layerSizes; }
  /// ms of each layer's kernels under a plan. A kernel belongs to the first layer whose node it names.
  std::optional<std::vector<double>> layerTimes(const Plan &plan);
  /// From now on `metricOf` chooses among these, for each layer.
  mlir::LogicalResult switchAmong(llvm::ArrayRef<std::vector<mlir::DictionaryAttr>> choices);
  /// What a plan does to the results of the first `most` samples.
  std::optional<Metric> metricOf(const Choices &choices, size_t most = SIZE_MAX);
  double dropOf(const Metric &metric) const { return metric.drop(*baseline); }
  /// Compiles and measures a plan by itself.
  mlir::FailureOr<Whole> measure(const Plan &plan);

  void tell(const std::string &what, size_t done, size_t total) const {
    if (options.calibration.compile.progress)
      options.calibration.compile.progress(what, done, total);
  }

private:
  std::unique_ptr<Program> compilePlan(const Plan &plan);
  llvm::ArrayRef<float> resultOf(const Program &program) const;
  mlir::LogicalResult checkOutput();
  mlir::LogicalResult checkLabels(size_t sample);
  std::vector<cameo_tensor> timingInputs() { return evaluation.inputs(0); }

  mlir::ModuleOp module;
  const Calibration &calibration;
  Samples &evaluation;
  const CompressOptions &options;
  std::vector<Diagnostic> &diagnostics;
  std::vector<Size> layerSizes;
  std::unique_ptr<Program> f32, switched;
  Reference reference;
  std::optional<Metric> baseline;
};

} // namespace cameo::compression
#endif
