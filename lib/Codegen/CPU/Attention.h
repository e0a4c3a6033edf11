// Attention.h - emits attention in blocks: scores of a block of queries against a block of keys by one contraction, the
// online softmax on them, and the weighted sum of values by another. No buffer grows with the number of keys.
//
// The idea. Scores are computed transposed: rows are keys and lanes are queries. Then keys are the left operand of the
// first contraction and values the right one of the second, both read where they lie; only the queries of a block,
// which all keys meet, are packed, times scale and log2 e. Maxima and sums over keys are plain vector operations, one
// query per lane. Per block of keys, with m the largest score so far (Dao 2023, FlashAttention-2):
//
//   S = K Q^T (+ mask);      m' = max(m, S);          alpha = 2^(m - m')
//   P = 2^(S - m');          l = alpha l + sum P;     O = alpha O + P^T V
//
// and in the end O / l. Where nothing is left of a row, m is -inf and l 0, and the row is 0.
//
// bf16. Where the CPU multiplies pairs of bf16, keys are read in pairs of columns where they lie, queries are packed in
// pairs, unscaled, weights are rounded to bf16 in pairs of keys, and values of a block are paired row by row. Sums,
// maxima and exponentials are in f32. Elsewhere, and of f16, keys and values are converted to f32 block by block.
//
// Query heads that read one key head follow each other, so that rows (head, query) of a key head are one range, which
// steps cut into blocks: they share what is read of keys and values.
#ifndef LIB_CODEGEN_CPU_ATTENTION_H
#define LIB_CODEGEN_CPU_ATTENTION_H

#include "ContractionBuilder.h"

namespace cameo::codegen {

/// How attention is cut.
struct AttentionTile {
  int64_t queries = 0, keys = 0;
  ContractionTile scores; ///< keys x queries, over the width of a key
  ContractionTile values; ///< queries x width of a value, over keys

  bool operator==(const AttentionTile &) const = default;
};

/// What the chooser needs to know; kDynamicExtent where unknown.
struct AttentionShape {
  int64_t rows = kDynamicExtent; ///< queries of all heads that read one key head
  int64_t keys = kDynamicExtent;
  int64_t depth = 0, width = 0; ///< of a key, of a value
  enum class Elements { F32, F16, Bf16 } elements = Elements::F32;

  /// Whether products are sums of pairs of bf16: keys are read as they lie, weights are rounded to bf16. Otherwise what
  /// is narrower than f32 is converted, block by block.
  bool usesPairs(const VectorTarget &target) const {
    return elements == Elements::Bf16 && target.bf16Dots && depth % 2 == 0;
  }
};

/// Rows that go by AttentionFew.cpp: products of more of them take longer than to read their keys.
constexpr int64_t kFewQueries = 8;

/// A thread's stack is 512 KB or more, and others need some of it.
constexpr int64_t kMostAttentionScratch = 256 << 10;

AttentionTile chooseAttentionTile(const VectorTarget &target, const AttentionShape &shape);
/// That one, and others with other blocks, for somebody who measures them.
llvm::SmallVector<AttentionTile> candidateTiles(const VectorTarget &target, const AttentionShape &shape);
/// Elements, all of four bytes, of the pieces of a thread's stack that one block of queries lies in.
struct AttentionScratch {
  int64_t q, scores, o;
  int64_t perQuery;  ///< each of: maximum, sum, factor, and both ends of the window
  int64_t converted; ///< keys or values
  int64_t partial;   ///< sums of few queries, not yet added across lanes
  int64_t bytes() const { return (q + scores + o + 5 * perQuery + converted + partial) * 4; }
};
AttentionScratch attentionScratch(const VectorTarget &target, const AttentionTile &tile, const AttentionShape &shape);

/// Lanes of the vectors that hold `count` elements; the last one may be narrow.
int64_t paddedLanes(const VectorTarget &target, int64_t count);

/// Elements between neighbours; columns follow each other.
struct TokenStrides {
  Extent batch, head, token;
};

/// One query row: head within the group of its key head, and query.
struct AttentionRow {
  mlir::Value head, query;
};

struct AttentionSpec {
  AttentionTile tile;
  VectorTarget target;
  Extent groups = 1, group = 1; ///< key heads, query heads of each
  Extent queries, keys;
  AttentionShape shape;
  mlir::Type type;     ///< of q, k and v: f32, f16 or bf16
  mlir::Value q, k, v; ///< !llvm.ptr
  TokenStrides qStrides, kStrides, vStrides;
  double scale = 1;
  std::optional<double> softcap;
  std::optional<int64_t> left, right; ///< the window, as in cameo.attention

  /// What is added to the scores, or for i1 where they count.
  struct Mask {
    mlir::Type type;
    bool perRow = false;     ///< rows have masks of their own
    bool oneColumn = false;  ///< one element for all keys
    mlir::Value isOneColumn; ///< i1: the same, where only the run knows
    /// Address of a row's first element.
    std::function<mlir::Value(Emit &, mlir::Value batch, mlir::Value group, const AttentionRow &)> rowPointer;
  };
  std::optional<Mask> mask;
  std::function<mlir::Value(Emit &, mlir::Value batch)> keyLimit; ///< keys from here on are out; i64 in [0, keys]
  std::function<mlir::Value(Emit &, mlir::Value batch)> offset;   ///< position of query 0 (i64); null: 0
  /// A score without a value (f32), by query head; null: none.
  std::function<mlir::Value(Emit &, mlir::Value head)> sink;
  /// Stores a vector of the result: row ((batch * heads) + head) * queries + query, and column.
  std::function<void(Emit &, mlir::Value vector, mlir::Value row, mlir::Value column, mlir::Value mask)> store;
};

/// Emits the steps [begin, end) (i64 values) of batch * groups * ceil(rows / tile.queries).
void emitAttention(mlir::OpBuilder &b, mlir::Location loc, const AttentionSpec &spec, mlir::Value begin,
                   mlir::Value end);

} // namespace cameo::codegen
#endif
