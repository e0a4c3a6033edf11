// Trials.h - what plans do: to time, size and results, by compiling and running them.
#ifndef LIB_COMPRESSION_TRIALS_H
#define LIB_COMPRESSION_TRIALS_H
#include "cameo/Compression/Compress.h"
#include "cameo/Compression/Program.h"

namespace cameo::compression {

/// Numbers of choices, one per layer; 0 is f32.
using Choices = std::vector<size_t>;

/// Compiles and runs plans for one model on one set of samples. What functions of this and of the classes below return
/// is nothing, null or failure exactly when `diagnostics` got an error. Of all programs that are kept at most one has
/// its weights in memory.
struct Trying {
  Samples &evaluation;
  const CompressOptions &options;
  std::vector<Diagnostic> &diagnostics;

  std::unique_ptr<Program> compile(const ObservedModule &model, const Plan &plan);
  llvm::ArrayRef<float> resultOf(const Program &program) const;
  std::optional<double> time(Program &program);
  void tell(const std::string &what, size_t done, size_t total) const {
    if (options.calibration.compile.progress)
      options.calibration.compile.progress(what, done, total);
  }
};

/// Runs a program on the evaluation data, from the first sample on.
class Sequence {
public:
  Sequence(Program &program, const Trying &trying)
      : program(program), trying(trying), states(trying.options.carried.size()) {}

  /// Runs the next sample, with `more` behind its inputs. What is carried comes from the run before.
  mlir::LogicalResult next(llvm::ArrayRef<cameo_tensor> more = {});

private:
  struct State {
    std::vector<float> numbers;
    std::vector<int64_t> dims;
  };

  Program &program;
  const Trying &trying;
  std::vector<State> states; ///< of options.carried
  size_t sample = 0;
};

/// The model in f32, with whose results and time all others are compared.
class Baseline {
public:
  explicit Baseline(Trying trying) : trying(trying) {}

  mlir::LogicalResult run(const ObservedModule &whole);
  double score() const { return own->score(); }
  uint64_t bytes() const { return program->fileBytes; }
  std::optional<double> ms() { return trying.time(*program); }

  Metric metric() const { return Metric(trying.options.metric, reference); }

private:
  mlir::LogicalResult checkOutput(mlir::ModuleOp module);
  mlir::LogicalResult checkLabels(size_t sample);

  Trying trying;
  std::unique_ptr<Program> program;
  Reference reference;
  std::optional<Metric> own;
};

/// Plans for the model, or for what remains of it without some of its channels.
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
    double score;
    Loss loss;
  };

  Trials(const ObservedModule &model, Baseline &baseline, Trying trying);

  /// Of the layers' weights.
  const std::vector<Size> &sizes() const { return layerSizes; }
  /// ms of each layer's kernels under a plan. A kernel belongs to the first layer whose node it names.
  std::optional<std::vector<double>> layerTimes(const Plan &plan);
  /// From now on `metricOf` chooses among these, for each layer.
  mlir::LogicalResult switchAmong(llvm::ArrayRef<std::vector<mlir::DictionaryAttr>> choices);
  /// What a plan does to the results of the first `most` samples.
  std::optional<Metric> metricOf(const Choices &choices, size_t most = SIZE_MAX);
  /// Compiles and measures a plan by itself.
  mlir::FailureOr<Whole> measure(const Plan &plan);
  void tell(const std::string &what, size_t done, size_t total) const { trying.tell(what, done, total); }

private:
  const ObservedModule &model;
  Baseline &baseline;
  Trying trying;
  std::vector<Size> layerSizes;
  std::unique_ptr<Program> switched;
};

} // namespace cameo::compression
#endif
