// AttentionTile.cpp - blocks that keep what they touch in L2, on a thread's stack.
#include "Attention.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <optional>

using namespace cameo::codegen;

namespace {
/// Beyond this many keys per block nothing is gained.
constexpr int64_t kMostKeys = 256;

/// What measured best, by 1 to 4 % against its neighbours, with bf16 by up to 15 %: few rows with many columns where
/// there are registers for it, since much is done to finished sums.
struct Measured {
  int64_t rows, vectors; ///< of the register tile
  int64_t queryVectors;  ///< of a block; a multiple of the tile both ways
};
std::optional<Measured> measured(const VectorTarget &target) {
  if (target.numRegisters >= 32)
    return Measured{4, 4, 4};
  return target.fusesAdd ? std::optional(Measured{6, 2, 6}) : std::nullopt;
}

ContractionTile tileOf(const VectorTarget &target, const ContractionShape &shape) {
  ContractionTile tile = chooseTile(target, shape);
  auto best = measured(target);
  if (best && shape.n % (best->vectors * target.lanes()) == 0) {
    tile.lanes = target.lanes();
    tile.nr = best->vectors * tile.lanes;
    tile.mr = tile.tailMr = best->rows;
    tile.kUnroll = 1;
  }
  return tile;
}
} // namespace

AttentionScratch cameo::codegen::attentionScratch(const VectorTarget &target, const AttentionTile &tile,
                                                  const AttentionShape &shape) {
  bool pairs = shape.usesPairs(target);
  AttentionScratch scratch;
  // A query alone lies there in whole vectors of f32.
  scratch.q = std::max<int64_t>(tile.queries * (pairs ? shape.depth / 2 : shape.depth),
                                llvm::alignTo(shape.depth, target.lanes()));
  scratch.scores = tile.queries * tile.keys;
  scratch.o = tile.queries * shape.width;
  scratch.perQuery = tile.queries;
  scratch.converted = pairs                                             ? tile.keys / 2 * shape.width
                      : shape.elements != AttentionShape::Elements::F32 ? tile.keys * std::max(shape.depth, shape.width)
                                                                        : 0;
  return scratch;
}

int64_t cameo::codegen::paddedLanes(const VectorTarget &target, int64_t count) {
  ContractionTile row;
  row.lanes = target.lanes();
  row.nr = llvm::alignTo(count, row.lanes);
  return panelWidth(row, count, 0);
}

AttentionTile cameo::codegen::chooseAttentionTile(const VectorTarget &target, const AttentionShape &shape) {
  AttentionTile tile;
  bool pairs = shape.usesPairs(target);
  int64_t lanes = target.lanes();
  auto best = measured(target);
  tile.queries = (best ? best->queryVectors : 4) * lanes;
  tile.keys = kMostKeys;
  while (tile.keys > 2 * lanes && attentionScratch(target, tile, shape).bytes() > kMostAttentionScratch)
    tile.keys /= 2;
  while (tile.queries > lanes && attentionScratch(target, tile, shape).bytes() > kMostAttentionScratch)
    tile.queries -= lanes;
  if (shape.keys != kDynamicExtent)
    tile.keys = std::min(tile.keys, std::max<int64_t>(lanes, llvm::alignTo(shape.keys, lanes)));
  if (shape.rows != kDynamicExtent && shape.rows <= tile.queries)
    tile.queries = paddedLanes(target, std::max<int64_t>(shape.rows, 1));

  ContractionShape scores;
  scores.m = tile.keys;
  scores.n = tile.queries;
  scores.k = pairs ? shape.depth / 2 : shape.depth;
  scores.lhsRowBytes = scores.k * 4;
  tile.scores = tileOf(target, scores);
  tile.scores.mBlock = llvm::alignTo(tile.keys, tile.scores.mr);

  ContractionShape values;
  values.m = tile.queries;
  values.n = shape.width;
  values.k = pairs ? tile.keys / 2 : tile.keys;
  tile.values = tileOf(target, values);
  tile.values.mBlock = llvm::alignTo(tile.queries, tile.values.mr);
  return tile;
}
