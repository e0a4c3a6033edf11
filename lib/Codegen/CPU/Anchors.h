// Anchors.h - what the emitters of anchors share: the op with its tensors, sizes as the micro-kernels want them, the
// tile.
#ifndef CAMEO_CODEGEN_CPU_ANCHORS_H
#define CAMEO_CODEGEN_CPU_ANCHORS_H

#include "Attention.h"
#include "cameo/Codegen/CPU/CpuAnchors.h"

namespace cameo::codegen {

/// What a CPU level offers to the micro-kernels.
VectorTarget vectorTarget(const CpuTarget &target);

struct Anchor;

/// Tuned code for one op of the dialect. What implements it has no state, and is listed in Anchors.cpp.
class TunedOp {
public:
  virtual ~TunedOp() = default;
  virtual llvm::StringRef opName() const = 0;
  /// What the micro-kernels of this op may use.
  virtual VectorTarget vectors(const CpuTarget &target) const { return vectorTarget(target); }
  /// The op's tile as the `config` of its kernel has it; null where it has none. `strict` as in --cameo-choose-tiles.
  virtual mlir::DictionaryAttr tileOf(mlir::Operation *, ShapeAnalysis &, const CpuTarget &, bool /*strict*/) const {
    return {};
  }
  /// tileOf first, and others that the op can have.
  virtual llvm::SmallVector<mlir::DictionaryAttr> tilesOf(mlir::Operation *op, ShapeAnalysis &shapes,
                                                          const CpuTarget &target, bool strict) const {
    mlir::DictionaryAttr tile = tileOf(op, shapes, target, strict);
    return tile ? llvm::SmallVector<mlir::DictionaryAttr>{tile} : llvm::SmallVector<mlir::DictionaryAttr>();
  }
  /// Slots (see expectedSlots) that the op takes, for sizes that are known; `tile` as tileOf gives it.
  virtual double slotsOf(mlir::Operation *op, ShapeAnalysis &shapes, const CpuTarget &target,
                         mlir::DictionaryAttr tile) const;
  /// True where operands may have room between their rows.
  virtual bool readsStrided() const { return false; }
  /// Emits the anchor. Nullopt leaves it, before anything is emitted, to its naive loops.
  virtual std::optional<mlir::LogicalResult> emit(const Anchor &anchor) const = 0;
};

/// The tuned code for `op`; null when there is none.
const TunedOp *tunedCodeOf(mlir::Operation *op);

const TunedOp &tunedMatMul();
const TunedOp &tunedMatMulInteger();
const TunedOp &tunedMatMulNBits();
const TunedOp &tunedConv();
const TunedOp &tunedConvInteger();
const TunedOp &tunedConvTranspose();
const TunedOp &tunedAttention();
const TunedOp &tunedTranspose();
const TunedOp &tunedRnn();
const TunedOp &tunedGru();
const TunedOp &tunedLstm();
const TunedOp &tunedTopK();
const TunedOp &tunedMaxPool();
const TunedOp &tunedAveragePool();
const TunedOp &tunedLpPool();
const TunedOp &tunedResize();

/// A tile as an attribute: its fields by name.
mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context, const ContractionTile &tile);
mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context, const AttentionTile &tile);

/// The fields of an attribute that toAttribute made.
ContractionTile tileFromAttribute(mlir::DictionaryAttr entry);
/// The entry of the kernel's config for `target`; null when there is none.
mlir::DictionaryAttr tileEntry(KernelOp kernel, const CpuTarget &target);

/// One anchor that is being emitted.
struct Anchor {
  KernelOp kernel;
  mlir::Operation *op;
  const TunedOp &tuned;
  KernelBuilder &k;
  mlir::OpBuilder &b;
  llvm::ArrayRef<KernelTensor> operands, results;
  const CpuTarget &target;

  mlir::Location loc() const { return op->getLoc(); }
  DimContext &dims() const { return k.dims(); }
  VectorTarget vectors() const { return tuned.vectors(target); }
  /// A size for the micro-kernels: a number, or an i64 value.
  Extent extent(Dim dim) const;
  /// Base pointer of a buffer.
  mlir::Value pointer(const KernelTensor &tensor) const { return emitPointerOf(b, loc(), tensor.memref); }
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

/// TunedOp with the op's type.
template <typename OpT> class TunedOpOf : public TunedOp {
public:
  llvm::StringRef opName() const final { return OpT::getOperationName(); }
  std::optional<mlir::LogicalResult> emit(const Anchor &anchor) const final {
    return emitOp(anchor, mlir::cast<OpT>(anchor.op));
  }

protected:
  virtual std::optional<mlir::LogicalResult> emitOp(const Anchor &anchor, OpT op) const = 0;
};

/// An op that is one contraction, or as good as one to chooseTile.
template <typename OpT> class TunedContraction : public TunedOpOf<OpT> {
public:
  mlir::DictionaryAttr tileOf(mlir::Operation *op, ShapeAnalysis &shapes, const CpuTarget &target,
                              bool strict) const final {
    auto shape = allowedContraction(op, shapes, target, strict);
    return shape ? toAttribute(op->getContext(), chooseTile(this->vectors(target), *shape)) : mlir::DictionaryAttr();
  }
  llvm::SmallVector<mlir::DictionaryAttr> tilesOf(mlir::Operation *op, ShapeAnalysis &shapes, const CpuTarget &target,
                                                  bool strict) const final {
    llvm::SmallVector<mlir::DictionaryAttr> tiles;
    if (auto shape = allowedContraction(op, shapes, target, strict))
      for (const ContractionTile &tile : candidateTiles(this->vectors(target), *shape))
        tiles.push_back(toAttribute(op->getContext(), tile));
    return tiles;
  }
  double slotsOf(mlir::Operation *op, ShapeAnalysis &shapes, const CpuTarget &target,
                 mlir::DictionaryAttr tile) const final {
    auto shape = tile ? contractionOf(mlir::cast<OpT>(op), shapes, target) : std::nullopt;
    return shape ? expectedSlots(this->vectors(target), *shape, tileFromAttribute(tile))
                 : TunedOp::slotsOf(op, shapes, target, tile);
  }

protected:
  /// What chooseTile is asked; null where the op has no tile.
  virtual std::optional<ContractionShape> contractionOf(OpT op, ShapeAnalysis &shapes,
                                                        const CpuTarget &target) const = 0;

private:
  std::optional<ContractionShape> allowedContraction(mlir::Operation *op, ShapeAnalysis &shapes,
                                                     const CpuTarget &target, bool strict) const {
    auto shape = contractionOf(mlir::cast<OpT>(op), shapes, target);
    if (shape && strict) {
      shape->winograd.reset();
      shape->sparseRows.reset();
    }
    return shape;
  }
};

/// The fixed part of a size.
inline Extent fixedExtent(Dim dim) { return dim.constant().value_or(kDynamicExtent); }

/// True for the element types that the micro-kernels load and store.
inline bool isMicroKernelType(mlir::Type type) { return type.isF32() || type.isF16() || type.isBF16(); }

} // namespace cameo::codegen
#endif
