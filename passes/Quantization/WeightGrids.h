// WeightGrids.h - weights as small integers in blocks: the ways to choose them. Plain numbers in and out.
#ifndef PASSES_QUANTIZATION_WEIGHTGRIDS_H
#define PASSES_QUANTIZATION_WEIGHTGRIDS_H
#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace cameo {

/// w[n, k] ~ (level[n, k] - zero[n, k / block]) * scale[n, k / block], levels in [0, 2^bits).
struct WeightGrid {
  int64_t outputs, terms;
  unsigned bits;
  int64_t block;    ///< terms that share a scale
  bool isSymmetric; ///< every zero is 2^(bits - 1)
  std::vector<uint8_t> levels, zeros;
  std::vector<float> scales;

  WeightGrid(int64_t outputs, int64_t terms, unsigned bits, int64_t block, bool isSymmetric);

  int64_t blocks() const { return (terms + block - 1) / block; }
  float at(int64_t n, int64_t k) const {
    int64_t group = n * blocks() + k / block;
    return (float(levels[n * terms + k]) - float(zeros[group])) * scales[group];
  }
  /// Nearest level of `w` as a member of the block of (n, k).
  uint8_t nearest(float w, int64_t n, int64_t k) const;
  /// Scale and zero of a block that spans its numbers.
  void span(llvm::ArrayRef<float> weights, int64_t n, int64_t first);
  /// Every level the nearest one.
  void round(llvm::ArrayRef<float> weights);
};

/// Round to nearest: blocks span their numbers.
void roundToNearest(WeightGrid &grid, llvm::ArrayRef<float> weights);

/// Half-quadratic quantization, without data: blocks whose scale and zero make the error's p-norm (p = 0.7) small,
/// which forgives outliers. Source: Badri & Shaji 2023, here with whole zeros.
void halfQuadratic(WeightGrid &grid, llvm::ArrayRef<float> weights);

/// Columns one after the other; what rounding one does to the output, the next ones make good. `gram` is
/// sum x x^T [terms][terms] over inputs. Source: Frantar et al. 2023, Algorithm 1, dampening 1 %. False where `gram` is
/// not positive definite even so; the grid is then the nearest one.
bool compensated(WeightGrid &grid, llvm::ArrayRef<float> weights, llvm::ArrayRef<float> gram);

/// Factors per term for weights whose inputs are divided by them: `squares` (sum of x^2) to a power between 0 and 1/2
/// that makes the output's squared error least when both are rounded to the grid. With `gram` (may be empty) that error
/// is exact on the inputs that were observed, and so never above round-to-nearest's; without, terms count as
/// uncorrelated. Source: Lin et al. 2024 (AWQ), section 3.2.
std::vector<float> activationAware(WeightGrid grid, llvm::ArrayRef<float> weights, llvm::ArrayRef<float> squares,
                                   llvm::ArrayRef<float> gram);

} // namespace cameo
#endif
