// WindowAttributes.cpp - reading and checking what WindowAttributes.h declares.
#include "WindowAttributes.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

std::optional<SmallVector<int64_t>> WindowAttributes::constantPads() const {
  SmallVector<int64_t> result;
  for (Dim pad : pads) {
    if (!pad.constant())
      return std::nullopt;
    result.push_back(*pad.constant());
  }
  return result;
}

FailureOr<SmallVector<int64_t>> cameo::onnx::spatialAttr(OpBinder &op, StringRef name, size_t count, int64_t low,
                                                         int64_t fallback) {
  auto given = op.intsAttr(name);
  if (!given || given->empty())
    return SmallVector<int64_t>(count, fallback);
  if (given->size() != count)
    return op.error("E-ATTR", name + " has " + Twine(given->size()) + " entries; expected " + Twine(count));
  for (auto [i, value] : llvm::enumerate(*given)) {
    if (value < low)
      return op.error("E-ATTR",
                      name + "[" + Twine(i) + "] is " + Twine(value) + "; expected " + Twine(low) + " or more");
    if (value > INT32_MAX)
      return op.error("E-OVERFLOW",
                      name + "[" + Twine(i) + "] is " + Twine(value) + "; expected at most " + Twine(INT32_MAX));
  }
  return *given;
}

FailureOr<WindowAttributes> cameo::onnx::windowAttributes(OpBinder &op, ArrayRef<Dim> sizes, ArrayRef<Dim> kernel) {
  size_t rank = sizes.size();
  auto strides = spatialAttr(op, "strides", rank, 1, 1), dilations = spatialAttr(op, "dilations", rank, 1, 1);
  auto pads = spatialAttr(op, "pads", 2 * rank, 0, 0);
  if (failed(strides) || failed(dilations) || failed(pads))
    return failure();
  DimContext &d = op.dims();
  WindowAttributes window{*strides, *dilations, SmallVector<Dim>(2 * rank, d.constant(0))};
  StringRef mode = op.stringAttr("auto_pad", "NOTSET");
  if (mode == "NOTSET" || mode.empty()) {
    for (auto [pad, value] : llvm::zip(window.pads, *pads))
      pad = d.constant(value);
  } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    // Result size ceil(n / stride): total = max((ceil(n / stride) - 1) * stride + extent - n, 0); an odd one goes to
    // the end (UPPER) or the beginning (LOWER).
    for (size_t i = 0; i < rank; ++i) {
      Dim extent = d.add(d.mul(d.sub(kernel[i], 1), window.dilations[i]), 1);
      Dim covered = d.add(d.mul(d.sub(d.ceilDiv(sizes[i], window.strides[i]), 1), window.strides[i]), extent);
      Dim total = d.max(d.sub(covered, sizes[i]), d.constant(0));
      Dim half = d.floorDiv(total, 2), rest = d.sub(total, half);
      window.pads[i] = mode == "SAME_UPPER" ? half : rest;
      window.pads[rank + i] = mode == "SAME_UPPER" ? rest : half;
    }
  } else if (mode != "VALID") {
    return op.error("E-ATTR", "auto_pad is '" + mode + "'; expected NOTSET, SAME_UPPER, SAME_LOWER or VALID");
  }
  return window;
}

Value cameo::onnx::padSpatial(OpBinder &op, Value x, ArrayRef<Dim> pads, Value fill) {
  size_t rank = pads.size() / 2;
  SmallVector<Dim> all(2 * (rank + 2), op.dims().constant(0));
  for (size_t i = 0; i < rank; ++i) {
    all[2 + i] = pads[i];
    all[rank + 4 + i] = pads[rank + i];
  }
  Value amounts = op.sizes(all);
  return amounts ? op.create<PadOp>(x, amounts, fill, "constant") : Value();
}

Value cameo::onnx::padSpatial(OpBinder &op, Value x, ArrayRef<Dim> pads, double fill) {
  return padSpatial(op, x, pads, op.scalar(op.elementType(x), fill));
}
