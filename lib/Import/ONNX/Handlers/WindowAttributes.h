// WindowAttributes.h - how convolutions and pools say how their window slides: strides, dilations, pads or auto_pad.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_WINDOWATTRIBUTES_H
#define CAMEO_IMPORT_ONNX_HANDLERS_WINDOWATTRIBUTES_H

#include "cameo/Import/ONNX/OpBinder.h"

namespace cameo::onnx {

/// Checked values; auto_pad is resolved, which needs sizes: a pad is a Dim where they are known only at run time.
struct WindowAttributes {
  llvm::SmallVector<int64_t> strides, dilations;
  llvm::SmallVector<Dim> pads; ///< all beginnings, then all ends

  /// The pads when all are known at compile time.
  std::optional<llvm::SmallVector<int64_t>> constantPads() const;
};

/// strides, dilations and pads of a node whose window has size `kernel` and slides over axes of size `sizes`.
mlir::FailureOr<WindowAttributes> windowAttributes(OpBinder &op, llvm::ArrayRef<Dim> sizes, llvm::ArrayRef<Dim> kernel);

/// An attribute of integers, one per spatial axis, each at least `low` and less than 2^31, so that products of a few of
/// them cannot overflow; `fallback` when absent.
mlir::FailureOr<llvm::SmallVector<int64_t>> spatialAttr(OpBinder &op, llvm::StringRef name, size_t count, int64_t low,
                                                        int64_t fallback);

/// Pads the spatial axes of an [N, C, spatial..] value with `fill`, a scalar. Null on failure (reported).
mlir::Value padSpatial(OpBinder &op, mlir::Value x, llvm::ArrayRef<Dim> pads, mlir::Value fill);
mlir::Value padSpatial(OpBinder &op, mlir::Value x, llvm::ArrayRef<Dim> pads, double fill);

} // namespace cameo::onnx
#endif
