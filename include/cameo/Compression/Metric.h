// Metric.h - how good a model's results are, as one number, and how much of it is lost.
#ifndef CAMEO_COMPRESSION_METRIC_H
#define CAMEO_COMPRESSION_METRIC_H

#include "cameo/Runtime/cameo.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <vector>

namespace cameo::compression {

enum class MetricKind {
  Top1,   ///< share of rows (last axis) whose largest element is the label, or f32's where there are no labels; rows of
          ///< one element are compared with 0.5
  Cosine, ///< mean over samples of the cosine between result and f32's
  Sqnr,   ///< signal to noise against f32, in dB
  Ppl,    ///< perplexity of the labels, rows being logits
};

std::optional<MetricKind> parseMetric(llvm::StringRef name);

/// Results of the f32 program, sample by sample: what others are measured against.
struct Reference {
  std::vector<std::vector<float>> results;
  std::vector<int64_t> rowLengths; ///< last size of each
  std::vector<std::vector<int64_t>> labels;
};

/// Adds up a metric over samples.
class Metric {
public:
  Metric(MetricKind kind, const Reference &reference) : kind(kind), reference(reference) {}

  void add(size_t sample, llvm::ArrayRef<float> result);
  /// In the metric's own unit.
  double score() const;
  /// What is lost against `f32`, the metric of the reference itself: points of top1 as a fraction, 1 - cosine, the
  /// relative rms error for sqnr, the relative growth of perplexity.
  double drop(const Metric &f32) const;
  /// Noise power over signal power of all results.
  double noise() const { return signal > 0 ? error / signal : 0; }

private:
  MetricKind kind;
  const Reference &reference;
  double sum = 0, count = 0, error = 0, signal = 0;
};

} // namespace cameo::compression
#endif
