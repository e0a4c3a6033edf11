// GpuAnchors.h - which ops have code of their own for blocks of threads; all others have their naive loops, distributed
// where that can be.
#ifndef LIB_CODEGEN_CUDA_GPUANCHORS_H
#define LIB_CODEGEN_CUDA_GPUANCHORS_H

#include "Contraction.h"
#include "cameo/Codegen/Kernel.h"

namespace cameo::codegen {

class GpuAnchorEmitter final : public AnchorEmitter {
public:
  explicit GpuAnchorEmitter(const PtxTarget &chip) : chip(chip) {}
  std::optional<mlir::LogicalResult> emit(KernelOp kernel, mlir::Operation *op, KernelBuilder &k, mlir::OpBuilder &b,
                                          llvm::ArrayRef<Tensor> operands, llvm::ArrayRef<Tensor> results) override;

private:
  const PtxTarget &chip;
};

/// One anchor that is being emitted.
struct GpuAnchor {
  mlir::Operation *op;
  KernelBuilder &k;
  mlir::OpBuilder &b;
  llvm::ArrayRef<Tensor> operands, results;
  const PtxTarget &chip;

  mlir::Location loc() const { return op->getLoc(); }
  DimContext &dims() const { return k.dims(); }
  /// A size as an i32 value, at the top of the kernel's code. No buffer of a GPU has more elements along an axis.
  mlir::Value size32(Dim dim) const;
  /// Base pointer of a buffer.
  mlir::Value pointer(const Tensor &tensor) const;
  /// Declares the blocks of a contraction and cuts the number of the block's tile into batch (index), row and column of
  /// the tile's first element. Batches lie one after the other, in each bands of tiles, in which columns follow each
  /// other.
  mlir::Value divideIntoBlocks(BlockContraction &c, Dim batch, Dim rows, Dim columns) const;

  // ---- zero points of products of bytes: operands 2 and 3

  /// Whether they are as byteZeros takes them: one for all, of the right operand also one per column.
  bool hasByteZeros(Dim columns) const;
  /// `firstColumn` (i32) of the whole product is that of C; `terms` as in ByteZeros.
  ByteZeros byteZeros(mlir::Value firstColumn, mlir::Value terms) const;
};

/// Emits an anchor; nullopt, before anything is emitted, to leave it to its naive loops.
using GpuEmitFn = std::optional<mlir::LogicalResult> (*)(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuConvInteger(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuMatMul(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuMatMulInteger(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuTranspose(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuAttention(const GpuAnchor &);
std::optional<mlir::LogicalResult> emitGpuConv(const GpuAnchor &);

} // namespace cameo::codegen
#endif
