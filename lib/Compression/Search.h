// Search.h - plans for one model between f32 and the cheapest, and what they lose.
#ifndef LIB_COMPRESSION_SEARCH_H
#define LIB_COMPRESSION_SEARCH_H
#include "Trials.h"

namespace cameo::compression {

/// A search among the ways of quantizing the layers of one model. Functions fail exactly when the trials' diagnostics
/// got an error.
class Search {
public:
  /// `pruned` is what `model` says of its plans. All that is given outlives the search.
  Search(const ObservedModule &model, double pruned, Trials &trials, const CompressOptions &options);

  /// Measures f32, the first point of the frontier.
  mlir::LogicalResult start();
  /// Measures all else.
  mlir::LogicalResult run();

  std::vector<LayerOptions> layers;
  std::vector<Point> frontier; ///< plans that were measured, in the order in which they were

private:
  mlir::LogicalResult collectOptions();
  mlir::LogicalResult makeSwitched();
  mlir::LogicalResult measureNoise();
  double costOf(const Option &option) const { return options.goal == Goal::Size ? double(option.bytes) : option.ms; }
  double costOf(const Choices &choices) const;
  std::vector<Choices> steps() const;
  Plan planOf(const Choices &choices) const;
  mlir::FailureOr<bool> holds(const Choices &choices);
  mlir::LogicalResult walkFrontier();
  mlir::LogicalResult extend(const std::vector<Choices> &plans, size_t good);

  const Calibration &calibration;
  mlir::MLIRContext *context;
  double pruned;
  Trials &trials;
  const CompressOptions &options;
};

} // namespace cameo::compression
#endif
