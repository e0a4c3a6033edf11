// Generation.cpp - ranges, identity matrices, one-hot vectors.
#include "Axes.h"
#include "Compose.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include <cmath>

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// The only element, where constants, sizes and conversions to floats tell it.
std::optional<double> knownScalar(OpBinder &op, Value value) {
  if (auto number = inlineScalar(value))
    return number;
  constexpr int64_t mostExact = int64_t(1) << 53;
  if (auto elements = op.shapes().constantElements(value); elements && elements->size() == 1)
    return elements->front() >= -mostExact && elements->front() <= mostExact ? std::optional(double(elements->front()))
                                                                             : std::nullopt;
  auto cast = value.getDefiningOp<CastOp>();
  auto type = dyn_cast<FloatType>(op.elementType(value));
  auto number = cast && type ? knownScalar(op, cast.getX()) : std::nullopt;
  if (!number)
    return std::nullopt;
  APFloat rounded(*number);
  bool lost;
  rounded.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
  rounded.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return rounded.convertToDouble();
}

/// How many numbers lie from start towards limit, delta apart, as an i64 tensor of one element (below 0: none).
Value rangeCount(OpBinder &op, Value start, Value limit, Value delta) {
  Type i64 = op.builder.getI64Type(), f64 = op.builder.getF64Type();
  auto step = knownScalar(op, delta);
  if (isa<FloatType>(op.elementType(start))) {
    auto from = knownScalar(op, start), to = knownScalar(op, limit);
    if (from && to && step) // max gives 0 for NaN
      return op.i64Scalar(int64_t(std::min(std::max(0.0, std::ceil((*to - *from) / *step)), 0x1p48)));
    Value span = op.create<SubOp>(op.cast(limit, f64), op.cast(start, f64));
    Value steps = span ? op.create<DivOp>(span, op.cast(delta, f64)) : Value();
    Value count = steps ? op.create<CeilOp>(steps) : Value();
    return count ? op.cast(count, i64) : Value();
  }
  // A known step keeps the count symbolic: as many as the size of some axis, say. A double holds it up to 2^53.
  DimContext &d = op.dims();
  auto first = op.shapes().elements(start), last = op.shapes().elements(limit);
  if (step && std::abs(*step) < 0x1p53 && first && last) {
    Dim span = *step > 0 ? d.sub(last->front(), first->front()) : d.sub(first->front(), last->front());
    auto stride = int64_t(std::abs(*step));
    return op.sizes({stride == 1 ? span : d.floorDiv(d.add(span, stride - 1), stride)});
  }
  Value a = op.cast(start, i64), b = op.cast(limit, i64), s = op.cast(delta, i64), zero = op.i64Scalar(0);
  Value down = op.create<LessOp>(s, zero);
  Value span = op.create<WhereOp>(down, op.create<SubOp>(a, b), op.create<SubOp>(b, a));
  Value stride = op.create<WhereOp>(down, op.create<SubOp>(zero, s), s);
  // Rounds up; a step of 0 divides to 0.
  Value raised = op.create<AddOp>(span, op.create<SubOp>(stride, op.i64Scalar(1)));
  return op.create<DivOp>(raised, stride);
}

LogicalResult range(OpBinder &op) {
  Compose c{op};
  Value start = op.input(0), limit = op.input(1), delta = op.hasInput(2) ? op.input(2) : c.like(start, 1);
  auto isNumber = [&](Value v) { return op.rank(v) == 0 || (op.rank(v) == 1 && op.shapes().dim(v, 0).isConstant(1)); };
  for (size_t i = 0; i < op.numInputs(); ++i)
    if (op.hasInput(i) && !isNumber(op.input(i)))
      return op.error("E-SHAPE", "input '" + op.node.inputs[i] + "' has shape " +
                                     formatShape(op.shapes().dimsOf(op.input(i))) + "; expected a scalar");
  if (knownScalar(op, delta) == 0.0)
    return op.error("E-RANGE", "delta is 0; expected another number");
  Value count = rangeCount(op, start, limit, delta);
  return count ? op.result(op.create<RangeOp>(start, delta, count)) : failure();
}

LogicalResult eyeLike(OpBinder &op) {
  auto type = op.dtypeAttr("dtype", op.elementType(op.input(0)));
  if (failed(type))
    return failure();
  return op.result(op.create<EyeLikeOp>(op.input(0), op.intAttr("k", 0), *type));
}

LogicalResult oneHot(OpBinder &op) {
  Value indices = op.input(0), depth = op.input(1), values = op.input(2);
  Type i64 = op.builder.getI64Type();
  int64_t rank = op.rank(indices) + 1;
  auto axis = normalAxis(op, "axis", op.intAttr("axis", -1), rank);
  if (failed(axis))
    return failure();
  if (isa<FloatType>(op.elementType(indices)))
    indices = op.cast(indices, i64);
  if (auto known = inlineScalar(depth))
    depth = op.i64Scalar(int64_t(std::min(std::max(-1.0, *known), 0x1p48)));
  else
    depth = op.cast(depth, i64);
  if (!indices || !depth)
    return failure();
  return op.result(op.create<OneHotOp>(indices, depth, values, *axis));
}

// ---- as ONNX

/// start + i * delta, for i below the count.
LogicalResult exportRange(RangeOp op, NodeBuilder &b) {
  Type type = b.elementType(op.getStart());
  Edge index = b.node("Range", {b.i64Scalar(0), b.scalar(op.getCount()), b.i64Scalar(1)});
  auto is = [](Value v, int64_t number) { return inlineScalar(v) == double(number); };
  Edge y = b.cast(index, type);
  if (!is(op.getDelta(), 1))
    y = b.mul(y, b.scalar(op.getDelta()));
  if (!is(op.getStart(), 0))
    y = b.add(y, b.scalar(op.getStart()));
  return b.result(y);
}

LogicalResult exportOneHot(OneHotOp op, NodeBuilder &b) {
  return b.result(
      b.node("OneHot", {b(op.getIndices()), b.scalar(op.getDepth()), b(op.getValues())}, {{"axis", op.getAxis()}}));
}

} // namespace

namespace cameo::onnx {
void registerGenerationHandlers(HandlerTable &table) {
  table.on("Range", 11, range);
  table.onMicrosoft("Range", "start limit delta?", range);
  table.on("EyeLike", 9, eyeLike);
  table.on("OneHot", 9, oneHot);

  table.exports<RangeOp>(exportRange);
  table.exports<EyeLikeOp>("EyeLike(k, dtype=to)");
  table.exports<OneHotOp>(exportOneHot);
}
} // namespace cameo::onnx
