// ContractionNibbles.h - products with a matrix of 4-bit numbers in blocks along K, each with a scale and a zero point
// per column:
//
//     C[m, n] = sum_k A[m, k] * (w[k, n] - zero[k / block, n]) * scale[k / block, n]
//
// Panels are those of ContractionTile.h. For each block they hold a row of dwords for every 8 elements of K, a row of
// f32 scales, and unless all are the same a row of f32 zero points. Byte i of a column's dword has element i in its low
// and element i + 4 in its high half, so that one `and` makes four bytes for a dot product.
//
// Two ways to multiply. In floats: a step widens 8 rows of B, (w - zero) * scale as the definition rounds it, and
// multiplies by A as it is. In bytes: each slice rounds the rows of A that it needs to s8, per block, with the block's
// largest magnitude as scale; a block is a run of dot products in i32, and its sums then enter the f32 accumulators
// with both scales. Rounding A costs relative errors of up to 1/254 of a block's largest element.
#ifndef LIB_CODEGEN_CPU_CONTRACTIONNIBBLES_H
#define LIB_CODEGEN_CPU_CONTRACTIONNIBBLES_H

#include "cameo/Codegen/CPU/Contraction.h"

namespace cameo::codegen {

struct NibbleSpec {
  ContractionTile tile; ///< panelOuter, mBlock and kUnroll are not used
  VectorTarget target;
  Extent m;
  int64_t n = 0, k = 0, block = 0;
  bool inBytes = false;        ///< only with ByteDots::Quads
  std::optional<int32_t> zero; ///< the zero point, where all are the same
  mlir::Value lhs, weights;    ///< !llvm.ptr; rows of f32, and packNibbles' panels
  StoreFn store;

  int64_t blocks() const { return (k + block - 1) / block; }
  /// Rows of a panel, of four bytes per column.
  int64_t blockRows() const { return block / 8 + (zero ? 1 : 2); }
  int64_t panelRows() const { return blocks() * blockRows(); }
};

/// A tile for the spec's sizes.
ContractionTile chooseNibbleTile(const NibbleSpec &spec);

/// Number of parallel steps: blocks of rows times panels.
mlir::Value emitNibbleSteps(mlir::OpBuilder &b, mlir::Location loc, const NibbleSpec &spec);
/// Rows of one step, a multiple of mr; all rows when that is a block.
int64_t nibbleRows(const NibbleSpec &spec);
/// Emits the steps [begin, end) (i64 values).
void emitNibbles(mlir::OpBuilder &b, mlir::Location loc, const NibbleSpec &spec, mlir::Value begin, mlir::Value end);

/// Packs weights [n][blocks * block / 2] (two numbers per byte, low half first) with their scales and zero points,
/// [n][blocks]. `packed` has 4 * packedRhsElements(tile, spec.panelRows(), n) bytes.
void packNibbles(const uint8_t *weights, llvm::ArrayRef<float> scales, llvm::ArrayRef<uint8_t> zeros,
                 const NibbleSpec &spec, char *packed);

} // namespace cameo::codegen
#endif
