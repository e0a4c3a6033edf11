// Attention.h - attention, some query rows per block of threads: scores of the rows against some keys by one product,
// the online softmax on them in registers, and the weighted sum of values by another. Nothing grows with the number of
// keys. Per step, with m the largest score so far and l the sum of weights (Dao 2023, FlashAttention-2):
//
//   wait for the keys and values of the step | barrier | begin to copy those of the next
//   S = Q K^T, capped, masked;   m' = max(m, S);   alpha = 2^(m - m')
//   P = 2^(S - m');   l = alpha l + sum P;   O = alpha O + P V
//
// and in the end O / l. Where nothing is left of a row, m is -infinity and l 0, and the row is 0. A warp has its rows
// with all their scores, so that maxima and sums meet among a few lanes only. Weights of f16 and bf16 are rounded to
// the type of the values before they are multiplied; they stay in registers.
//
// Query heads that read one key head follow each other: their rows are one range, which blocks cut, so that they share
// what is read of keys and values. Steps begin at the first key that any row of the block sees and end with the last.
//
// Where few rows would leave most of the chip idle (one query over a long cache), blocks share the keys too. Each
// stores m, l and O of its part of them, and a second launch joins parts i: m = max m_i, O = sum 2^(m_i - m) O_i / sum
// 2^(m_i - m) l_i, in the order of the parts.
#ifndef LIB_CODEGEN_CUDA_ATTENTION_H
#define LIB_CODEGEN_CUDA_ATTENTION_H

#include "Atom.h"

namespace cameo::codegen {

/// How attention is cut.
struct BlockAttentionTile {
  int64_t rows, keys;           ///< of a block, of a step
  int64_t warps;                ///< which share the rows
  bool isForWarpgroups = false; ///< multiplied by wgmma: four warps have 64 rows
};

/// What blocks that share the keys of some rows leave for the second launch: in each key head, by part and row, O
/// (`width` f32), and m and l.
struct AttentionParts {
  int64_t count, rows;         ///< of a key head
  mlir::Value outputs, states; ///< pointers to those of the key head
};

struct BlockAttention {
  BlockAttention(const BlockAttentionTile &tile, const Factors &factors) : tile(tile), factors(factors) {}

  BlockAttentionTile tile;
  Factors factors;      ///< queries and keys; values are of their type
  int64_t depth, width; ///< of a key, of a value
  TileSource q, k, v;   ///< rows of the key head, and keys up to `last`
  double scale = 1;
  std::optional<double> softcap;
  mlir::Value firstRow;    ///< i32, of the block
  mlir::Value first, last; ///< i32: the keys that any row of the block sees; first <= last
  /// i32: [firstInside, lastInside) is what all rows see; null: all that any row sees.
  mlir::Value firstInside, lastInside;
  TileResult result; ///< rows of the key head

  /// What a row sees (i32; null: no bound): lowest <= key < highest. Rows that don't exist may be asked for.
  struct Window {
    mlir::Value lowest, highest;
  };
  std::function<Window(ThreadBuilder &, mlir::Value row)> window; ///< null: no row has bounds of its own
  /// What the mask adds to a score (f32), for keys in [first, last); null: there is none.
  std::function<mlir::Value(ThreadBuilder &, mlir::Value row, mlir::Value key)> mask;
  bool maskIsAdded = false; ///< may be any number, not 0 and -infinity only
  /// A score of the row (f32) that has no value; null: none.
  std::function<mlir::Value(ThreadBuilder &, mlir::Value row)> sink;
  std::optional<AttentionParts> parts; ///< null: the block has all keys
  mlir::Value part;                    ///< i32: that of the block, to which `first` and `last` belong
};

/// The largest tile that keeps the chip busy and fits; null where none does or the chip has no atom for the factors.
/// Counts that only the run knows are taken as large.
std::optional<BlockAttentionTile> chooseAttentionTile(const PtxTarget &chip, const Factors &factors, int64_t depth,
                                                      int64_t width, std::optional<int64_t> rows,
                                                      std::optional<int64_t> heads);

/// How many blocks share the keys of some rows; 1: none.
int64_t chooseAttentionParts(const BlockAttentionTile &tile, std::optional<int64_t> rows, int64_t heads,
                             std::optional<int64_t> keys);

/// Bytes of shared memory that the tile takes.
int64_t sharedBytes(const BlockAttentionTile &tile, const Factors &factors, int64_t depth, int64_t width);

/// Emits what a thread does.
void emitAttention(mlir::OpBuilder &b, mlir::Location loc, const PtxTarget &chip, const BlockAttention &a);

/// What a thread of the second launch does: joins `run` neighbouring elements of a row (i32, of the key head), from a
/// column on. m counts powers of two or, where `maskIsAdded`, of e.
llvm::SmallVector<mlir::Value> joinAttentionParts(ThreadBuilder &t, const AttentionParts &parts, int64_t width,
                                                  bool maskIsAdded, mlir::Value row, mlir::Value column, int64_t run);

} // namespace cameo::codegen
#endif
