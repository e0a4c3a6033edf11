// Axes.h - axes that nodes give by number, checked against the rank of the input they belong to.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_AXES_H
#define CAMEO_IMPORT_ONNX_HANDLERS_AXES_H

#include "cameo/Import/ONNX/OpBinder.h"

namespace cameo::onnx {

/// `axis` in [0, rank); an E-ATTR error that names `what` outside [-rank, rank).
inline mlir::FailureOr<int64_t> normalAxis(OpBinder &op, llvm::StringRef what, int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return op.error("E-ATTR", what + " is " + llvm::Twine(axis) + ", but input '" + op.node.inputs[0] + "' has rank " +
                                  llvm::Twine(rank) + "; expected " + llvm::Twine(-rank) + " to " +
                                  llvm::Twine(rank - 1));
  return axis < 0 ? axis + rank : axis;
}

/// The attribute `name` as an axis of input 0.
inline mlir::FailureOr<int64_t> axisAttr(OpBinder &op, int64_t fallback, llvm::StringRef name = "axis") {
  return normalAxis(op, name, op.intAttr(name, fallback), op.rank(op.input(0)));
}

/// All of `axes` as axes of input 0, each given once.
inline mlir::FailureOr<llvm::SmallVector<int64_t>> normalAxes(OpBinder &op, llvm::ArrayRef<int64_t> axes) {
  llvm::SmallVector<int64_t> result;
  for (int64_t axis : axes) {
    auto normal = normalAxis(op, "axis", axis, op.rank(op.input(0)));
    if (failed(normal))
      return mlir::failure();
    if (llvm::is_contained(result, *normal))
      return op.error("E-ATTR", "axis " + llvm::Twine(axis) + " is given twice; expected each axis once");
    result.push_back(*normal);
  }
  return result;
}

/// Known indices are checked at compile time: E-INDEX for one outside [-n, n).
inline mlir::LogicalResult checkKnownIndices(OpBinder &op, size_t input, int64_t axis) {
  auto size = op.shapes().dim(op.input(0), axis).constant();
  auto known = op.shapes().constantElements(op.input(input));
  if (size && known)
    for (int64_t index : *known)
      if (index < -*size || index >= *size)
        return op.error("E-INDEX", "index " + llvm::Twine(index) + " is outside axis " + llvm::Twine(axis) +
                                       " of input '" + op.node.inputs[0] + "', which has size " + llvm::Twine(*size) +
                                       "; expected " + llvm::Twine(-*size) + " to " + llvm::Twine(*size - 1));
  return mlir::success();
}

} // namespace cameo::onnx
#endif
