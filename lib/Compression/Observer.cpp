// Observer.cpp - see Observer.h.
#include "cameo/Compression/Observer.h"
#include "llvm/ADT/StringSwitch.h"
#include <algorithm>
#include <cmath>

using namespace cameo::compression;

void Histogram::grow(float size) {
  float wanted = std::exp2(std::ceil(std::log2(size)));
  if (wanted < size) // log2 was rounded down
    wanted *= 2;
  if (limit == 0) {
    limit = wanted;
    return; // zeros lie in the middle bin of every histogram
  }
  for (; limit < wanted; limit *= 2) {
    std::vector<uint64_t> merged(kBins, 0);
    for (size_t bin = 0; bin < kBins; ++bin)
      merged[kBins / 4 + bin / 2] += counts[bin];
    counts = std::move(merged);
  }
}

static constexpr int kLevels = 256;

double Histogram::squaredError(Range range) const {
  double step = (double(range.most) - range.least) / (kLevels - 1), inside = step * step / 12, sum = 0;
  for (size_t bin = 0; bin < kBins; ++bin)
    if (counts[bin]) {
      float x = center(bin);
      double beyond = x < range.least ? range.least - x : x > range.most ? x - range.most : 0;
      // A zero is rounded to a zero: the zero point is an integer.
      bool isZero = bin == kBins / 2 && limit / kBins < step / 2;
      sum += double(counts[bin]) * (beyond > 0 ? beyond * beyond : isZero ? 0 : inside);
    }
  return sum;
}

double Histogram::divergence(Range range) const {
  // Numbers outside count at the edges; inside, the bins of a level share its count evenly. Source: TensorRT's 8-bit
  // inference.
  size_t first = kBins, last = 0;
  std::vector<double> p(kBins, 0);
  for (size_t bin = 0; bin < kBins; ++bin) {
    float x = center(bin);
    if (x >= range.least && x <= range.most)
      first = std::min(first, bin), last = bin;
  }
  if (first > last)
    return INFINITY;
  double total = 0;
  for (size_t bin = 0; bin < kBins; ++bin)
    p[std::clamp(bin, first, last)] += double(counts[bin]), total += double(counts[bin]);
  double sum = 0;
  for (int level = 0; level < kLevels; ++level) {
    size_t begin = first + (last + 1 - first) * level / kLevels,
           end = first + (last + 1 - first) * (level + 1) / kLevels;
    double count = 0, used = 0;
    for (size_t bin = begin; bin < end; ++bin)
      count += double(counts[bin]), used += p[bin] > 0;
    for (size_t bin = begin; bin < end; ++bin)
      if (p[bin] > 0)
        sum += p[bin] / total * std::log(p[bin] / std::max(count / used, 1e-9));
  }
  return sum;
}

Range Histogram::percentile() const {
  constexpr double kKept = 0.9999;
  uint64_t total = 0, below = 0;
  for (uint64_t count : counts)
    total += count;
  Range range{least, most};
  double cut = double(total) * (1 - kKept) / 2;
  for (size_t bin = 0; bin < kBins && double(below += counts[bin]) < cut; ++bin)
    range.least = center(bin);
  uint64_t above = 0;
  for (size_t bin = kBins; bin-- > 0 && double(above += counts[bin]) < cut;)
    range.most = center(bin);
  return range;
}

Range Histogram::range(RangeMethod method) const {
  Range full{std::min(least, 0.0f), std::max(most, 0.0f)};
  if (method == RangeMethod::MinMax || full.least == full.most)
    return full;
  if (method == RangeMethod::Percentile) {
    Range cut = percentile();
    return {std::min(cut.least, 0.0f), std::max(cut.most, 0.0f)};
  }
  // Both ends are cut to fractions of what was seen, each for itself.
  constexpr int kSteps = 64;
  auto cost = [&](Range r) { return method == RangeMethod::Mse ? squaredError(r) : divergence(r); };
  Range best = full;
  double least = cost(full);
  for (int round = 0; round < 2; ++round)
    for (bool isLow : {false, true})
      for (int step = 2; step < kSteps; ++step) {
        Range r = best;
        (isLow ? r.least : r.most) = (isLow ? full.least : full.most) * float(step) / kSteps;
        if (double now = cost(r); now < least)
          least = now, best = r;
      }
  return best;
}

Observer::Observer(int64_t channels, bool wantsGram)
    : channels(channels), low(channels, 0), high(channels, 0), sum(channels, 0), square(channels, 0),
      gram(wantsGram ? Moments(channels) : Moments()) {}

void Observer::add(const float *data, llvm::ArrayRef<int64_t> dims, int64_t axis) {
  int64_t outer = 1, inner = 1;
  for (int64_t i = 0; i < int64_t(dims.size()); ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : dims[i];
  numbers += outer * inner;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t c = 0; c < channels; ++c) {
      const float *row = data + (o * channels + c) * inner;
      for (int64_t i = 0; i < inner; ++i) {
        float x = row[i];
        histogram.add(x);
        low[c] = std::min(low[c], x), high[c] = std::max(high[c], x);
        sum[c] += x, square[c] += double(x) * x;
      }
    }
  if (!gram.empty())
    gram.add(data, dims, axis);
}

void Moments::add(const float *data, llvm::ArrayRef<int64_t> dims, int64_t axis, int64_t most) {
  float *sums = values().data();
  int64_t channels = dims[axis], outer = 1, inner = 1;
  for (int64_t i = 0; i < int64_t(dims.size()); ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : dims[i];
  int64_t positions = outer * inner, fitting = std::max<int64_t>(1, most / std::max<int64_t>(1, channels * channels));
  int64_t step = std::max<int64_t>(1, (positions + fitting - 1) / fitting);
  // Some positions at a time, their channels side by side, so that the inner loop runs along a row of sums.
  constexpr int64_t kPositions = 32;
  std::vector<float> block(kPositions * channels);
  for (int64_t first = 0; first < positions; first += kPositions * step) {
    int64_t count = 0;
    for (int64_t p = first; p < positions && count < kPositions; p += step, ++count)
      for (int64_t c = 0; c < channels; ++c)
        block[count * channels + c] = data[(p / inner * channels + c) * inner + p % inner];
    for (int64_t i = 0; i < channels; ++i)
      for (int64_t p = 0; p < count; ++p) {
        const float *x = &block[p * channels];
        if (float own = x[i]; own != 0)
          for (int64_t j = 0; j < channels; ++j)
            sums[i * channels + j] += own * x[j];
      }
  }
  memory->release();
}

std::optional<RangeMethod> cameo::compression::parseRangeMethod(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<RangeMethod>>(name)
      .Case("min-max", RangeMethod::MinMax)
      .Case("percentile", RangeMethod::Percentile)
      .Case("entropy", RangeMethod::Entropy)
      .Case("mse", RangeMethod::Mse)
      .Default(std::nullopt);
}
