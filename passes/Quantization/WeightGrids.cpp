// WeightGrids.cpp - see WeightGrids.h.
#include "WeightGrids.h"
#include <algorithm>
#include <cmath>

using namespace cameo;
using llvm::ArrayRef;

WeightGrid::WeightGrid(int64_t outputs, int64_t terms, unsigned bits, int64_t block, bool isSymmetric)
    : outputs(outputs), terms(terms), bits(bits), block(block), isSymmetric(isSymmetric), levels(outputs * terms),
      zeros(outputs * blocks(), 1u << (bits - 1)), scales(outputs * blocks(), 1) {}

uint8_t WeightGrid::nearest(float w, int64_t n, int64_t k) const {
  int64_t group = n * blocks() + k / block;
  float level = std::nearbyint(w / scales[group]) + float(zeros[group]);
  return uint8_t(std::clamp(level, 0.0f, float((1u << bits) - 1)));
}

void WeightGrid::span(ArrayRef<float> weights, int64_t n, int64_t first) {
  int64_t group = n * blocks() + first / block, end = std::min(first + block, terms);
  float low = 0, high = 0;
  for (int64_t k = first; k < end; ++k)
    low = std::min(low, weights[n * terms + k]), high = std::max(high, weights[n * terms + k]);
  float most = float((1u << bits) - 1);
  float scale = isSymmetric ? std::max(-low, high) / float((1u << (bits - 1)) - 1) : (high - low) / most;
  scales[group] = scale > 0 ? scale : 1;
  if (!isSymmetric)
    zeros[group] = uint8_t(std::clamp(std::nearbyint(-low / scales[group]), 0.0f, most));
}

void WeightGrid::round(ArrayRef<float> weights) {
  for (int64_t n = 0; n < outputs; ++n)
    for (int64_t k = 0; k < terms; ++k)
      levels[n * terms + k] = nearest(weights[n * terms + k], n, k);
}

void cameo::roundToNearest(WeightGrid &grid, ArrayRef<float> weights) {
  for (int64_t n = 0; n < grid.outputs; ++n)
    for (int64_t k = 0; k < grid.terms; k += grid.block)
      grid.span(weights, n, k);
  grid.round(weights);
}

namespace {

/// One block while its scale and zero are looked for.
class Block {
public:
  Block(WeightGrid &grid, ArrayRef<float> weights, int64_t n, int64_t first)
      : grid(grid), group(n * grid.blocks() + first / grid.block),
        numbers(weights.slice(n * grid.terms + first, std::min(grid.block, grid.terms - first))),
        most(float((1u << grid.bits) - 1)) {}

  void improve() {
    float bestScale = grid.scales[group], best = error();
    uint8_t bestZero = grid.zeros[group];
    float beta = 10;
    for (unsigned step = 0; step < 20; ++step, beta *= 1.01f) {
      refit(beta);
      if (float now = error(); now < best)
        best = now, bestScale = grid.scales[group], bestZero = grid.zeros[group];
    }
    grid.scales[group] = bestScale, grid.zeros[group] = bestZero;
  }

private:
  static constexpr float kNorm = 0.7f;

  float level(float w) const {
    return std::clamp(std::nearbyint(w / grid.scales[group]) + float(grid.zeros[group]), 0.0f, most);
  }
  float value(float level) const { return (level - float(grid.zeros[group])) * grid.scales[group]; }

  /// Relative to the scale, so that scales can be compared.
  float error() const {
    float sum = 0;
    for (float w : numbers)
      sum += std::pow(std::abs(w - value(level(w))), kNorm);
    return sum;
  }

  /// The zero and the scale that fit the numbers best once their outliers' errors (the proximal step) are set aside.
  void refit(float beta) {
    float unit = grid.scales[group], zero = 0, dot = 0, square = 0;
    for (float w : numbers) {
      float q = level(w), left = (w - value(q)) / unit;
      float kept =
          std::copysign(std::max(0.0f, std::abs(left) - std::pow(std::abs(left) + 1e-8f, kNorm - 1) / beta), left);
      float target = w - kept * unit;
      zero += q - target / unit;
      dot += (q - float(grid.zeros[group])) * target;
      square += (q - float(grid.zeros[group])) * (q - float(grid.zeros[group]));
    }
    if (square > 0 && dot > 0)
      grid.scales[group] = dot / square;
    if (!grid.isSymmetric)
      grid.zeros[group] = uint8_t(std::clamp(std::nearbyint(zero / float(numbers.size())), 0.0f, most));
  }

  WeightGrid &grid;
  int64_t group;
  ArrayRef<float> numbers;
  float most;
};

/// In place: the upper factor U with inverse(a) = U^T U of a symmetric positive definite matrix. False where it is not
/// one.
bool invertToFactor(std::vector<double> &a, int64_t size) {
  // a = R R^T with R upper, from the last column on.
  std::vector<double> column(size);
  for (int64_t j = size - 1; j >= 0; --j) {
    if (!(a[j * size + j] > 0))
      return false;
    double diagonal = std::sqrt(a[j * size + j]);
    for (int64_t i = 0; i < j; ++i)
      a[i * size + j] = column[i] = a[i * size + j] / diagonal;
    a[j * size + j] = diagonal;
    for (int64_t i = 0; i < j; ++i)
      for (int64_t k = i; k < j; ++k)
        a[i * size + k] -= column[i] * column[k];
  }
  // U = inverse(R), row by row from the last; row i of R is read before it is written.
  std::vector<double> row(size);
  for (int64_t i = size - 1; i >= 0; --i) {
    double *own = &a[i * size], inverse = 1 / own[i];
    std::fill(own, own + i, 0);
    std::copy(own + i + 1, own + size, row.begin() + i + 1);
    std::fill(own + i + 1, own + size, 0);
    own[i] = inverse;
    for (int64_t k = i + 1; k < size; ++k)
      for (int64_t j = k; j < size; ++j)
        own[j] -= inverse * row[k] * a[k * size + j];
  }
  return true;
}

} // namespace

void cameo::halfQuadratic(WeightGrid &grid, ArrayRef<float> weights) {
  for (int64_t n = 0; n < grid.outputs; ++n)
    for (int64_t k = 0; k < grid.terms; k += grid.block) {
      grid.span(weights, n, k);
      Block(grid, weights, n, k).improve();
    }
  grid.round(weights);
}

bool cameo::compensated(WeightGrid &grid, ArrayRef<float> weights, ArrayRef<float> gram) {
  int64_t size = grid.terms;
  std::vector<double> factor(gram.begin(), gram.end());
  double mean = 0;
  for (int64_t k = 0; k < size; ++k)
    mean += factor[k * size + k] / double(size);
  for (int64_t k = 0; k < size; ++k)
    factor[k * size + k] += 0.01 * mean + 1e-12;
  roundToNearest(grid, weights);
  if (!invertToFactor(factor, size))
    return false;
  std::vector<float> left(weights.begin(), weights.end()), row(factor.begin(), factor.end());
  for (int64_t n = 0; n < grid.outputs; ++n)
    for (int64_t k = 0; k < size; ++k) {
      if (k % grid.block == 0)
        grid.span(left, n, k); // what earlier columns left over changes what the block has to span
      float *w = &left[n * size];
      uint8_t level = grid.nearest(w[k], n, k);
      grid.levels[n * size + k] = level;
      float error = (w[k] - grid.at(n, k)) / row[k * size + k];
      for (int64_t j = k; j < size; ++j)
        w[j] -= error * row[k * size + j];
    }
  return true;
}

/// The squared error of the outputs that weights in error by `errors` make, summed over the observed inputs.
static double outputError(ArrayRef<float> errors, int64_t terms, ArrayRef<float> squares, ArrayRef<float> gram) {
  double sum = 0;
  for (; !errors.empty(); errors = errors.drop_front(terms))
    for (int64_t i = 0; i < terms; ++i) {
      if (gram.empty()) {
        sum += double(errors[i]) * errors[i] * squares[i];
        continue;
      }
      float product = 0;
      for (int64_t j = 0; j < terms; ++j)
        product += errors[j] * gram[i * terms + j];
      sum += double(errors[i]) * product;
    }
  return sum;
}

std::vector<float> cameo::activationAware(WeightGrid grid, ArrayRef<float> weights, ArrayRef<float> squares,
                                          ArrayRef<float> gram) {
  constexpr unsigned kSteps = 10;
  std::vector<float> best(grid.terms, 1), factors(grid.terms), scaled(weights.size()), errors(weights.size());
  double least = -1;
  for (unsigned step = 0; step < kSteps; ++step) {
    float power = 0.5f * float(step) / kSteps, low = INFINITY, high = 0;
    for (int64_t k = 0; k < grid.terms; ++k) {
      factors[k] = std::max(std::pow(squares[k], power), 1e-4f);
      low = std::min(low, factors[k]), high = std::max(high, factors[k]);
    }
    for (float &f : factors)
      f /= std::sqrt(low * high);
    for (int64_t n = 0; n < grid.outputs; ++n)
      for (int64_t k = 0; k < grid.terms; ++k)
        scaled[n * grid.terms + k] = weights[n * grid.terms + k] * factors[k];
    roundToNearest(grid, scaled);
    for (int64_t n = 0; n < grid.outputs; ++n)
      for (int64_t k = 0; k < grid.terms; ++k)
        errors[n * grid.terms + k] = weights[n * grid.terms + k] - grid.at(n, k) / factors[k];
    if (double sum = outputError(errors, grid.terms, squares, gram); least < 0 || sum < least)
      least = sum, best = factors;
  }
  return best;
}
