// Bands.h - masks that are computed from positions: comparisons of integers each of which is a sum of multiples of its
// indices.
#ifndef PASSES_ATTENTION_BANDS_H
#define PASSES_ATTENTION_BANDS_H
#include "cameo/Passes/Simplify/GraphRewriter.h"

namespace cameo {

/// Numbers in masks that are further from 0 are not looked at, so that sums of them stay far from what 64 bits hold.
constexpr int64_t kMostDistance = int64_t(1) << 32;

/// Row i keeps the keys j with i - left <= j <= i + right; absent bounds keep all.
struct Band {
  std::optional<int64_t> left, right;
};

/// The band that a bool tensor keeps along its last two axes, the same along all others. Nothing where that is not
/// known.
std::optional<Band> bandOf(GraphRewriter &graph, mlir::Value condition);

} // namespace cameo
#endif
