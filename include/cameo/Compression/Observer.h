// Observer.h - what is remembered of an activation: a histogram and sums, of bounded size however many samples come.
//
// The result depends on the samples and their order, not on where a calibration was stopped and resumed. A histogram
// spans [-2^k, 2^k] for the least k that holds all numbers so far; when one does not fit, k grows and neighbouring bins
// are merged, which is exact. So its bins are those of a histogram that had known the range from the start.
#ifndef CAMEO_COMPRESSION_OBSERVER_H
#define CAMEO_COMPRESSION_OBSERVER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace cameo::compression {

/// How a range follows from what was observed.
enum class RangeMethod {
  MinMax,
  Percentile, ///< all but 1 in 10,000 numbers
  Entropy,    ///< least Kullback-Leibler divergence between the numbers and their rounded distribution
  Mse,        ///< least mean squared error of the rounded numbers
};

struct Range {
  float least, most;
};

class Histogram {
public:
  static constexpr size_t kBins = 4096;

  Histogram() : counts(kBins, 0) {}
  void add(float x) {
    float size = x < 0 ? -x : x;
    if (size > limit)
      grow(size);
    ++counts[index(x)];
    least = x < least ? x : least, most = x > most ? x : most;
  }
  /// The range that an 8-bit number is to hold; always includes 0.
  Range range(RangeMethod method) const;

  std::vector<uint64_t> counts;
  float limit = 0; ///< a power of two, or 0 before the first number but 0
  float least = 0, most = 0;

private:
  size_t index(float x) const {
    if (limit == 0)
      return kBins / 2;
    size_t bin = size_t((x + limit) * (float(kBins) / (2 * limit)));
    return bin < kBins ? bin : kBins - 1;
  }
  void grow(float size);
  float center(size_t bin) const { return -limit + (float(bin) + 0.5f) * (2 * limit / float(kBins)); }
  double squaredError(Range range) const;
  double divergence(Range range) const;
  Range percentile() const;
};

/// An activation: what Histogram says of all numbers, and per channel.
struct Observer {
  explicit Observer(int64_t channels = 0, bool wantsGram = false);

  /// `axis` counts the channels.
  void add(const float *data, llvm::ArrayRef<int64_t> dims, int64_t axis);

  int64_t channels, numbers = 0; ///< numbers per channel
  Histogram histogram;
  std::vector<float> low, high;
  std::vector<double> sum, square;
  std::vector<float> gram; ///< [channels][channels], sum x x^T over rows; empty where not wanted
};

/// Adds x x^T of positions to `gram` [channels][channels]; `axis` counts the channels. Where that are more than `most`
/// multiplications, of every so manieth position.
void addMoments(llvm::MutableArrayRef<float> gram, const float *data, llvm::ArrayRef<int64_t> dims, int64_t axis,
                int64_t most = INT64_MAX);

/// The name of a method on the command line; nothing for others.
std::optional<RangeMethod> parseRangeMethod(llvm::StringRef name);

} // namespace cameo::compression
#endif
