// Pieces.h - the sizes of the pieces that Split and SplitToSequence cut an axis into.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_PIECES_H
#define CAMEO_IMPORT_ONNX_HANDLERS_PIECES_H

#include "cameo/Import/ONNX/OpBinder.h"

namespace cameo::onnx {

inline constexpr llvm::StringLiteral kWrongSum = "the sum of split is not the size of the axis that it splits";
inline constexpr llvm::StringLiteral kNegativeLength = "split has a negative entry; expected 0 or more";

/// Input `sizes`, a vector of integers, where it is a constant, of any length.
std::optional<llvm::SmallVector<int64_t>> constantSizes(mlir::Value sizes);

/// `x`, on the condition that `sum` is its axis `axis`, where only the run can tell. Null on failure (reported).
mlir::Value requireSum(OpBinder &op, mlir::Value x, int64_t axis, Dim sum);

/// `x`, given that pieces of these lengths, 0 or more, are its axis `axis`: what is known of them is checked (E-ATTR),
/// the rest is a condition of the run. Null on failure (reported).
mlir::Value requirePieces(OpBinder &op, mlir::Value x, int64_t axis, llvm::ArrayRef<Dim> lengths);

} // namespace cameo::onnx
#endif
