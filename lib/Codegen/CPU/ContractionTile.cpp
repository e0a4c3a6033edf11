// ContractionTile.cpp - the analytic model behind chooseTile, and the panel geometry that packing and emission share.
//
// Unit of the model: half a cycle of a 512-bit machine, that is one 256-bit multiply-add. AVX2 and AVX-512 parts of the
// Zen 4 kind issue two of these per cycle, a 512-bit operation takes both slots; so one scale serves all levels.
#include "cameo/Codegen/CPU/ContractionTile.h"
#include "ContractionSparse.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <limits>
#include <numeric>

using namespace cameo::codegen;

namespace {

/// Independent accumulators that keep the multiply-add units busy, with room for what the scheduler misses.
constexpr double kChains = 8;
/// Entering and leaving the K loop, address set-up, per tile.
constexpr double kTileSlots = 60;
/// The same for a convolution's row pointers, per row and tile.
constexpr double kIndirectRowSlots = 20;
/// A dot product of bf16 that broadcasts its pair from memory, as LLVM has it where nothing else reads the pair, to one
/// of registers (measured on Zen 4: 2.53 to 1.89 ms for 1500x384x384 in 12x16 and 6x64).
constexpr double kDotOfMemory = 4.0 / 3;
/// Bytes per slot that a stream through B sustains from L1, L2 and beyond (measured on Zen 4, with margin).
constexpr double kL1BytesPerSlot = 32, kL2BytesPerSlot = 16, kL3BytesPerSlot = 8;
/// Rows beyond which per-row pointers no longer fit the 16 general registers.
constexpr int64_t kMaxIndirectRows = 8;
/// Rows that may collide in an 8-way L1, which B passes through as well.
constexpr int64_t kMaxAliasingRows = 6;
constexpr int64_t kMaxRows = 14, kMaxVectors = 8;
/// Instructions per vector of lanes that are added up.
constexpr double kLaneSumInstructions = 3;
/// Multiply-adds of one parallel step: about 10 us, against a launch of a few.
constexpr int64_t kStepMultiplyAdds = 1 << 20;
/// Bytes of weights per slot that come from memory, where they lie at the start of each run.
constexpr double kMemoryBytesPerSlot = 4;
/// Slots that Winograd's algorithm takes to transform one vector of channels of a tile of 2x2 or 4x4 results
/// (measured).
struct TransformSlots {
  double input, output;
};
constexpr TransformSlots kTransformSlots2 = {260, 180}, kTransformSlots4 = {780, 500};
/// Bytes of transformed input per block: most of L2.
constexpr int64_t kWinogradInputBytes = 720 << 10;
/// Most scratch regions, and so the most threads that can share one such convolution.
constexpr int64_t kMaxWinogradSteps = 32;
/// Blocks from which on there are enough without a split of the panels, and the columns from which on the input may be
/// transformed once more for it.
constexpr int64_t kManyBlocks = 8, kGroupColumns = 128;
constexpr int64_t kMaxBlockTiles = 64, kMinWinogradTerms = 16, kMinWinogradOutputs = 8;
/// Part of the whole product's time below which rows of zeros are skipped.
constexpr double kSparseShare = 0.9;
/// What an unknown M, K, and height or width of an image, are taken for; of unknown images there is one.
constexpr int64_t kTypicalM = 509, kTypicalK = 256, kTypicalSide = 32;

int64_t sizeOr(int64_t size, int64_t typical) { return size == kDynamicExtent ? typical : size; }

/// Rows that a contraction is taken to have.
int64_t typicalRows(const ContractionShape &shape) {
  if (shape.m != kDynamicExtent || shape.mFactor)
    return shape.m != kDynamicExtent ? shape.m : shape.mFactor;
  if (!shape.winograd)
    return kTypicalM;
  return sizeOr(shape.winograd->count, 1) * sizeOr(shape.winograd->height, kTypicalSide) *
         sizeOr(shape.winograd->width, kTypicalSide);
}

double slotsOf(int64_t lanes) { return lanes > 8 ? 2 : 1; }

struct Model {
  const VectorTarget &target;
  const ContractionShape &shape;
  int64_t m, k;

  Model(const VectorTarget &target, const ContractionShape &shape)
      : target(target), shape(shape), m(typicalRows(shape)), k(sizeOr(shape.k, kTypicalK)) {}

  int64_t maxRows() const {
    return shape.lhsRowBytes > 0 && shape.lhsRowBytes % 4096 == 0 ? kMaxAliasingRows : kMaxRows;
  }

  /// Whether a tile of `mr` rows has a pointer for each.
  bool isIndirect(int64_t mr) const { return shape.indirectRows && !shape.hasDirect(mr); }

  bool fits(int64_t mr, int64_t vectors) const {
    if (isIndirect(mr) && mr > kMaxIndirectRows)
      return false;
    // Accumulators, one row of B and the broadcast; without FMA also the product and what LLVM copies for it.
    return mr * vectors + vectors + 1 + (target.fusesAdd ? 0 : 2) + shape.widensLhs + (shape.sumsRows ? mr + 1 : 0) <=
           target.numRegisters;
  }

  /// Slots of one tile of `mr` rows over all of K.
  double tileSlots(int64_t mr, llvm::ArrayRef<int64_t> vectors) const {
    double columnSlots = 0, widestSlots = 0;
    int64_t width = 0;
    for (int64_t lanes : vectors) {
      columnSlots += slotsOf(lanes);
      widestSlots = std::max(widestSlots, slotsOf(lanes));
      width += lanes;
    }
    int64_t panelBytes = width * k * 4;
    double rate = panelBytes <= target.l1Bytes / 2   ? kL1BytesPerSlot
                  : panelBytes <= target.l2Bytes / 2 ? kL2BytesPerSlot
                                                     : kL3BytesPerSlot;
    double traffic = width * 4 / rate;
    double multiplyAdds = mr * columnSlots * (target.fusesAdd ? 1 : 2);
    if (shape.bf16Dots && vectors.size() == 1)
      multiplyAdds *= kDotOfMemory;
    double step = std::max({multiplyAdds, columnSlots + mr, kChains * widestSlots, traffic}) + 0.1 * traffic;
    return k * step + kTileSlots + mr * columnSlots * 3 + (isIndirect(mr) ? kIndirectRowSlots * mr : 0);
  }

  /// Slots of one panel over all rows, tail included.
  double panelSlots(int64_t mr, llvm::ArrayRef<int64_t> vectors) const {
    double slots = double(m / mr) * tileSlots(mr, vectors);
    if (m % mr)
      slots += tileSlots(m % mr, vectors);
    return slots;
  }

  /// The best row count for a panel of these vectors.
  std::pair<int64_t, double> bestRows(llvm::ArrayRef<int64_t> vectors) const {
    std::pair<int64_t, double> best = {0, std::numeric_limits<double>::infinity()};
    for (int64_t mr = 1; mr <= std::min(maxRows(), std::max<int64_t>(m, 1)); ++mr)
      if (double slots = panelSlots(mr, vectors); fits(mr, vectors.size()) && slots < best.second)
        best = {mr, slots};
    return best;
  }
};

/// Narrower vectors for few columns: half the slots, and no masks when the count fits.
int64_t lanesFor(const VectorTarget &target, int64_t n) {
  int64_t lanes = target.lanes();
  if (n != kDynamicExtent)
    while (lanes > 4 && n <= lanes / 2)
      lanes /= 2;
  return lanes;
}

/// Rows of A that stay near while all of B passes by, where that moves fewer bytes than A passing by for each panel;
/// nothing where either is near anyway, or where rows of A overlap (windows).
std::optional<int64_t> rowsBesideAllPanels(const VectorTarget &target, const ContractionShape &shape,
                                           const Model &model, const ContractionTile &tile) {
  if (shape.indirectRows || shape.m == kDynamicExtent || shape.k == kDynamicExtent || shape.n == kDynamicExtent)
    return std::nullopt;
  int64_t rowBytes = model.k * 4, lhsBytes = model.m * rowBytes,
          rows = target.l2Bytes / 2 / std::max<int64_t>(1, rowBytes);
  if (lhsBytes <= target.l2Bytes || rows < tile.mr)
    return std::nullopt;
  int64_t rhsBytes = shape.n * rowBytes;
  bool movesLess = rhsBytes * int64_t(llvm::divideCeil(model.m, rows)) < lhsBytes * panelCount(tile, shape.n);
  return movesLess ? std::optional<int64_t>(rows) : std::nullopt;
}

/// Slots of a tile whose lanes hold elements of K.
double slotsAlongK(const VectorTarget &target, const ContractionShape &shape, const ContractionTile &tile) {
  ContractionShape rows = shape; // of A, as a kernel of such steps reads them
  rows.directRows = shape.alongK->directRows;
  Model model(target, rows);
  double slots = slotsOf(tile.lanes), result = resultVectors(tile, shape.n, 0).front();
  int64_t loadsPerRow = shape.lhsRowBytes % (tile.lanes * 4) ? 2 : 1; // of vectors that lie in two lines
  auto tileSlots = [&](int64_t mr) {
    double multiplyAdds = mr * shape.n * (target.fusesAdd ? 1 : 2), loads = mr * loadsPerRow + shape.n;
    return shape.alongK->steps * std::max({multiplyAdds, loads, kChains}) * slots + kTileSlots +
           mr * result * kLaneSumInstructions * slots + (model.isIndirect(mr) ? kIndirectRowSlots * mr : 0);
  };
  return double(model.m / tile.mr) * tileSlots(tile.mr) + (model.m % tile.mr ? tileSlots(model.m % tile.mr) : 0);
}

/// All such tiles, by rows.
llvm::SmallVector<ContractionTile> tilesAlongK(const VectorTarget &target, const ContractionShape &shape) {
  ContractionShape rows = shape;
  rows.directRows = shape.alongK->directRows;
  Model model(target, rows);
  llvm::SmallVector<ContractionTile> tiles;
  ContractionTile tile;
  tile.alongK = 1;
  tile.lanes = target.lanes();
  tile.nr = shape.n * tile.lanes;
  for (tile.mr = 1; tile.mr <= std::min(model.maxRows(), std::max<int64_t>(model.m, 1)); ++tile.mr) {
    tile.tailMr = tile.mr;
    if (fitsAlongK(target, tile, shape.n) && (!model.isIndirect(tile.mr) || tile.mr <= kMaxIndirectRows))
      tiles.push_back(tile);
  }
  return tiles;
}

/// Panels for a register tile of `vectors` vectors; rows are still open.
ContractionTile panelTile(const VectorTarget &target, const ContractionShape &shape, int64_t vectors) {
  ContractionTile tile;
  tile.lanes = lanesFor(target, shape.n);
  tile.nr = vectors * tile.lanes;
  return tile;
}

/// Columns that a panel tile is judged by.
int64_t typicalColumns(const ContractionShape &shape, const ContractionTile &tile) {
  return shape.n == kDynamicExtent ? tile.nr * 8 : std::max<int64_t>(shape.n, 1);
}

int64_t mostVectors(const VectorTarget &target, const ContractionShape &shape) {
  return shape.n == kDynamicExtent ? kMaxVectors
                                   : std::min<int64_t>(kMaxVectors, llvm::divideCeil(std::max<int64_t>(shape.n, 1),
                                                                                     lanesFor(target, shape.n)));
}

/// What mBlock is a multiple of: direct rows begin at a multiple of their number.
int64_t blockUnit(const ContractionShape &shape, const ContractionTile &tile) {
  return shape.hasDirect(tile.tailMr) ? std::lcm(tile.mr, tile.tailMr) : tile.mr;
}

void chooseBlocks(const VectorTarget &target, const ContractionShape &shape, const Model &model,
                  ContractionTile &tile) {
  int64_t stepMacs = std::max<int64_t>(1, (tile.alongK ? shape.n : tile.nr) * model.k);
  int64_t rows = llvm::divideCeil(kStepMultiplyAdds, stepMacs);
  bool smallRhs = shape.n != kDynamicExtent && shape.k != kDynamicExtent && shape.n * shape.k * 4 <= target.l2Bytes / 2;
  std::optional<int64_t> beside = smallRhs ? std::nullopt : rowsBesideAllPanels(target, shape, model, tile);
  tile.panelOuter = !smallRhs && !beside;
  if (beside)
    rows = *beside;
  if (smallRhs) // the block of A is read once per panel and should stay near
    rows = std::min(rows, std::max<int64_t>(tile.mr, target.l2Bytes / 4 / std::max<int64_t>(1, model.k * 4)));
  if (shape.m != kDynamicExtent || shape.mFactor) {
    int64_t most = std::max<int64_t>(model.m, 1), blocks = std::max<int64_t>(1, llvm::divideCeil(most, rows));
    rows = llvm::divideCeil(most, blocks);
  }
  tile.mBlock = llvm::alignTo(std::max<int64_t>(rows, 1), blockUnit(shape, tile));
}

/// What follows from a tile's rows and panels.
void finishTile(const VectorTarget &target, const ContractionShape &shape, const Model &model, ContractionTile &tile) {
  // Small tiles have few instructions per step; four steps per iteration hide the loop's own.
  tile.kUnroll = target.canUnroll(vectorsInRegisters(tile, tile.mr, tile.nr / tile.lanes)) ? 4 : 1;
  chooseBlocks(target, shape, model, tile);
}

/// Slots for weights that come from memory; about half of that is hidden behind arithmetic.
double weightSlots(double elements) { return elements * 4 / kMemoryBytesPerSlot / 2; }

/// Slots of Winograd's algorithm.
double winogradSlots(const VectorTarget &target, const ContractionShape &shape, const ContractionTile &tile) {
  int64_t m = tile.winograd, positions = (m + 2) * (m + 2), terms = shape.winograd->terms(), lanes = tile.lanes;
  ContractionShape product;
  product.k = terms;
  product.n = shape.n;
  Model model(target, product);
  TransformSlots transform = m == 2 ? kTransformSlots2 : kTransformSlots4;
  WinogradPlan plan = planWinograd(tile, shape);
  int64_t rows = tile.mBlock, inputVectors = shape.winograd->taps * llvm::divideCeil(shape.winograd->channels, lanes),
          outputVectors = llvm::divideCeil(shape.n, lanes);
  llvm::SmallVector<int64_t, 8> columns(tile.nr / lanes, lanes);
  double perPanel = positions * double(rows / tile.mr) * model.tileSlots(tile.mr, columns);
  double weights = positions * double(terms) * shape.n;
  double slots = plan.blocks * (panelCount(tile, shape.n) * perPanel + weights * 4 / kL3BytesPerSlot / 2);
  slots += plan.blocks * rows * (plan.groups * inputVectors * transform.input + outputVectors * transform.output);
  // Two threads end together when they have as many steps each.
  slots *= 2.0 * llvm::divideCeil(plan.steps, 2) / plan.steps;
  return slots + weightSlots(weights);
}

/// The best tile for Winograd's algorithm with results of m x m, and its slots.
std::pair<ContractionTile, double> bestWinogradTile(const VectorTarget &target, const ContractionShape &shape,
                                                    int64_t m) {
  int64_t positions = (m + 2) * (m + 2), lanes = target.lanes();
  ContractionShape product;
  product.k = shape.winograd->terms();
  product.n = shape.n;
  Model model(target, product);
  ContractionTile best;
  double bestSlots = std::numeric_limits<double>::infinity();
  ContractionTile tile;
  tile.winograd = m;
  tile.lanes = lanes;
  tile.mBlock = 1;
  int64_t tiles = planWinograd(tile, shape).tiles;
  int64_t most =
      std::clamp<int64_t>(kWinogradInputBytes / (positions * planWinograd(tile, shape).lhsRow * 4), 4, kMaxBlockTiles);
  for (int64_t vectors = 1; vectors <= 4; ++vectors)
    for (int64_t mr = 1; mr <= kMaxRows && model.fits(mr, vectors); ++mr)
      for (int64_t rows = llvm::alignTo(std::min(tiles, most), mr); rows >= std::max<int64_t>(mr, most / 4);
           rows -= mr) {
        tile.nr = vectors * lanes;
        tile.mr = tile.tailMr = mr;
        tile.mBlock = rows;
        if (double slots = winogradSlots(target, shape, tile); slots < bestSlots) {
          bestSlots = slots;
          best = tile;
        }
      }
  return {best, bestSlots};
}

} // namespace

WinogradPlan cameo::codegen::planWinograd(const ContractionTile &tile, const ContractionShape &shape) {
  int64_t m = tile.winograd, positions = (m + 2) * (m + 2);
  WinogradPlan plan;
  plan.tiles = sizeOr(shape.winograd->count, 1) * llvm::divideCeil(sizeOr(shape.winograd->height, kTypicalSide), m) *
               llvm::divideCeil(sizeOr(shape.winograd->width, kTypicalSide), m);
  plan.blocks = llvm::divideCeil(plan.tiles, tile.mBlock);
  plan.groups =
      plan.blocks >= kManyBlocks ? 1 : std::clamp<int64_t>(shape.n / kGroupColumns, 1, panelCount(tile, shape.n));
  plan.mostShares = kMaxWinogradSteps / plan.groups;
  plan.steps = std::min(plan.blocks, plan.mostShares) * plan.groups;
  // Whole vectors, and one more that keeps rows from colliding in L1.
  plan.lhsRow = llvm::alignTo(shape.winograd->terms(), 16) + 16;
  plan.inputElements = positions * tile.mBlock * plan.lhsRow;
  plan.scratchElements = llvm::alignTo(plan.inputElements + positions * tile.mBlock * tile.nr, 16);
  return plan;
}

int64_t cameo::codegen::panelCount(const ContractionTile &tile, int64_t n) { return llvm::divideCeil(n, tile.nr); }

llvm::SmallVector<int64_t, 8> cameo::codegen::panelVectors(const ContractionTile &tile, int64_t n, int64_t panel) {
  if (tile.alongK)
    return llvm::SmallVector<int64_t, 8>(n, tile.lanes);
  int64_t columns = std::min(tile.nr, n - panel * tile.nr);
  llvm::SmallVector<int64_t, 8> vectors(columns / tile.lanes, tile.lanes);
  if (int64_t rest = columns % tile.lanes) {
    int64_t lanes = tile.lanes;
    while (lanes > 4 && rest <= lanes / 2)
      lanes /= 2;
    vectors.push_back(lanes);
  }
  return vectors;
}

llvm::SmallVector<int64_t, 8> cameo::codegen::resultVectors(const ContractionTile &tile, int64_t n, int64_t panel) {
  if (tile.alongK)
    return {std::max<int64_t>(4, llvm::PowerOf2Ceil(n))};
  return panelVectors(tile, n, panel);
}

int64_t cameo::codegen::vectorsInRegisters(const ContractionTile &tile, int64_t rows, int64_t vectors) {
  return rows * vectors + (tile.alongK ? rows + vectors : 0);
}

bool cameo::codegen::fitsAlongK(const VectorTarget &target, const ContractionTile &tile, int64_t n) {
  // Accumulators, a row of B, and two vectors of A: LLVM loads the next one early. Without FMA also the product and
  // what is copied for it.
  return tile.lanes == target.lanes() && 1 <= n && n <= tile.lanes && tile.nr == n * tile.lanes &&
         tile.mr * n + n + 2 + (target.fusesAdd ? 0 : 2) <= target.numRegisters;
}

int64_t cameo::codegen::panelWidth(const ContractionTile &tile, int64_t n, int64_t panel) {
  int64_t width = 0;
  for (int64_t lanes : panelVectors(tile, n, panel))
    width += lanes;
  return width;
}

int64_t cameo::codegen::packedRhsElements(const ContractionTile &tile, int64_t k, int64_t n) {
  int64_t panels = panelCount(tile, n);
  return panels == 0 ? 0 : ((panels - 1) * tile.nr + panelWidth(tile, n, panels - 1)) * k;
}

ContractionTile cameo::codegen::chooseTile(const VectorTarget &target, const ContractionShape &shape) {
  Model model(target, shape);
  ContractionTile best;
  double bestSlots = std::numeric_limits<double>::infinity();
  for (int64_t vectors = 1; vectors <= mostVectors(target, shape); ++vectors) {
    ContractionTile tile = panelTile(target, shape, vectors);
    int64_t n = typicalColumns(shape, tile), panels = panelCount(tile, n);
    double slots = 0;
    int64_t fullPanels = n / tile.nr;
    if (fullPanels > 0) {
      auto [mr, panelSlots] = model.bestRows(panelVectors(tile, n, 0));
      tile.mr = mr;
      slots += fullPanels * panelSlots;
    }
    tile.tailMr = tile.mr;
    if (fullPanels < panels) {
      auto [mr, panelSlots] = model.bestRows(panelVectors(tile, n, panels - 1));
      tile.tailMr = mr;
      if (fullPanels == 0)
        tile.mr = mr;
      slots += panelSlots;
    }
    if (tile.mr == 0 || tile.tailMr == 0)
      continue;
    slots /= panels ? double(n) : 1; // per column, so that the stand-in for a dynamic N compares
    if (slots < bestSlots) {
      bestSlots = slots;
      best = tile;
    }
  }
  if (shape.alongK)
    for (const ContractionTile &tile : tilesAlongK(target, shape))
      if (double slots = slotsAlongK(target, shape, tile); slots < bestSlots * shape.n) {
        best = tile;
        bestSlots = slots / shape.n;
      }
  if (shape.winograd && target.fusesAdd && shape.winograd->terms() >= kMinWinogradTerms &&
      shape.n >= kMinWinogradOutputs) {
    bestSlots = bestSlots * shape.n + weightSlots(double(shape.k) * shape.n);
    for (int64_t m : {2, 4})
      if (auto [tile, slots] = bestWinogradTile(target, shape, m); slots < bestSlots) {
        bestSlots = slots;
        best = tile;
      }
    if (best.winograd)
      return best;
  }
  finishTile(target, shape, model, best);
  if (shape.sparseRows)
    if (auto sparse = chooseSparseTile(target, shape);
        sparse && sparseSlots(target, shape, *sparse) < kSparseShare * expectedSlots(target, shape, best))
      return *sparse;
  return best;
}

llvm::SmallVector<ContractionTile> cameo::codegen::candidateTiles(const VectorTarget &target,
                                                                  const ContractionShape &shape) {
  Model model(target, shape);
  llvm::SmallVector<ContractionTile> tiles;
  auto add = [&](ContractionTile tile) {
    finishTile(target, shape, model, tile);
    tiles.push_back(tile);
  };
  int64_t mostRows = std::min(model.maxRows(), std::max<int64_t>(model.m, 1));
  for (int64_t vectors = 1; vectors <= mostVectors(target, shape); ++vectors) {
    ContractionTile tile = panelTile(target, shape, vectors);
    int64_t n = typicalColumns(shape, tile), panels = panelCount(tile, n);
    auto last = panelVectors(tile, n, panels - 1);
    int64_t best = model.bestRows(last).first;
    for (tile.mr = 1; tile.mr <= mostRows; ++tile.mr)
      if (tile.tailMr = n < tile.nr || n % tile.nr == 0 ? tile.mr : best;
          model.fits(tile.mr, panelVectors(tile, n, 0).size()) && model.fits(tile.tailMr, last.size()))
        add(tile);
  }
  if (shape.alongK)
    llvm::for_each(tilesAlongK(target, shape), add);
  if (shape.winograd && target.fusesAdd && shape.winograd->terms() >= kMinWinogradTerms &&
      shape.n >= kMinWinogradOutputs)
    for (int64_t m : {2, 4})
      tiles.push_back(bestWinogradTile(target, shape, m).first);
  if (shape.sparseRows)
    if (auto sparse = chooseSparseTile(target, shape))
      tiles.push_back(*sparse);

  // Best first; among equals the order above.
  llvm::SmallVector<std::pair<double, size_t>> order;
  for (auto [i, tile] : llvm::enumerate(tiles))
    order.emplace_back(expectedSlots(target, shape, tile), i);
  llvm::sort(order);
  llvm::SmallVector<ContractionTile> result;
  auto addOnce = [&](const ContractionTile &tile) {
    if (!llvm::is_contained(result, tile))
      result.push_back(tile);
  };
  // Blocks have no price in the model: those around its choice come first, those around the others last.
  auto addBlocks = [&](const ContractionTile &tile) {
    if (tile.winograd || tile.sparse || tile.alongK)
      return;
    ContractionTile other = tile;
    other.panelOuter = !tile.panelOuter;
    addOnce(other);
    int64_t unit = blockUnit(shape, tile);
    for (int64_t rows : {tile.mBlock / 2, tile.mBlock * 2}) {
      other = tile;
      other.mBlock = std::max<int64_t>(1, rows / unit) * unit;
      if (shape.m == kDynamicExtent || other.mBlock < shape.m + unit)
        addOnce(other);
    }
  };
  ContractionTile choice = chooseTile(target, shape);
  addOnce(choice);
  addBlocks(choice);
  for (auto [slots, i] : order)
    addOnce(tiles[i]);
  for (auto [slots, i] : order)
    addBlocks(tiles[i]);
  return result;
}

double cameo::codegen::expectedSlots(const VectorTarget &target, const ContractionShape &shape,
                                     const ContractionTile &tile) {
  if (tile.winograd)
    return winogradSlots(target, shape, tile);
  if (tile.sparse)
    return sparseSlots(target, shape, tile);
  if (tile.alongK)
    return slotsAlongK(target, shape, tile) * std::max<int64_t>(1, shape.batch);
  Model model(target, shape);
  int64_t n = shape.n == kDynamicExtent ? tile.nr * 8 : shape.n, fullPanels = n / tile.nr;
  double slots = 0;
  if (fullPanels > 0)
    slots += fullPanels * model.panelSlots(tile.mr, panelVectors(tile, n, 0));
  if (n % tile.nr)
    slots += model.panelSlots(tile.tailMr, panelVectors(tile, n, fullPanels));
  return slots * std::max<int64_t>(1, shape.batch);
}

int64_t cameo::codegen::multiplyAddsPerStep(const ContractionTile &tile, const ContractionShape &shape) {
  if (tile.winograd) {
    int64_t a = tile.winograd + 2;
    WinogradPlan plan = planWinograd(tile, shape);
    return a * a * plan.tiles * shape.winograd->terms() * shape.n / std::max<int64_t>(1, plan.steps);
  }
  if (tile.sparse)
    return tile.mr * 16 * *shape.sparseRows / sparseGroups(tile, shape);
  int64_t rows = shape.m == kDynamicExtent ? tile.mBlock : std::min(tile.mBlock, shape.m);
  int64_t columns = shape.n == kDynamicExtent ? tile.nr : std::min(tile.nr, shape.n);
  return rows * columns * (shape.k == kDynamicExtent ? 1 : shape.k);
}
