// Shape.h - what is known about a value's sizes and, for small integer tensors, its contents.
//
// Every op has one shape function (ShapeInterface::inferShapes). It is written once against this API and serves type
// inference at import, refinement, memory planning and the size arithmetic of the compiled program.
#ifndef CAMEO_DIALECT_CAMEO_SHAPE_H
#define CAMEO_DIALECT_CAMEO_SHAPE_H

#include "cameo/Dialect/Cameo/Dim.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

namespace cameo {

/// Contents are tracked for integer tensors with at most this many elements. Arithmetic follows them up to rank 1;
/// constants, views, transposes and slices at any rank, because exporters reorder lists of sizes as matrices.
constexpr int64_t kMaxTrackedElements = 64;

struct ShapeInfo {
  mlir::Type elementType;
  llvm::SmallVector<Dim, 6> dims;
  /// Elements in row-major order, when all are known as Dims.
  std::optional<llvm::SmallVector<Dim, 4>> contents;

  int64_t rank() const { return dims.size(); }
  mlir::RankedTensorType type() const;
};

/// Shapes of all values of a function, computed on demand from the ops' shape functions. Forget it after rewriting the
/// IR.
class ShapeAnalysis {
public:
  DimContext &dims() { return context; }

  /// Sizes and contents of `value`. Never fails: what no shape function tells is taken from the type, each `?` a
  /// symbol.
  const ShapeInfo &get(mlir::Value value);
  llvm::ArrayRef<Dim> dimsOf(mlir::Value value) { return get(value).dims; }
  Dim dim(mlir::Value value, int64_t axis) { return get(value).dims[axis]; }
  int64_t rank(mlir::Value value) { return get(value).rank(); }
  /// The elements of a small integer tensor as Dims: known ones folded, others as ElementOf symbols. Null when the
  /// number of elements is not a constant <= kMaxTrackedElements or the rank is above 1.
  std::optional<llvm::SmallVector<Dim, 4>> elements(mlir::Value value);
  /// The elements when every one is a compile-time constant.
  std::optional<llvm::SmallVector<int64_t, 4>> constantElements(mlir::Value value);
  Dim numElements(mlir::Value value) { return context.product(get(value).dims); }

  /// Records facts (used by the importer for graph inputs whose dim_param names are equal).
  void set(mlir::Value value, ShapeInfo info) { known[value] = std::make_unique<ShapeInfo>(std::move(info)); }
  void forget(mlir::Value value) { known.erase(value); }
  /// `value` is no more: neither facts about it nor its symbols are taken for those of a later value at its address.
  void erased(mlir::Value value) {
    known.erase(value);
    context.retire(value);
  }

private:
  ShapeInfo compute(mlir::Value value);
  DimContext context;
  llvm::DenseMap<mlir::Value, std::unique_ptr<ShapeInfo>> known; // by pointer: references stay valid while it grows
};

/// NumPy broadcasting of several shapes. Emits an op error naming both shapes and fails when they do not fit.
mlir::FailureOr<llvm::SmallVector<Dim, 6>> broadcastShapes(ShapeAnalysis &shapes, mlir::Operation *op,
                                                           mlir::ValueRange values);
/// Normalises an axis attribute to [0, rank); emits an op error outside [-rank, rank).
mlir::FailureOr<int64_t> normalizeAxis(mlir::Operation *op, int64_t axis, int64_t rank);
/// "2x?xseq" for messages.
std::string formatShape(llvm::ArrayRef<Dim> dims);

/// The shape operand of a cameo.reshape from sizes `from` to sizes `to`, as constants: 0 copies the operand's size, one
/// -1 is what remains. Nothing when more than one of `to` is neither a constant nor the operand's size on that axis.
std::optional<llvm::SmallVector<int64_t>> constantReshape(DimContext &d, llvm::ArrayRef<Dim> from,
                                                          llvm::ArrayRef<Dim> to);

/// Creates `OpT` with result types computed by its shape function. On failure the op is erased, the error is already
/// emitted at `loc`, and null is returned.
mlir::Operation *finishOp(ShapeAnalysis &shapes, mlir::Operation *op);

} // namespace cameo
#endif
