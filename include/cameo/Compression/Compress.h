// Compress.h - the plan that makes a model as fast or as small as a loss allows.
//
// Four kinds of programs answer all questions. One shows what layers read. One per way of quantizing, with all layers
// quantized so, tells how long each layer takes that way. One takes a plan as an input and so tells what any plan does
// to the results. The same goes for the model without some of its channels. And the plan that is chosen is compiled,
// measured as a whole and compared with f32: what is slower, or loses more than allowed, is not returned.
#ifndef CAMEO_COMPRESSION_COMPRESS_H
#define CAMEO_COMPRESSION_COMPRESS_H

#include "cameo/Compression/Metric.h"
#include "cameo/Compression/Plan.h"
#include <map>

namespace cameo::compression {

enum class Goal { Latency, Size };

/// A state: an output that the next sample of the evaluation data gets as an input, in place of what the data have
/// there.
struct Carried {
  uint64_t output, input; ///< numbers of tensors of f32
};

/// Of "OUTPUT:INPUT", their names. Fails (E-USAGE) where `module` has no such tensors of f32 and of one rank.
mlir::FailureOr<Carried> parseCarried(mlir::ModuleOp module, llvm::StringRef text,
                                      std::vector<Diagnostic> &diagnostics);

struct CompressOptions {
  CalibrationOptions calibration;
  RangeMethod range = RangeMethod::Mse;
  MetricKind metric = MetricKind::Cosine;
  double maxDrop = 0.005; ///< of Loss::bound
  Goal goal = Goal::Latency;
  uint64_t output = 0;          ///< number of the output that is measured
  std::vector<Carried> carried; ///< of evaluation data whose samples follow one another
  bool prunes = true;           ///< channels, heads and features may go
  unsigned repeats = 20;
};

/// A way to do a layer, and what it costs.
struct Option {
  mlir::DictionaryAttr choice; ///< null: f32
  double ms = 0;               ///< of the layer's kernels
  int64_t bytes = 0;           ///< of its weights
  double noise = 0; ///< what it alone adds to the power of the error of the model's results, over their power
};

struct LayerOptions {
  std::string name;
  std::vector<Option> options; ///< the first is f32
  size_t chosen = 0;
  std::string why;
};

/// A plan as a whole.
struct Point {
  Plan plan;
  double cost = 0; ///< what the goal adds up over layers: ms, or bytes
  Loss loss;
};

struct Compression {
  std::vector<LayerOptions> layers;
  std::vector<Point> frontier;                                    ///< plans that were measured, by cost
  Plan plan;                                                      ///< what is returned
  std::map<double, std::shared_ptr<const ObservedModule>> models; ///< what plans are for, by the share that is pruned
  double f32Ms = 0, ms = 0;                                       ///< of the whole program
  uint64_t f32Bytes = 0, bytes = 0;                               ///< of the program file
  double f32Score = 0, score = 0;
  Loss loss;
  std::string verdict; ///< why this plan and not another
};

/// Looks for a plan for a model that was observed on `samples`. `evaluation` is other data. Fails exactly when
/// `diagnostics` got an error.
mlir::FailureOr<Compression> compress(std::shared_ptr<const ObservedModule> whole, Samples &samples,
                                      Samples &evaluation, const CompressOptions &options,
                                      std::vector<Diagnostic> &diagnostics);

/// Measures `plan` in place of a search.
mlir::FailureOr<Compression> measure(std::shared_ptr<const ObservedModule> whole, const Plan &plan, Samples &samples,
                                     Samples &evaluation, const CompressOptions &options,
                                     std::vector<Diagnostic> &diagnostics);

/// The plan as a table, and as a page with the frontier drawn.
void print(const Compression &result, const CompressOptions &options, llvm::raw_ostream &os);
void writeHtml(const Compression &result, const CompressOptions &options, llvm::StringRef title, llvm::raw_ostream &os);

} // namespace cameo::compression
#endif
