// Pieces.cpp - whether the pieces of an axis are the axis.
#include "Pieces.h"
#include "Compose.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

std::optional<SmallVector<int64_t>> onnx::constantSizes(Value sizes) {
  ElementsAttr value = constantBehind(sizes);
  if (!value || !value.getElementType().isInteger(64))
    return std::nullopt;
  std::vector<uint8_t> bytes = bytesOf(value);
  SmallVector<int64_t> result(bytes.size() / sizeof(int64_t));
  std::memcpy(result.data(), bytes.data(), result.size() * sizeof(int64_t));
  return result;
}

Value onnx::requireSum(OpBinder &op, Value x, int64_t axis, Dim sum) {
  Dim whole = op.shapes().dim(x, axis);
  if (sum == whole)
    return x;
  Compose c{op};
  return c.require(x, c.squeeze(c.make<EqualOp>(op.sizes({sum}), op.sizes({whole})), {0}), kWrongSum);
}

Value onnx::requirePieces(OpBinder &op, Value x, int64_t axis, ArrayRef<Dim> lengths) {
  DimContext &d = op.dims();
  Dim sum = d.constant(0), whole = op.shapes().dim(x, axis);
  SmallVector<Dim> mayBeNegative;
  for (Dim length : lengths) {
    if (length.constant() && *length.constant() < 0) {
      (void)op.error("E-ATTR", "split has the entry " + Twine(*length.constant()) + "; expected 0 or more");
      return {};
    }
    if (!d.isNonNegative(length))
      mayBeNegative.push_back(length);
    sum = d.add(sum, length);
  }
  if (sum.constant() && whole.constant() && sum != whole) {
    (void)op.error("E-ATTR", "split has a sum of " + Twine(*sum.constant()) + ", but axis " + Twine(axis) +
                                 " has size " + Twine(*whole.constant()));
    return {};
  }
  x = requireSum(op, x, axis, sum);
  Compose c{op};
  if (!mayBeNegative.empty()) {
    Value least = c.reduce(op.sizes(mayBeNegative), {0}, "min", /*keepDims=*/false);
    x = c.require(x, c.make<LessOp>(op.i64Scalar(-1), least), kNegativeLength);
  }
  return x;
}
