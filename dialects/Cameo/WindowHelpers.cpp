// WindowHelpers.cpp - the geometry declared in WindowHelpers.h.
#include "WindowHelpers.h"

using namespace mlir;
using namespace cameo;

LogicalResult cameo::verifyWindow(Operation *op, const Window &window, int64_t numSpatial, bool allowNegativePads) {
  auto length = [&](StringRef name, ArrayRef<int64_t> list, int64_t wanted) -> LogicalResult {
    if (int64_t(list.size()) == wanted)
      return success();
    return op->emitOpError(name) << " has " << list.size() << " entries; expected " << wanted << " for " << numSpatial
                                 << " spatial axes";
  };
  if (failed(length("strides", window.strides, numSpatial)) ||
      failed(length("dilations", window.dilations, numSpatial)) || failed(length("pads", window.pads, 2 * numSpatial)))
    return failure();
  auto range = [&](StringRef name, ArrayRef<int64_t> list, int64_t low) -> LogicalResult {
    for (auto [i, v] : llvm::enumerate(list))
      if (v < low || v > kMaxWindowParameter)
        return op->emitOpError(name) << "[" << i << "] is " << v << "; expected " << low << " to "
                                     << kMaxWindowParameter;
    return success();
  };
  return success(succeeded(range("strides", window.strides, 1)) && succeeded(range("dilations", window.dilations, 1)) &&
                 succeeded(range("pads", window.pads, allowNegativePads ? -kMaxWindowParameter : 0)));
}

FailureOr<Dim> cameo::windowPositions(Operation *op, DimContext &d, const Window &window, size_t axis, Dim size,
                                      Dim kernel, bool ceil) {
  Dim extent = d.add(d.mul(d.sub(kernel, 1), window.dilations[axis]), 1);
  Dim padded = d.add(size, window.padBegin(axis) + window.padEnd(axis));
  Dim room = d.sub(padded, extent);
  if (room.constant() && *room.constant() < 0)
    return op->emitOpError("the dilated kernel is larger than the padded operand on spatial axis ")
           << axis << ": " << *extent.constant() << " (kernel " << *kernel.constant() << ", dilation "
           << window.dilations[axis] << ") against " << *padded.constant() << " (size " << *size.constant() << ", pads "
           << window.padBegin(axis) << " and " << window.padEnd(axis) << ")";
  int64_t stride = window.strides[axis];
  if (!ceil)
    return d.add(d.floorDiv(room, stride), 1);
  return d.min(d.add(d.ceilDiv(room, stride), 1), d.ceilDiv(d.add(size, window.padBegin(axis)), stride));
}

/// ceil(x / divisor) for x >= 0; some number <= 0 for x < 0.
static Value ceilDivide(OpBuilder &b, Location loc, Value x, int64_t divisor) {
  Value raised = addIndex(b, loc, x, constantIndex(b, loc, divisor - 1));
  return b.createOrFold<arith::DivSIOp>(loc, raised, constantIndex(b, loc, divisor));
}

Taps cameo::tapsInside(OpBuilder &b, Location loc, const Window &window, size_t axis, Value position, Value kernel,
                       Value end) {
  auto constant = [&](int64_t v) { return constantIndex(b, loc, v); };
  int64_t stride = window.strides[axis], dilation = window.dilations[axis], pad = window.padBegin(axis);
  Value start = stride == 1 ? position : mulIndex(b, loc, position, constant(stride));
  if (pad != 0)
    start = subIndex(b, loc, start, constant(pad));
  Value zero = constant(0);
  Value lo = zero;
  if (pad > 0) { // ceil(-start / dilation), at least 0
    lo = maxIndex(b, loc, subIndex(b, loc, zero, start), zero);
    if (dilation != 1)
      lo = ceilDivide(b, loc, lo, dilation);
  }
  Value hi = subIndex(b, loc, end, start);
  if (dilation != 1)
    hi = ceilDivide(b, loc, hi, dilation);
  hi = minIndex(b, loc, hi, kernel);
  return {start, lo, subIndex(b, loc, hi, lo)};
}

Value cameo::tapPosition(OpBuilder &b, Location loc, const Window &window, size_t axis, const Taps &taps, Value i) {
  Value tap = addIndex(b, loc, taps.lo, i);
  if (window.dilations[axis] != 1)
    tap = mulIndex(b, loc, tap, constantIndex(b, loc, window.dilations[axis]));
  return addIndex(b, loc, taps.start, tap);
}

Value cameo::agreeingSize(KernelEmitter &k, OpBuilder &b, Location loc, Dim x, Dim y, StringRef message) {
  if (x == y)
    return k.size(x);
  Value first = k.size(x), second = k.size(y);
  Value differ = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, first, second);
  k.failIf(b, loc, differ, CAMEO_SHAPE_MISMATCH, message);
  return minIndex(b, loc, first, second);
}

Value cameo::floorToIndex(OpBuilder &b, Location loc, Value floored) {
  // Conversion of what does not fit is poison: clamp first. NaN fails both comparisons of the clamp.
  Type type = floored.getType();
  Value low = constantScalar(b, loc, type, -0x1p62), high = constantScalar(b, loc, type, 0x1p62);
  Value above = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, floored, low);
  Value x = arith::SelectOp::create(b, loc, above, floored, low);
  Value below = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, high);
  x = arith::SelectOp::create(b, loc, below, x, high);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(),
                                    Value(arith::FPToSIOp::create(b, loc, b.getI64Type(), x)));
}

Dim cameo::countTapsInside(DimContext &d, const Window &window, size_t axis, Dim size, Dim positions, Dim kernel) {
  constexpr int64_t kMostTaps = 1024; // of a larger window the padding is not told apart
  if (!kernel.constant() || *kernel.constant() > kMostTaps)
    return d.mul(positions, kernel);
  Dim sum = d.constant(0);
  int64_t stride = window.strides[axis];
  for (int64_t tap = 0; tap < *kernel.constant(); ++tap) {
    // Position p reads p * stride + offset.
    int64_t offset = tap * window.dilations[axis] - window.padBegin(axis);
    Dim end = d.min(positions, d.ceilDiv(d.sub(size, offset), stride));
    Dim begin = d.constant(std::max<int64_t>(0, llvm::divideCeilSigned(-offset, stride)));
    sum = d.add(sum, d.max(d.sub(end, begin), d.constant(0)));
  }
  return sum;
}
