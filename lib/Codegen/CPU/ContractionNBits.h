// ContractionNBits.h - products with a matrix of 4- or 8-bit numbers in blocks along K, each with a scale and a zero
// point per column:
//
//     C[m, n] = sum_k A[m, k] * (w[k, n] - zero[k / block, n]) * scale[k / block, n]
//
// Panels are those of ContractionTile.h. For each block they hold a row of dwords for every 32 bits of K, a row of
// f32 scales, and unless all are the same a row of f32 zero points. Of 4 bits, byte i of a column's dword has element i
// in its low and element i + 4 in its high half, so that one `and` makes four bytes for a dot product. Of 8 bits it has
// element i, or for floats a row is four of signed bytes, w - 128 column by column, which one instruction widens.
//
// Two ways to multiply. In floats: a step widens w - zero and multiplies by A as it is; scales are applied to the sums
// of a block where there are registers for them, else to weights, as the definition does. In bytes: each slice rounds
// the rows of A that it needs to s8, per block, with the block's largest magnitude as scale; a block is a run of dot
// products in i32, and its sums then enter the f32 accumulators with both scales. Rounding A costs relative errors of
// up to 1/254 of a block's largest element.
#ifndef LIB_CODEGEN_CPU_CONTRACTIONNBITS_H
#define LIB_CODEGEN_CPU_CONTRACTIONNBITS_H

#include "cameo/Codegen/CPU/Contraction.h"

namespace cameo::codegen {

struct NBitsSpec {
  ContractionTile tile; ///< panelOuter, mBlock and kUnroll are not used
  VectorTarget target;
  Extent m;
  int64_t n = 0, k = 0, block = 0, bits = 4;
  bool inBytes = false;        ///< only with ByteDots::Quads
  std::optional<int32_t> zero; ///< the zero point, where all are the same
  mlir::Type lhsType;          ///< f32, f16 or bf16
  mlir::Value lhs, weights;    ///< !llvm.ptr; rows of K elements, and packNBits' panels
  StoreFn store;

  int64_t blocks() const { return (k + block - 1) / block; }
  /// Elements of K in one dword.
  int64_t stepElements() const { return 32 / bits; }
  /// Rows of a panel, of four bytes per column.
  int64_t blockRows() const { return block / stepElements() + (zero ? 1 : 2); }
  int64_t panelRows() const { return blocks() * blockRows(); }
};

/// A tile for the spec's sizes.
ContractionTile chooseNBitsTile(const NBitsSpec &spec);

/// Rows of one step, a multiple of mr; all rows when that is a block.
int64_t nBitsRows(const NBitsSpec &spec);
/// Emits the steps [begin, end) (i64 values) of blocks of rows times panels.
void emitNBits(mlir::OpBuilder &b, mlir::Location loc, const NBitsSpec &spec, mlir::Value begin, mlir::Value end);

/// Packs weights [n][blocks * block * bits / 8] (of 4 bits two per byte, low half first) with their scales and zero
/// points, [n][blocks]. `packed` has 4 * packedRhsElements(tile, spec.panelRows(), n) bytes.
void packNBits(const uint8_t *weights, llvm::ArrayRef<float> scales, llvm::ArrayRef<uint8_t> zeros,
               const NBitsSpec &spec, char *packed);

} // namespace cameo::codegen
#endif
