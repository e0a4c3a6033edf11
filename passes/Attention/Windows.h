// Windows.h - masks that are triangles or bands: row i keeps the keys j with i + offset - left <= j <= i + offset +
// right.
#ifndef PASSES_ATTENTION_WINDOWS_H
#define PASSES_ATTENTION_WINDOWS_H
#include "Scores.h"

namespace cameo {

struct KeyWindow {
  std::optional<int64_t> left, right; ///< 0 or more; absent: unbounded
  int64_t offset = 0;
  mlir::Value start; ///< tensor<1xi64>, added to the offset; may be null
};

/// What a constant mask of scores of M queries and N keys says, read once.
struct ConstantMask {
  /// Every row keeps a key, and masks nothing but by numbers that leave nothing of a score.
  bool keepsOneInEachRow = false;
  /// The same for all rows of all heads, and a band; with neither bound: it masks nothing.
  std::optional<KeyWindow> window;
};
std::optional<ConstantMask> readConstantMask(GraphRewriter &graph, const MaskTerm &mask);

/// A mask as a window, from constants or from triangles of run-time size.
std::optional<KeyWindow> windowOf(GraphRewriter &graph, const MaskTerm &mask);

} // namespace cameo
#endif
