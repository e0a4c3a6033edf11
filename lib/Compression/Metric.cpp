// Metric.cpp - see Metric.h.
#include "cameo/Compression/Metric.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <algorithm>
#include <cfloat>
#include <cmath>

using namespace cameo::compression;

std::optional<MetricKind> cameo::compression::parseMetric(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<MetricKind>>(name)
      .Case("top1", MetricKind::Top1)
      .Case("cosine", MetricKind::Cosine)
      .Case("sqnr", MetricKind::Sqnr)
      .Case("ppl", MetricKind::Ppl)
      .Default(std::nullopt);
}

/// The class a row stands for.
static int64_t decision(llvm::ArrayRef<float> row) {
  if (row.size() == 1)
    return row[0] > 0.5f;
  return std::max_element(row.begin(), row.end()) - row.begin();
}

/// -log softmax(row)[label]
static double surprise(llvm::ArrayRef<float> row, int64_t label) {
  double most = *std::max_element(row.begin(), row.end()), sum = 0;
  for (float x : row)
    sum += std::exp(x - most);
  return most + std::log(sum) - row[label];
}

/// Standard errors between a mean and what it is below in 95 of 100 cases.
constexpr double kErrors = 1.645;

/// A bound of the mean of `count` numbers.
static double boundOfMean(double sum, double squares, double count) {
  double mean = sum / count;
  return count < 2 ? mean : mean + kErrors * std::sqrt(std::max(squares / count - mean * mean, 0.0) / (count - 1));
}

bool Reference::areProbabilities() const {
  return llvm::all_of(results, [](llvm::ArrayRef<float> result) {
    return llvm::all_of(result, [](float x) { return x >= 0 && x <= 1; });
  });
}

void Metric::add(size_t sample, llvm::ArrayRef<float> result) {
  llvm::ArrayRef<float> wanted = reference.results[sample];
  if (result.size() != wanted.size()) { // sizes depend on data, and on the plan
    isNumber = false;
    return;
  }
  double dot = 0, own = 0, other = 0, wrong = 0;
  for (auto [x, y] : llvm::zip(result, wanted)) {
    isNumber &= !std::isnan(x);
    dot += double(x) * y, own += double(x) * x, other += double(y) * y;
    wrong += (double(x) - y) * (double(x) - y);
  }
  error += wrong, signal += other;
  errorSquares += wrong * wrong, signalSquares += other * other, errorSignal += wrong * other;
  if (kind == MetricKind::Cosine || kind == MetricKind::Sqnr) {
    double cosine = own > 0 && other > 0 ? dot / std::sqrt(own * other) : own == other;
    sum += cosine, count += 1, lost += 1 - cosine, lostSquares += (1 - cosine) * (1 - cosine);
    return;
  }
  int64_t length = reference.rowLengths[sample];
  llvm::ArrayRef<int64_t> labels = reference.labels[sample];
  for (int64_t row = 0; length > 0 && (row + 1) * length <= int64_t(result.size()); ++row)
    addRow(result.slice(row * length, length), wanted.slice(row * length, length),
           labels.empty() ? std::nullopt : std::optional(labels[row]));
}

void Metric::addRow(llvm::ArrayRef<float> found, llvm::ArrayRef<float> wanted, std::optional<int64_t> label) {
  double score, less;
  if (kind == MetricKind::Ppl) {
    score = surprise(found, *label), less = score - surprise(wanted, *label);
  } else {
    int64_t right = label.value_or(decision(wanted));
    score = decision(found) == right, less = (decision(wanted) == right) - score;
    if (decision(wanted) == right) {
      float own = margin(wanted, right), other = margin(found, right);
      isNumber &= !std::isnan(own);
      decisions.push_back({own, other == own ? 0 : other - own});
    }
  }
  sum += score, count += 1, lost += less, lostSquares += less * less;
}

/// How far `row` is from not deciding for `label`.
float Metric::margin(llvm::ArrayRef<float> row, int64_t label) const {
  auto scale = [&](float x) { return areProbabilities ? std::log(std::max(x, FLT_MIN)) : x; };
  if (row.size() == 1) {
    float other = 1 - row[0], above = scale(row[0]) - scale(other);
    return label ? above : -above;
  }
  float most = -INFINITY;
  for (auto [i, x] : llvm::enumerate(row))
    if (int64_t(i) != label)
      most = std::max(most, x);
  return scale(row[label]) - scale(most);
}

double Metric::score() const {
  double mean = count > 0 ? sum / count : 0;
  switch (kind) {
  case MetricKind::Sqnr:
    return error == 0 ? INFINITY : 10 * std::log10(signal / error);
  case MetricKind::Ppl:
    return std::exp(mean);
  default:
    return mean;
  }
}

double Metric::boundOfDecisions() const {
  std::vector<Decision> rows = decisions;
  llvm::sort(rows, [](const Decision &a, const Decision &b) { return a.margin < b.margin; });
  size_t near = std::min(rows.size(), size_t(std::lround(std::sqrt(count))));
  if (near == 0)
    return 0;
  // What changes in rows that are surer than most says little of those that are not.
  llvm::ArrayRef<Decision> unsure = llvm::ArrayRef(rows).take_front(std::max(near, rows.size() / 2));
  double squares = 0, pairs = 0, width = rows[near - 1].margin;
  llvm::ArrayRef<Decision> others = llvm::ArrayRef(rows).drop_front(near);
  auto within = [&](double reach) {
    return double(llvm::partition_point(others, [&](const Decision &row) { return row.margin < reach; }) -
                  others.begin());
  };
  for (const Decision &row : unsure) {
    squares += double(row.change) * row.change;
    if (row.change < 0)
      pairs += double(near) * (-row.change < width ? -row.change / width : 1.0) + within(-row.change);
  }
  // Margins that changes reach tell the density.
  double telling = double(near) + within(3 * std::sqrt(squares / double(unsure.size())));
  return pairs / (count * double(unsure.size())) * (1 + kErrors / std::sqrt(telling));
}

/// The square root of error over signal, of which the bound is that of a ratio of sums.
Loss Metric::lossOfPower() const {
  double ratio = noise(), spread = errorSquares - 2 * ratio * errorSignal + ratio * ratio * signalSquares;
  double deviation = count < 2 || signal == 0 ? 0 : std::sqrt(std::max(spread, 0.0) * count / (count - 1)) / signal;
  return {std::sqrt(ratio), std::sqrt(ratio + kErrors * deviation)};
}

Loss Metric::loss() const {
  if (!isNumber)
    return {INFINITY, INFINITY};
  if (count == 0)
    return {};
  Loss result{lost / count, boundOfMean(lost, lostSquares, count)};
  if (kind == MetricKind::Sqnr)
    result = lossOfPower();
  if (kind == MetricKind::Ppl)
    result = {std::expm1(result.measured), std::expm1(result.bound)};
  if (kind == MetricKind::Top1)
    result.bound = std::max(result.bound, boundOfDecisions());
  if (std::isnan(result.measured) || std::isnan(result.bound))
    return {INFINITY, INFINITY};
  return {result.measured, std::max(result.measured, result.bound)};
}
