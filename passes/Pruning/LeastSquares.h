// LeastSquares.h - symmetric positive definite systems, as second moments of channels are.
#ifndef PASSES_PRUNING_LEASTSQUARES_H
#define PASSES_PRUNING_LEASTSQUARES_H
#include <cstdint>
#include <optional>
#include <vector>

namespace cameo {

/// A = L L^T with L lower triangular, row by row.
class Cholesky {
public:
  /// Of `a` [n][n] with `ridge` times its mean diagonal added to its diagonal. Nothing where that is not positive
  /// definite.
  static std::optional<Cholesky> of(std::vector<double> a, int64_t n, double ridge);

  /// b [n][columns] becomes inverse(A) b.
  void solve(std::vector<double> &b, int64_t columns) const;
  /// inverse(L), lower triangular: inverse(A) = inverse(L)^T inverse(L).
  std::vector<double> inverseOfFactor() const;
  /// The diagonal of inverse(A).
  std::vector<double> inverseDiagonal() const;

private:
  std::vector<double> l;
  int64_t n = 0;
};

} // namespace cameo
#endif
