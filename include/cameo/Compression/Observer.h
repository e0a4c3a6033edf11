// Observer.h - what is remembered of an activation: a histogram and sums, of bounded size however many samples come.
//
// The result depends on the samples and their order, not on where a calibration was stopped and resumed. A histogram
// spans [-2^k, 2^k] for the least k that holds all numbers so far; when one does not fit, k grows and neighbouring bins
// are merged, which is exact. So its bins are those of a histogram that had known the range from the start.
#ifndef CAMEO_COMPRESSION_OBSERVER_H
#define CAMEO_COMPRESSION_OBSERVER_H

#include "cameo/Support/ScratchMemory.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <limits>
#include <memory>
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
  /// What is not finite stays in `least` or `most` and counts nowhere.
  void add(float x) {
    float size = x < 0 ? -x : x;
    if (!(size <= std::numeric_limits<float>::max())) {
      (x < 0 ? least : most) = x;
      return;
    }
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

/// Second moments: the sum of x x^T over positions, [size][size]. They lie in scratch memory, of which no more is
/// resident than what is being added to.
class Moments {
public:
  Moments() = default;
  explicit Moments(int64_t size) : size(size), memory(std::make_shared<ScratchMemory>(size * size * sizeof(float))) {}

  bool empty() const { return !memory; }
  /// Adds positions; `axis` has `size` channels. Where that are more than `most` multiplications, every so manieth
  /// position.
  void add(const float *data, llvm::ArrayRef<int64_t> dims, int64_t axis, int64_t most = INT64_MAX);
  /// Row by row.
  llvm::MutableArrayRef<float> values() const {
    return {memory ? reinterpret_cast<float *>(memory->bytes().data()) : nullptr, size_t(size * size)};
  }
  const std::shared_ptr<ScratchMemory> &storage() const { return memory; }

private:
  int64_t size = 0;
  std::shared_ptr<ScratchMemory> memory;
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
  Moments gram; ///< of channels, over rows; empty where not wanted
};

/// The name of a method on the command line; nothing for others.
std::optional<RangeMethod> parseRangeMethod(llvm::StringRef name);

} // namespace cameo::compression
#endif
