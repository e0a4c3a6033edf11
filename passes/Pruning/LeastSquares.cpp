// LeastSquares.cpp - see LeastSquares.h. Inner loops run along rows, so that they become vectors.
#include "LeastSquares.h"
#include <cmath>

using namespace cameo;

std::optional<Cholesky> Cholesky::of(std::vector<double> a, int64_t n, double ridge) {
  double mean = 0;
  for (int64_t i = 0; i < n; ++i)
    mean += a[i * n + i] / double(n);
  for (int64_t i = 0; i < n; ++i)
    a[i * n + i] += ridge * mean + 1e-12;
  // The factor's transpose in the upper half, a row at a time: rows below lose that row's share.
  for (int64_t k = 0; k < n; ++k) {
    double *row = &a[k * n];
    if (!(row[k] > 0))
      return std::nullopt;
    double diagonal = std::sqrt(row[k]);
    for (int64_t j = k; j < n; ++j)
      row[j] /= diagonal;
    for (int64_t i = k + 1; i < n; ++i)
      if (double factor = row[i]; factor != 0)
        for (int64_t j = i; j < n; ++j)
          a[i * n + j] -= factor * row[j];
  }
  Cholesky result;
  result.n = n;
  result.l.assign(n * n, 0);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j <= i; ++j)
      result.l[i * n + j] = a[j * n + i];
  return result;
}

void Cholesky::solve(std::vector<double> &b, int64_t columns) const {
  for (int64_t i = 0; i < n; ++i) {
    double *row = &b[i * columns];
    for (int64_t k = 0; k < i; ++k)
      for (int64_t c = 0; c < columns; ++c)
        row[c] -= l[i * n + k] * b[k * columns + c];
    for (int64_t c = 0; c < columns; ++c)
      row[c] /= l[i * n + i];
  }
  for (int64_t i = n - 1; i >= 0; --i) {
    double *row = &b[i * columns];
    for (int64_t c = 0; c < columns; ++c)
      row[c] /= l[i * n + i];
    for (int64_t k = 0; k < i; ++k)
      for (int64_t c = 0; c < columns; ++c)
        b[k * columns + c] -= l[i * n + k] * row[c];
  }
}

std::vector<double> Cholesky::inverseOfFactor() const {
  std::vector<double> inverse(n * n, 0);
  for (int64_t i = 0; i < n; ++i) {
    double *row = &inverse[i * n];
    row[i] = 1;
    for (int64_t k = 0; k < i; ++k)
      for (int64_t j = 0; j <= k; ++j)
        row[j] -= l[i * n + k] * inverse[k * n + j];
    for (int64_t j = 0; j <= i; ++j)
      row[j] /= l[i * n + i];
  }
  return inverse;
}

std::vector<double> Cholesky::inverseDiagonal() const {
  std::vector<double> inverse = inverseOfFactor(), diagonal(n, 0);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j <= i; ++j)
      diagonal[j] += inverse[i * n + j] * inverse[i * n + j];
  return diagonal;
}
