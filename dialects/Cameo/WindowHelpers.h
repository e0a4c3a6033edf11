// WindowHelpers.h - the geometry shared by convolutions and pools: a window slides over spatial axes with strides,
// dilations and padding. Private to the dialect's families.
//
// Worked example: size 5, kernel 3, stride 2, pads 1 and 1. Position 0 starts at -1, so taps [1, 3) lie inside;
// position 2 starts at 3, so taps [0, 2) do.
#ifndef CAMEO_DIALECTS_CAMEO_WINDOWHELPERS_H
#define CAMEO_DIALECTS_CAMEO_WINDOWHELPERS_H

#include "IndexHelpers.h"

namespace cameo {

/// No stride, dilation or padding is larger: products of two sizes stay within 64 bits.
constexpr int64_t kMaxWindowParameter = int64_t(1) << 31;

/// How a window slides, per spatial axis; `pads` as in ONNX: all beginnings, then all ends.
struct Window {
  llvm::ArrayRef<int64_t> strides, dilations, pads;
  size_t rank() const { return strides.size(); }
  int64_t padBegin(size_t axis) const { return pads[axis]; }
  int64_t padEnd(size_t axis) const { return pads[rank() + axis]; }
};

/// Where the channel and the spatial axes of an activation are.
struct ActivationAxes {
  int64_t rank;
  bool channelsLast;
  int64_t channel() const { return channelsLast ? rank - 1 : 1; }
  int64_t spatial(int64_t axis) const { return channelsLast ? 1 + axis : 2 + axis; }
  int64_t numSpatial() const { return rank - 2; }
  /// Indices or sizes in the activation's order.
  template <typename T> llvm::SmallVector<T> make(T batch, T channelEntry, llvm::ArrayRef<T> spatialEntries) const {
    llvm::SmallVector<T> all{batch};
    if (!channelsLast)
      all.push_back(channelEntry);
    all.append(spatialEntries.begin(), spatialEntries.end());
    if (channelsLast)
      all.push_back(channelEntry);
    return all;
  }
};

/// Checks the lengths (against `numSpatial`) and ranges of strides, dilations and pads; emits an op error.
mlir::LogicalResult verifyWindow(mlir::Operation *op, const Window &window, int64_t numSpatial,
                                 bool allowNegativePads = false);

/// Number of window positions along an axis. With `ceil` a last, partial one counts when it starts inside the operand
/// or the padding before it. Emits an op error when the dilated kernel is larger than the padded operand.
mlir::FailureOr<Dim> windowPositions(mlir::Operation *op, DimContext &d, const Window &window, size_t axis, Dim size,
                                     Dim kernel, bool ceil = false);

/// How many taps of `positions` windows along an axis lie inside an operand of `size`, all together.
Dim countTapsInside(DimContext &d, const Window &window, size_t axis, Dim size, Dim positions, Dim kernel);

/// The taps of one window along one axis that lie inside the operand: tap k in [lo, lo + count) reads position
/// start + k * dilation. `count` may be negative for none.
struct Taps {
  mlir::Value start, lo, count;
};
/// `end` is the first position that does not count: the operand's size, or that plus padding.
Taps tapsInside(mlir::OpBuilder &b, mlir::Location loc, const Window &window, size_t axis, mlir::Value position,
                mlir::Value kernel, mlir::Value end);
/// Operand position of tap lo + i.
mlir::Value tapPosition(mlir::OpBuilder &b, mlir::Location loc, const Window &window, size_t axis, const Taps &taps,
                        mlir::Value i);

/// Requires two sizes to agree at run time where the compiler cannot tell: returns the smaller, and records a failure
/// when they differ.
mlir::Value agreeingSize(KernelEmitter &k, mlir::OpBuilder &b, mlir::Location loc, Dim x, Dim y,
                         llvm::StringRef message);

/// A float that holds an integer, as an index; NaN and values beyond +-2^62 become some index that no axis has.
mlir::Value floorToIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value floored);

} // namespace cameo
#endif
