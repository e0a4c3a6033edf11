// ContractionCut.cpp - see ContractionCut.h: tiles, and the estimate that chooses one.
#include "ContractionCut.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace cameo::codegen;

/// The largest first; of tensor cores K is in bytes. Warpgroups read a run of 128 bytes per line.
static constexpr BlockTile kFmaTiles[] = {{128, 128, 16, 4, 2, 2}, {64, 64, 16, 2, 1, 3}, {32, 32, 16, 2, 1, 3}};
static constexpr BlockTile kMmaTiles[] = {{128, 128, 64, 2, 4, 3}, {64, 64, 64, 2, 2, 3}, {32, 32, 64, 2, 2, 3}};
static constexpr BlockTile kWgmmaTiles[] = {
    {128, 256, 128, 8, 1, 4, true}, {128, 128, 128, 8, 1, 6, true}, {64, 64, 128, 4, 1, 6, true}};

namespace {

// Bytes in a cycle, of a multiprocessor: by its way to the L2 cache, of that cache where all read, of shared memory.
constexpr double kPortBytes = 64, kCacheBytes = 32, kSharedBytes = 128;
constexpr double kSchedulers = 4; ///< of a multiprocessor, each an instruction of a warp in a cycle
constexpr double kStepInstructions = 20, kCopyInstructions = 12; ///< of a thread: of a step, of each 16 bytes it copies
constexpr double kStepCycles = 300;    ///< the barrier, reads of shared memory and products that wait for each other
constexpr double kLaunchCycles = 3000; ///< from the end of a launch to the first results of the next
constexpr int64_t kFewestSteps = 4;    ///< of a part: copies are so far ahead
constexpr int64_t kMostParts = 16;
constexpr double kDoubt = 1.1; ///< what a second launch must save at least: an estimate is no measurement

class Estimate {
public:
  Estimate(const PtxTarget &chip, const Factors &factors, const ContractionSizes &sizes)
      : chip(chip), factors(factors), m(sizes.m.value_or(kLarge)), n(sizes.n.value_or(kLarge)),
        k(sizes.k.value_or(kLarge)), batch(sizes.batch.value_or(1)) {}

  /// More than half of a tile's rows and columns are used.
  bool suits(const BlockTile &tile) const { return m > tile.m / 2 && n > tile.n / 2; }
  int64_t steps(const BlockTile &tile) const { return int64_t(llvm::divideCeil(k, tile.k)); }

  double cycles(const ContractionCut &cut) const {
    const BlockTile &tile = cut.tile;
    double tiles = double(llvm::divideCeil(m, tile.m)) * double(llvm::divideCeil(n, tile.n)) * double(batch);
    double blocks = tiles * double(cut.parts);
    double copied = double((tile.m + tile.n) * tile.k * factors.bytes()), warps = double(tile.threads()) / 32;
    double issued = (kStepInstructions * warps + kCopyInstructions * copied / 16 / 32) / kSchedulers;
    // Multiply-adds are instructions like any; tensor cores work beside them.
    double multiply = factors.useFma() ? productCycles(tile) + issued : std::max(productCycles(tile), issued);
    double step = std::max({multiply, (copied + sharedReads(tile)) / kSharedBytes, copied / kPortBytes});
    double alone = std::max({step, multiply * kSchedulers / warps, kStepCycles}); // fewer warps leave some without work
    double busiest = std::ceil(blocks / chip.multiprocessors) * step;
    double cache = blocks * copied / (chip.multiprocessors * kCacheBytes);
    double all = double(llvm::divideCeil(steps(tile), cut.parts)) * std::max({alone, busiest, cache});
    if (cut.parts == 1)
      return all;
    double sums = 4.0 * double(m) * double(n) * double(batch) * double(cut.parts);
    return kDoubt * (all + kLaunchCycles + 2 * sums / (chip.multiprocessors * kCacheBytes));
  }

private:
  static constexpr int64_t kLarge = 1 << 14;

  double productCycles(const BlockTile &tile) const {
    double products = double(tile.m * tile.n * tile.k);
    if (factors.useFma())
      return products / chip.multiplyAdds;
    return products * double(factors.bytes()) / 2 / (chip.tensorProducts * (tile.isForWarpgroups ? 2 : 1));
  }
  /// Bytes of a step: each warp, or warpgroup, reads its rows and columns.
  double sharedReads(const BlockTile &tile) const {
    int64_t readers = tile.isForWarpgroups ? tile.warpsM / 4 : tile.warpsM * tile.warpsN;
    int64_t rows = tile.isForWarpgroups ? tile.m / readers : tile.m / tile.warpsM;
    return double(readers * (rows + tile.n / tile.warpsN) * tile.k * factors.bytes());
  }

  const PtxTarget &chip;
  const Factors &factors;
  int64_t m, n, k, batch;
};

} // namespace

std::optional<ContractionCut> cameo::codegen::chooseCut(const PtxTarget &chip, const Factors &factors,
                                                        const ContractionSizes &sizes) {
  if (!factors.fit(chip))
    return std::nullopt;
  SmallVector<BlockTile> tiles;
  if (factors.useFma())
    llvm::append_range(tiles, kFmaTiles);
  else if (factors.fitWgmma(chip))
    llvm::append_range(tiles, kWgmmaTiles);
  if (!factors.useFma())
    llvm::append_range(tiles, kMmaTiles);
  for (BlockTile &tile : tiles)
    if (!factors.useFma())
      tile.k /= factors.bytes();
  Estimate estimate(chip, factors, sizes);
  bool isKnown = sizes.m && sizes.n && sizes.k && sizes.batch;
  ContractionCut best{tiles.back()};
  double least = std::numeric_limits<double>::infinity();
  for (const BlockTile &tile : tiles) {
    if (!estimate.suits(tile) && &tile != &tiles.back())
      continue;
    int64_t most = isKnown ? std::min(kMostParts, estimate.steps(tile) / kFewestSteps) : 1;
    for (int64_t parts = 1; parts <= std::max<int64_t>(most, 1); ++parts)
      if (double cycles = estimate.cycles({tile, parts}); cycles < least) {
        best = {tile, parts};
        least = cycles;
      }
  }
  return best;
}
