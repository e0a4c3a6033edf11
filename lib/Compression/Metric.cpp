// Metric.cpp - see Metric.h.
#include "cameo/Compression/Metric.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <algorithm>
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

void Metric::add(size_t sample, llvm::ArrayRef<float> result) {
  llvm::ArrayRef<float> wanted = reference.results[sample];
  double dot = 0, own = 0, other = 0;
  for (auto [x, y] : llvm::zip(result, wanted)) {
    dot += double(x) * y, own += double(x) * x, other += double(y) * y;
    error += (double(x) - y) * (double(x) - y), signal += double(y) * y;
  }
  if (kind == MetricKind::Cosine)
    sum += own > 0 && other > 0 ? dot / std::sqrt(own * other) : own == other, count += 1;
  if (kind != MetricKind::Top1 && kind != MetricKind::Ppl)
    return;
  int64_t length = reference.rowLengths[sample];
  llvm::ArrayRef<int64_t> labels = reference.labels[sample];
  for (int64_t row = 0; (row + 1) * length <= int64_t(result.size()); ++row) {
    llvm::ArrayRef<float> numbers = result.slice(row * length, length);
    if (kind == MetricKind::Ppl)
      sum += surprise(numbers, labels[row]);
    else
      sum += decision(numbers) == (labels.empty() ? decision(wanted.slice(row * length, length)) : labels[row]);
    count += 1;
  }
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

double Metric::drop(const Metric &f32) const {
  double lost = 0;
  switch (kind) {
  case MetricKind::Sqnr:
    lost = std::sqrt(noise());
    break;
  case MetricKind::Ppl:
    lost = score() / f32.score() - 1;
    break;
  case MetricKind::Cosine:
    lost = 1 - score();
    break;
  case MetricKind::Top1:
    lost = f32.score() - score();
    break;
  }
  return std::isnan(lost) ? INFINITY : lost;
}
