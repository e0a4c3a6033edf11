// FewRows.h - products of few rows, y[m, n] = sum_k x[m, k] w[n, k]: what they cost is to read w once.
//
// Nothing of w serves more than the few rows, so it goes from memory to registers, past shared memory. Groups of four
// lanes take lines of w, and each lane 16 bytes of them at a time. Along K a step of a warp is a number of runs: lane t
// of a group has the t-th part of each, so that it reads neighbouring elements of x for it.
//
//   line of w:   | run 0 of lanes 0 1 2 3 | run 1 of lanes 0 1 2 3 | ...      run: 4 elements of f32, else 8 (or 4)
//
// Floats lie so by themselves, in one run; quantized numbers are stored so, the 16 bytes of a lane together
// (packQuantized). The warps of a block have the same lines and take turns along K; in the end their sums meet in
// shared memory and are added in the order of the warps.
//
// Where lines run along N instead, groups of four lanes take lines one below the other, lanes 16 bytes of columns.
//
// With tensor cores lines are the rows of A and rows of x the columns of B. A sum has no order along K, so that what a
// lane has of a run stands for the elements that the instruction expects of it: the same of w and x.
//
// Quantized numbers become floats by their bits alone: q | 0x6400 is 1024 + q as f16, q | 0x4300 is 128 + q as bf16,
// q | 0x4b000000 is 2^23 + q as f32. What is subtracted holds the zero point, and the difference is exact. bf16 has no
// room for 8 bits beside the 128: the lower seven go there, and 128 less than q is that minus 128, or 256 where the
// top bit is not set, which is 0x4300 with a bit more. Scales are applied to sums of the numbers that share them.
#ifndef LIB_CODEGEN_CUDA_FEWROWS_H
#define LIB_CODEGEN_CUDA_FEWROWS_H

#include "SharedTile.h"
#include "cameo/Codegen/Weights.h"

namespace cameo::codegen {

/// Whether products of few rows multiply such elements.
inline bool isFewRowsType(mlir::Type type) { return type.isF32() || type.isF16() || type.isBF16(); }

constexpr int64_t kLinesAcrossK = 32; ///< of w that run along N: 4 of each group of lanes

/// Unsigned numbers of 4 or 8 bits, `block` of which along K share a scale and a zero point.
struct QuantizedLines {
  int64_t bits;
  int64_t block;  ///< 16, 32 or a multiple of 64
  int64_t blocks; ///< of a line
  mlir::Value scale;
  mlir::Type scaleType;
  mlir::Value zero;      ///< pointer to bytes; null: all are `fixedZero`
  int64_t fixedZero = 0; ///< of 4 bits up to 127, as bf16 holds no more beside 128
};

/// How the product is cut.
struct FewRowsTile {
  bool onTensorCores;
  int64_t rows;  ///< of a block
  int64_t lines; ///< of a group of lanes; on tensor cores an even number
  int64_t steps; ///< whose loads are under way at once
  int64_t warps; ///< which share K

  int64_t columns() const { return 8 * lines; } ///< of y
  int64_t threads() const { return 32 * warps; }
  /// Of x that a warp multiplies with.
  int64_t paddedRows() const { return onTensorCores ? (rows + 7) / 8 * 8 : rows; }
  int64_t sharedBytes() const { return warps * paddedRows() * columns() * 4; }
};

/// How lines lie in runs.
struct FewRowsRuns {
  int64_t run, count; ///< elements of a lane that follow each other, and how many such there are in 16 bytes

  /// Of floats, which lie in one, `block` is 0.
  FewRowsRuns(int64_t bits, int64_t block)
      : run(bits == 32 || (block > 0 && block < 32) ? 4 : 8), count(128 / bits / run) {}
  int64_t depth() const { return 4 * run * count; } ///< elements along K of a step
};

struct FewRows {
  FewRowsTile tile;
  mlir::Type element;                      ///< of x, and of w where that is not quantized
  std::optional<QuantizedLines> quantized; ///< what w is
  int64_t k;
  bool linesAlongK = true;           ///< else along N, which quantized ones are not
  int64_t pitch = 0;                 ///< elements of a stored line of w, in whole chunks of 16 bytes; not of quantized
  mlir::Value x, w;                  ///< pointers: to rows of k elements, and to lines
  mlir::Value firstRow, firstColumn; ///< i32, of the block
  TileResult result;

  int64_t bits() const { return quantized ? quantized->bits : element.getIntOrFloatBitWidth(); }
  /// Elements along K of a step of a warp.
  int64_t depth() const { return linesAlongK ? runs().depth() : kLinesAcrossK; }
  FewRowsRuns runs() const { return {bits(), quantized ? quantized->block : 0}; }
};

constexpr int64_t kMostFewRows = 16; ///< of a block

/// The tile for such a product of so many rows and columns, of which `p` has all but that and what depends on it. Sizes
/// that only the run knows are taken as large.
FewRowsTile chooseFewRowsTile(const PtxTarget &chip, const FewRows &p, std::optional<int64_t> rows,
                              std::optional<int64_t> columns);

constexpr int64_t kLanesOfLine = 4; ///< of a warp

/// Where the i-th number of a word begins in it: two neighbours lie in the halves of the word, for `(word >> s) & mask`
/// to give both.
constexpr int64_t bitInWord(int64_t i, int64_t bits) { return i / 2 * bits + i % 2 * 16; }

/// The bytes of a line of k quantized numbers as stored.
int64_t quantizedLineBytes(int64_t bits, int64_t block, int64_t k);

/// Stores a line of numbers, one in each byte, as FewRows wants it. What fills the last step is zeros.
void packQuantized(llvm::ArrayRef<uint8_t> numbers, int64_t bits, int64_t block, WriteBytes write);

/// Emits what a thread does.
void emitFewRows(mlir::OpBuilder &b, mlir::Location loc, const FewRows &p);

} // namespace cameo::codegen
#endif
