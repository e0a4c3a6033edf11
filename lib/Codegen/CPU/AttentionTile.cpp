// AttentionTile.cpp - blocks that keep what they touch in L2, on a thread's stack.
#include "Attention.h"
#include "llvm/ADT/STLExtras.h"
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
  // Few queries lie there in whole vectors of f32.
  int64_t few = std::min(tile.queries, kFewQueries);
  scratch.q = std::max<int64_t>(tile.queries * (pairs ? shape.depth / 2 : shape.depth),
                                few * llvm::alignTo(shape.depth, target.lanes()));
  scratch.partial = few * target.lanes() * target.lanes();
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

/// A tile with blocks of at most so many queries and keys: not more than there are.
static AttentionTile tileOfBlocks(const VectorTarget &target, const AttentionShape &shape, int64_t queries,
                                  int64_t keys) {
  AttentionTile tile;
  bool pairs = shape.usesPairs(target);
  int64_t lanes = target.lanes();
  tile.queries = queries;
  tile.keys = keys;
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

static bool fits(const VectorTarget &target, const AttentionShape &shape, int64_t queries, int64_t keys) {
  AttentionTile tile;
  tile.queries = queries;
  tile.keys = keys;
  return attentionScratch(target, tile, shape).bytes() <= kMostAttentionScratch;
}

AttentionTile cameo::codegen::chooseAttentionTile(const VectorTarget &target, const AttentionShape &shape) {
  int64_t lanes = target.lanes(), keys = kMostKeys;
  auto best = measured(target);
  int64_t queries = (best ? best->queryVectors : 4) * lanes;
  while (keys > 2 * lanes && !fits(target, shape, queries, keys))
    keys /= 2;
  while (queries > lanes && !fits(target, shape, queries, keys))
    queries -= lanes;
  return tileOfBlocks(target, shape, queries, keys);
}

llvm::SmallVector<AttentionTile> cameo::codegen::candidateTiles(const VectorTarget &target,
                                                                const AttentionShape &shape) {
  llvm::SmallVector<AttentionTile> tiles = {chooseAttentionTile(target, shape)};
  int64_t lanes = target.lanes();
  for (int64_t keys = 2 * kMostKeys; keys >= 4 * lanes; keys /= 2)
    for (int64_t vectors : {4, 6, 8, 2})
      if (fits(target, shape, vectors * lanes, keys))
        if (AttentionTile tile = tileOfBlocks(target, shape, vectors * lanes, keys); !llvm::is_contained(tiles, tile))
          tiles.push_back(tile);
  return tiles;
}
