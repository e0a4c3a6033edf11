// Ragged.h - sequences whose length only the run knows, as ops on the two tensors that hold one. Positions and sizes
// that do not fit are errors of the run. As in Compose.h, a step that failed (reported) gives null values, and steps on
// those give null.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_RAGGED_H
#define CAMEO_IMPORT_ONNX_HANDLERS_RAGGED_H

#include "Compose.h"

namespace cameo::onnx {

/// The number of axes of its elements; the greatest where they differ.
int64_t raggedRank(OpBinder &op, const RaggedSequence &sequence);
/// How many elements it has, as a scalar.
mlir::Value raggedLength(OpBinder &op, const RaggedSequence &sequence);

/// The same elements with a type and at most `rank` axes, which say what an empty list cannot.
RaggedSequence raggedOf(OpBinder &op, llvm::ArrayRef<mlir::Value> list, mlir::Type elementType, int64_t rank);
/// The same sequence among whose elements there may be some of `rank` axes, which is not less than it has.
RaggedSequence withRank(OpBinder &op, const RaggedSequence &sequence, int64_t rank);

/// The element at scalar `position`, which counts from the end when it is negative. Null also where the elements' ranks
/// differ (reported).
mlir::Value raggedAt(OpBinder &op, const RaggedSequence &sequence, mlir::Value position);
/// With `added` in front of the element at `position`, at the end where that is null.
RaggedSequence raggedInsert(OpBinder &op, const RaggedSequence &sequence, mlir::Value added, mlir::Value position);
/// Without the element at `position`.
RaggedSequence raggedErase(OpBinder &op, const RaggedSequence &sequence, mlir::Value position);

/// The elements joined along `axis`, which must be in their rank; with `isNew`, along a new axis that gets this place.
mlir::Value raggedConcat(OpBinder &op, const RaggedSequence &sequence, int64_t axis, bool isNew);
/// The pieces of x along `axis` (in its rank) that have `lengths`, a vector whose sum is the axis' size.
RaggedSequence raggedSplit(OpBinder &op, mlir::Value x, mlir::Value lengths, int64_t axis);
/// The slices of x along `axis`, without that axis unless `keepAxis`.
RaggedSequence raggedSlices(OpBinder &op, mlir::Value x, int64_t axis, bool keepAxis);

} // namespace cameo::onnx
#endif
