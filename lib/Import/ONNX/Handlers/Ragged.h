// Ragged.h - sequences whose length only the run knows, as ops on the two tensors that hold one. Positions and sizes
// that do not fit are errors of the run. A step that fails (reported) gives null values. As in Compose.h, a step on
// such scalars and vectors fails too; a sequence must be asked whether it is one before it is handed on.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_RAGGED_H
#define CAMEO_IMPORT_ONNX_HANDLERS_RAGGED_H

#include "Compose.h"

namespace cameo::onnx {

/// The number of axes of its elements; the greatest where they differ.
int64_t raggedRank(OpBinder &op, const RaggedSequence &sequence);
/// How many elements it has, as a scalar.
mlir::Value raggedLength(OpBinder &op, const RaggedSequence &sequence);

/// The tensors of `list`, which are of `elementType` and have at most `rank` axes; an empty list says neither.
RaggedSequence raggedOf(OpBinder &op, llvm::ArrayRef<mlir::Value> list, mlir::Type elementType, int64_t rank);
/// The same sequence with rows of `rank` sizes, as one that takes elements of so many axes; `rank` is not below its
/// own.
RaggedSequence withRank(OpBinder &op, const RaggedSequence &sequence, int64_t rank);

/// A scalar position in a sequence of `length` elements (a scalar), or behind the last one where it `mayBeEnd`, counted
/// from the front. Negative ones count from the end; one that the sequence has not ends the run.
mlir::Value positionIn(OpBinder &op, mlir::Value position, mlir::Value length, bool mayBeEnd);

/// The element at scalar `position`, which counts from the end when it is negative. Null also where the elements' ranks
/// differ (reported).
mlir::Value raggedAt(OpBinder &op, const RaggedSequence &sequence, mlir::Value position);
/// With `added` in front of the element at `place`, as positionIn gives it.
RaggedSequence raggedInsert(OpBinder &op, const RaggedSequence &sequence, mlir::Value added, mlir::Value place);
/// With `added` at the end.
RaggedSequence raggedAppend(OpBinder &op, const RaggedSequence &sequence, mlir::Value added);
/// Without the element at `place`, as positionIn gives it.
RaggedSequence raggedErase(OpBinder &op, const RaggedSequence &sequence, mlir::Value place);

/// The elements joined along `axis`, which must be in their rank; with `isNew`, along a new axis that gets this place.
mlir::Value raggedConcat(OpBinder &op, const RaggedSequence &sequence, int64_t axis, bool isNew);
/// The pieces of x along `axis` (in its rank) that have `lengths`, a vector whose sum is the axis' size.
RaggedSequence raggedSplit(OpBinder &op, mlir::Value x, mlir::Value lengths, int64_t axis);
/// The slices of x along `axis`, without that axis unless `keepAxis`.
RaggedSequence raggedSlices(OpBinder &op, mlir::Value x, int64_t axis, bool keepAxis);

} // namespace cameo::onnx
#endif
