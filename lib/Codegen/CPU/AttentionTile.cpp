// AttentionTile.cpp - blocks that keep what they touch in L2, on a thread's stack.
#include "Attention.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace cameo::codegen;

namespace {
/// Beyond this many keys per block nothing is gained.
constexpr int64_t kMostKeys = 256;
} // namespace

int64_t cameo::codegen::attentionScratchBytes(const AttentionTile &tile, const AttentionShape &shape) {
  constexpr int64_t kRowStates = 5; // maximum, sum, factor, window
  int64_t perQuery = tile.keys + shape.depth + shape.width + kRowStates;
  int64_t converted = shape.convertsKeys ? tile.keys * std::max(shape.depth, shape.width) : 0;
  return (tile.queries * perQuery + converted) * 4;
}

int64_t cameo::codegen::paddedLanes(const VectorTarget &target, int64_t count) {
  ContractionTile row;
  row.lanes = target.lanes();
  row.nr = llvm::alignTo(count, row.lanes);
  return panelWidth(row, count, 0);
}

AttentionTile cameo::codegen::chooseAttentionTile(const VectorTarget &target, const AttentionShape &shape) {
  AttentionTile tile;
  int64_t lanes = target.lanes();
  tile.queries = 4 * lanes;
  tile.keys = kMostKeys;
  while (tile.keys > 2 * lanes && attentionScratchBytes(tile, shape) > kMostAttentionScratch)
    tile.keys /= 2;
  while (tile.queries > lanes && attentionScratchBytes(tile, shape) > kMostAttentionScratch)
    tile.queries -= lanes;
  if (shape.keys != kDynamicExtent)
    tile.keys = std::min(tile.keys, std::max<int64_t>(lanes, llvm::alignTo(shape.keys, lanes)));
  if (shape.rows != kDynamicExtent && shape.rows <= tile.queries)
    tile.queries = paddedLanes(target, std::max<int64_t>(shape.rows, 1));

  ContractionShape scores;
  scores.m = tile.keys;
  scores.n = tile.queries;
  scores.k = shape.depth;
  scores.lhsRowBytes = shape.depth * 4;
  tile.scores = chooseTile(target, scores);
  tile.scores.mBlock = llvm::alignTo(tile.keys, tile.scores.mr);

  ContractionShape values;
  values.m = tile.queries;
  values.n = shape.width;
  values.k = tile.keys;
  tile.values = chooseTile(target, values);
  tile.values.mBlock = llvm::alignTo(tile.queries, tile.values.mr);
  return tile;
}
