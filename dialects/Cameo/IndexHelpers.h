// IndexHelpers.h - safe element access for ops whose positions come from data: range checks, guarded loads, scalar
// operands. Private to the dialect's families. Addresses stay inside their buffers whatever a tensor of indices holds.
#ifndef CAMEO_DIALECTS_CAMEO_INDEXHELPERS_H
#define CAMEO_DIALECTS_CAMEO_INDEXHELPERS_H

#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Runtime/KernelABI.h"

namespace cameo {

/// The elements of `sizes`, a vector of the result's sizes. An op error where its length, which is the result's rank,
/// is not known at compile time, or is above kMaxTrackedElements (E-RANK).
mlir::FailureOr<llvm::SmallVector<Dim, 4>> wantedSizes(mlir::Operation *op, ShapeAnalysis &shapes, mlir::Value sizes);

/// An axis attribute, which the shape function has checked, counted from the front. (Getters of I64Attr are unsigned.)
inline int64_t axisFromFront(int64_t axis, int64_t rank) { return axis < 0 ? axis + rank : axis; }

/// An index into an axis. `ok` (i1) is false when it was outside; `index` is then 0.
struct CheckedIndex {
  mlir::Value index, ok;
};

/// Counts a negative `index` from the end of an axis of `size` (unless `allowNegative` is false), and records a failure
/// when the result is outside [0, size). `what` names the index in the message: "index", "length".
CheckedIndex checkIndex(KernelEmitter &k, mlir::OpBuilder &b, mlir::Location loc, mlir::Value index, Dim size,
                        llvm::StringRef what, bool allowNegative = true);

/// The element at `indices`, or zero when `ok` is false. Null `ok`: always loads. Emits a branch only where an axis may
/// be empty, because otherwise a clamped index is safe.
mlir::Value loadIf(mlir::OpBuilder &b, mlir::Location loc, const KernelTensor &tensor, mlir::ValueRange indices,
                   mlir::Value ok);

/// An element of an operand whose sizes should be `expected`, but may only be known to be at run time: records a
/// failure and gives zero where `indices` (inside `expected`) leave the operand. `skippedAxis` is not compared.
mlir::Value loadWithin(KernelEmitter &k, mlir::OpBuilder &b, mlir::Location loc, const KernelTensor &tensor,
                       llvm::ArrayRef<Dim> expected, mlir::ValueRange indices, int64_t skippedAxis = -1);

/// Channels that are read at the same places, which one computation finds for a block of `most` of them. At -O0 each is
/// alone.
class ChannelBlocks {
public:
  ChannelBlocks(KernelEmitter &k, Dim channels, int64_t most);
  Dim count() const { return blocks; }
  /// The channels of block number `block`; where too few are left, the last one again.
  llvm::SmallVector<mlir::Value> of(mlir::OpBuilder &b, mlir::Location loc, mlir::Value block) const;

private:
  int64_t perBlock;
  Dim blocks;
  mlir::Value channels; ///< null where blocks are whole
};

/// The only element of a tensor of rank 0 or 1.
mlir::Value loadScalar(mlir::OpBuilder &b, mlir::Location loc, const KernelTensor &tensor);
/// The only element of an integer tensor, as an index value; a constant where it is known.
mlir::Value loadScalarIndex(KernelEmitter &k, mlir::OpBuilder &b, mlir::Location loc, mlir::Value operand,
                            const KernelTensor &tensor);

/// The tensor of an operand of `op` that may be absent; then it is false.
KernelTensor operandTensor(mlir::Operation *op, llvm::ArrayRef<KernelTensor> operands, mlir::Value operand);

/// What was stored to a result that is a buffer, in compute type.
mlir::Value loadStored(mlir::OpBuilder &b, mlir::Location loc, const KernelTensor &result, mlir::ValueRange indices);

/// `x` as a scalar of the 64-bit integers.
mlir::Value indexToI64(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

/// a + b, a - b, a * b, minimum, maximum, selection and comparison of index values, folded where both are constants.
mlir::Value addIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y);
mlir::Value subIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y);
mlir::Value mulIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y);
mlir::Value minIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y);
mlir::Value maxIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y);
/// Signed comparison of index values.
mlir::Value isLess(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y);
mlir::Value isEqual(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y);

/// Requires a tensor of one element (rank 0 or 1); emits an op error naming the operand.
mlir::LogicalResult verifyOneElement(mlir::Operation *op, ShapeAnalysis &shapes, mlir::Value operand,
                                     llvm::StringRef name);
/// Requires two sizes to agree unless only the run can tell; emits an op error with `what`, both sizes.
mlir::LogicalResult verifySameSize(mlir::Operation *op, Dim found, Dim wanted, const llvm::Twine &what);

} // namespace cameo
#endif
