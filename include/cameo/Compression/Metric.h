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
  /// True where all numbers are between 0 and 1.
  bool areProbabilities() const;

  std::vector<std::vector<float>> results;
  std::vector<int64_t> rowLengths; ///< last size of each
  std::vector<std::vector<int64_t>> labels;
};

/// What is lost against f32: points of top1 as a fraction, 1 - cosine, the relative rms error for sqnr, the relative
/// growth of perplexity.
struct Loss {
  double measured = 0; ///< on the samples
  double bound = 0;    ///< on other samples of the kind no more, as far as so many can tell; never below `measured`
};

/// Adds up a metric over samples.
///
/// The bound of a mean is 1.64 standard errors above it (one-sided, 95 %); of one number it is the number. Of top1 that
/// is not enough: 60 samples of which none is lost are compatible with 5 % lost. But they tell more than how many are
/// lost, which bounds it too. A decision is lost where the change of a row's margin (its label's number over the
/// largest other) exceeds the margin itself, and few rows have small margins. So of n rows the sqrt(n) least margins
/// are taken for even between 0 and the largest of them, and changes for independent of margins: the share lost is that
/// of all pairs of a margin and a change that takes more. Of probabilities margins are those of their logarithms.
class Metric {
public:
  /// `reference` is complete.
  Metric(MetricKind kind, const Reference &reference)
      : kind(kind), reference(reference), areProbabilities(reference.areProbabilities()) {}

  void add(size_t sample, llvm::ArrayRef<float> result);
  /// In the metric's own unit.
  double score() const;
  /// Infinite where a result was no number.
  Loss loss() const;
  /// Noise power over signal power of all results.
  double noise() const { return signal > 0 ? error / signal : 0; }

private:
  /// A row that f32 decides as its label says.
  struct Decision {
    float margin, change; ///< f32's, and what is added to it
  };

  void addRow(llvm::ArrayRef<float> found, llvm::ArrayRef<float> wanted, std::optional<int64_t> label);
  float margin(llvm::ArrayRef<float> row, int64_t label) const;
  double boundOfDecisions() const;
  Loss lossOfPower() const;

  MetricKind kind;
  const Reference &reference;
  bool areProbabilities;
  bool isNumber = true;
  double sum = 0, count = 0;        ///< of scores: rows, or samples
  double lost = 0, lostSquares = 0; ///< what each of these loses
  double error = 0, signal = 0;
  double errorSquares = 0, signalSquares = 0, errorSignal = 0; ///< over samples, of their error and signal
  std::vector<Decision> decisions;
};

} // namespace cameo::compression
#endif
