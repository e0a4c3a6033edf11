// GpuAnchors.h - which ops have code of their own for blocks of threads; all others have their naive loops, distributed
// where that can be.
#ifndef LIB_CODEGEN_CUDA_GPUANCHORS_H
#define LIB_CODEGEN_CUDA_GPUANCHORS_H

#include "Contraction.h"
#include "cameo/Codegen/Kernel.h"
#include "cameo/Codegen/Product.h"

namespace cameo::codegen {

class GpuAnchorEmitter final : public AnchorEmitter {
public:
  explicit GpuAnchorEmitter(const PtxTarget &chip) : chip(chip) {}
  std::optional<mlir::LogicalResult> emit(KernelOp kernel, mlir::Operation *op, KernelBuilder &k, mlir::OpBuilder &b,
                                          llvm::ArrayRef<KernelTensor> operands,
                                          llvm::ArrayRef<KernelTensor> results) override;

private:
  const PtxTarget &chip;
};

/// A product's result: matrices of so many rows and columns, one for each batch.
struct ProductResult {
  Dim batch, rows, columns;
  bool areSideBySide = false; ///< in the op's result; else one below the other
};

/// One anchor that is being emitted.
struct GpuAnchor {
  mlir::Operation *op;
  KernelBuilder &k;
  mlir::OpBuilder &b;
  llvm::ArrayRef<KernelTensor> operands, results;
  const PtxTarget &chip;
  /// 0 or 1, where the kernel has several launches: whether the run's sizes are for this one. A launch of no blocks is
  /// none. A missing one counts as 1.
  Dim isWanted = {};

  mlir::Location loc() const { return op->getLoc(); }
  DimContext &dims() const { return k.dims(); }
  /// A size as an i32 value, at the top of the kernel's code. No buffer of a GPU has more elements along an axis.
  mlir::Value size32(Dim dim) const;
  /// Base pointer of a buffer.
  mlir::Value pointer(const KernelTensor &tensor) const;
  /// A block's place in a result that blocks cut.
  struct BlockPlace {
    mlir::Value batch;                 ///< index
    mlir::Value firstRow, firstColumn; ///< i32
  };
  /// Declares blocks of threads for a result of batches of so many rows and columns. Batches lie one after the other,
  /// in each the tiles of a column of them, or of a band of 16.
  BlockPlace divideIntoBlocks(Dim batch, Dim rows, Dim columns, int64_t tileRows, int64_t tileColumns, int64_t threads,
                              int64_t sharedBytes, bool inBands = false) const;
  /// The result of a tile: sizes, and a store through the fused ops. `batch` is an index.
  TileResult resultOf(const ProductResult &product, mlir::Value batch) const;
  /// Declares the blocks of a contraction and gives their batch (index), their place and what stores their results.
  /// Batches lie one after the other, in each bands of tiles, in which columns follow each other. Parts of K are as
  /// batches, whose sums go to memory; a second launch adds them, in their order, which is emitted here: null then.
  mlir::Value divideIntoBlocks(BlockContraction &c, const ProductResult &product) const;

  /// 1 where there are at most so many rows, else 0; and the other way round.
  Dim areAtMost(Dim rows, int64_t most) const;
  Dim areMore(Dim rows, int64_t most) const;

  // ---- zero points of products of bytes: operands 2 and 3

  /// Whether they are as byteZeros takes them: one for all, of the right operand also one per column.
  bool hasByteZeros(Dim columns) const;
  /// `firstColumn` (i32) of the whole product is that of C; `terms` as in ByteZeros.
  ByteZeros byteZeros(mlir::Value firstColumn, mlir::Value terms) const;
};

/// A constant matrix as lines of `columns` elements and zeros up to `pitch`; strides are those of the constant, in
/// elements of so many bytes.
WeightForm packedLines(int64_t lines, int64_t lineStride, int64_t columns, int64_t columnStride, int64_t pitch,
                       int64_t bytes);

/// How the right operand of a product lies in memory: its lines, and whether these are a constant's that are stored so.
struct RhsLines {
  bool alongK;
  mlir::Value packed; ///< their base; null: as the operand is
};

/// A product of few rows, whose lines of w are whole chunks of 16 bytes, or packed ones that end so.
void emitFewRowsMatMul(const GpuAnchor &, const Product &, const RhsLines &);

/// Emits an anchor; nullopt, before anything is emitted, to leave it to its naive loops.
using GpuEmitFn = std::optional<mlir::LogicalResult> (*)(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuConvInteger(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuMatMul(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuMatMulInteger(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuMatMulNBits(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuTranspose(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuAttention(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuConv(const GpuAnchor &);

} // namespace cameo::codegen
#endif
