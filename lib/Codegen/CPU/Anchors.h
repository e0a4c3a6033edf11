// Anchors.h - what the emitters of anchors share: the op with its tensors, sizes as the micro-kernels want them, the
// tile.
#ifndef CAMEO_CODEGEN_CPU_ANCHORS_H
#define CAMEO_CODEGEN_CPU_ANCHORS_H

#include "Attention.h"
#include "cameo/Codegen/CPU/CpuAnchors.h"

namespace cameo::codegen {

/// What a CPU level offers to the micro-kernels.
VectorTarget vectorTarget(const CpuTarget &target);

/// The same for the micro-kernel of one op: products of bytes may take an addition of their own.
VectorTarget vectorTargetOf(mlir::Operation *op, const CpuTarget &target);

/// The contraction that `op` is, for chooseTile; null for ops without a tile.
std::optional<ContractionShape> contractionShape(mlir::Operation *op, ShapeAnalysis &shapes, const CpuTarget &target);

/// The constant that an operand of an op in a kernel is; null when it is none.
mlir::ElementsAttr constantInKernel(mlir::Operation *reader, mlir::Value operand);

/// One anchor that is being emitted.
struct Anchor {
  KernelOp kernel;
  mlir::Operation *op;
  KernelBuilder &k;
  mlir::OpBuilder &b;
  llvm::ArrayRef<Tensor> operands, results;
  const CpuTarget &target;

  mlir::Location loc() const { return op->getLoc(); }
  DimContext &dims() const { return k.dims(); }
  VectorTarget vectors() const { return vectorTargetOf(op, target); }
  /// A size for the micro-kernels: a number, or an i64 value.
  Extent extent(Dim dim) const;
  /// Base pointer of a buffer.
  mlir::Value pointer(const Tensor &tensor) const { return emitPointerOf(b, loc(), tensor.memref); }
  mlir::Value i64(mlir::Value index) const;
  mlir::Value index(mlir::Value i64) const;
  /// The slice of the iteration space as i64 values.
  std::pair<mlir::Value, mlir::Value> slice() const { return {i64(k.sliceBegin()), i64(k.sliceEnd())}; }
  /// The tile in the kernel's `config`, else the analytic model's. Fails, with an error, when the one in `config`
  /// cannot be used.
  mlir::FailureOr<ContractionTile> tile(ContractionShape shape) const;
  mlir::FailureOr<AttentionTile> attentionTile(const AttentionShape &shape) const;
  /// The module that the kernel is emitted into.
  mlir::ModuleOp kernelModule() const {
    return b.getInsertionBlock()->getParentOp()->getParentOfType<mlir::ModuleOp>();
  }
  /// A constant operand as `elements` f32 values that `pack` makes of the constant's; `key` as in WeightForm.
  mlir::Value packedFloats(mlir::Value operand, std::string key, int64_t elements,
                           std::function<void(const float *source, float *packed)> pack) const;
  /// A constant operand of bytes as `bytes` that `pack` makes of them.
  mlir::Value packedBytes(mlir::Value operand, std::string key, int64_t bytes,
                          std::function<void(const uint8_t *source, char *packed)> pack) const;
  /// Steps of a contraction: `batch` times blocks of rows times panels.
  Dim steps(const ContractionTile &tile, Dim batch, Dim m, Dim n) const;
  /// Declares the iteration space: `steps` of `multiplyAdds` each.
  void setTiles(Dim steps, int64_t multiplyAdds) const;
  /// The same for a contraction.
  void setTiles(const ContractionTile &tile, const ContractionShape &shape, Dim batch, Dim m, Dim n) const;
  /// Hands vectors of result 0 to the fused ops. Batches lie `rowsPerBatch` rows apart; groups of a convolution share
  /// rows (null).
  StoreFn storeThroughEpilogue(std::optional<Extent> rowsPerBatch = std::nullopt) const;
};

/// Emitters return nullopt for ops that are not theirs.
std::optional<mlir::LogicalResult> emitMatMul(const Anchor &anchor);
std::optional<mlir::LogicalResult> emitConv(const Anchor &anchor);
std::optional<mlir::LogicalResult> emitConvTranspose(const Anchor &anchor);
std::optional<mlir::LogicalResult> emitTranspose(const Anchor &anchor);
std::optional<mlir::LogicalResult> emitAttention(const Anchor &anchor);
std::optional<mlir::LogicalResult> emitMatMulInteger(const Anchor &anchor);
std::optional<mlir::LogicalResult> emitConvInteger(const Anchor &anchor);
std::optional<mlir::LogicalResult> emitMatMulNBits(const Anchor &anchor);
std::optional<mlir::LogicalResult> emitRecurrent(const Anchor &anchor);
/// The ops' parts of contractionShape.
ContractionShape matMulShape(MatMulOp op, ShapeAnalysis &shapes, const CpuTarget &target);
std::optional<ContractionShape> convShape(ConvOp op, ShapeAnalysis &shapes, const CpuTarget &target);
std::optional<ContractionShape> convTransposeShape(ConvTransposeOp op, ShapeAnalysis &shapes);
std::optional<ContractionShape> matMulIntegerShape(MatMulIntegerOp op, ShapeAnalysis &shapes, const CpuTarget &target);
std::optional<ContractionShape> convIntegerShape(ConvIntegerOp op, ShapeAnalysis &shapes, const CpuTarget &target);

/// What chooseAttentionTile is asked for `op`; null for other ops, and where a width is not known.
std::optional<AttentionShape> attentionShape(mlir::Operation *op, ShapeAnalysis &shapes);

/// The fixed part of a size.
inline Extent fixedExtent(Dim dim) { return dim.constant().value_or(kDynamicExtent); }

/// True for the element types that the micro-kernels load and store.
inline bool isMicroKernelType(mlir::Type type) { return type.isF32() || type.isF16() || type.isBF16(); }

} // namespace cameo::codegen
#endif
