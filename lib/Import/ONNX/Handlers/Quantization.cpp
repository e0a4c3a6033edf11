// Quantization.cpp - QuantizeLinear and its kin, and integer products of quantized tensors, whose sums are exact in 32
// bits.
#include "Quantization.h"
#include "Axes.h"
#include "Pooling.h"
#include "WindowAttributes.h"
#include "cameo/Dialect/Cameo/BlockedParameter.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

/// Constant scales are positive and finite.
LogicalResult cameo::onnx::checkScale(OpBinder &op, size_t input) {
  if (auto values = constantFloats(op.input(input)))
    for (float v : *values)
      if (!(v > 0) || !std::isfinite(v))
        return op.error("E-QUANT", "input '" + op.node.inputs[input] + "', a scale, holds " +
                                       llvm::formatv("{0}", v).str() + "; expected numbers that are > 0 and finite");
  return success();
}

bool cameo::onnx::isPerTensor(OpBinder &op, Value v) {
  return op.rank(v) == 0 || (op.rank(v) == 1 && op.shapes().dim(v, 0).isConstant(1));
}

namespace {

/// Each element along `axis` `block` times in a row, up to the size of x there.
Value spreadBlocks(Compose &c, Value v, Value x, int64_t axis, int64_t block) {
  OpBinder &op = c.op;
  // One block holds the whole axis, however much larger it is said to be.
  if (auto size = op.shapes().dim(x, axis).constant())
    block = std::min(block, std::max<int64_t>(*size, 1));
  SmallVector<Dim> dims(op.shapes().dimsOf(v));
  SmallVector<int64_t> repeats(op.rank(v) + 1, 1);
  repeats[axis + 1] = block;
  dims[axis] = op.dims().mul(dims[axis], block);
  Value spread = c.make<ExpandOp>(c.unsqueeze(v, {axis + 1}), op.i64(repeats));
  Value flat = spread ? op.reshape(spread, ArrayRef<Dim>(dims)) : Value();
  Dim wanted = op.shapes().dim(x, axis);
  if (!flat || dims[axis] == wanted)
    return flat;
  return c.make<SliceOp>(flat, op.i64({0}), op.sizes({wanted}), op.i64({1}), ArrayRef<int64_t>{axis});
}

/// A scale or zero point of x in a shape that broadcasts to it. Null on failure (reported).
Value aligned(Compose &c, Value v, Value x, size_t input) {
  OpBinder &op = c.op;
  if (isPerTensor(op, v))
    return op.rank(v) == 1 ? op.squeeze(v, {0}) : v;
  auto axis = axisAttr(op, 1);
  if (failed(axis))
    return {};
  int64_t block = op.intAttr("block_size", 0);
  if (block < 0) {
    (void)op.error("E-ATTR", "block_size is " + Twine(block) + "; expected 0 or more");
    return {};
  }
  constexpr int64_t kMaxBlock = int64_t(1) << 31;
  if (block > kMaxBlock) {
    (void)op.error("E-OVERFLOW", "block_size is " + Twine(block) + "; expected at most " + Twine(kMaxBlock));
    return {};
  }
  if (block > 0 && op.rank(v) == op.rank(x))
    return spreadBlocks(c, v, x, *axis, block);
  if (op.rank(v) != 1 || block > 0) {
    (void)op.error("E-SHAPE", "input '" + op.node.inputs[input] + "' has shape " + formatShape(op.shapes().dimsOf(v)) +
                                  "; expected one value, or one per element of axis " + Twine(*axis) +
                                  ", or with block_size the rank of the operand");
    return {};
  }
  Dim size = op.shapes().dim(v, 0), wanted = op.shapes().dim(x, *axis);
  if (size.constant() && wanted.constant() && size != wanted) {
    (void)op.error("E-SHAPE", "input '" + op.node.inputs[input] + "' has " + Twine(*size.constant()) +
                                  " values; expected " + Twine(*wanted.constant()) + ", the size of axis " +
                                  Twine(*axis));
    return {};
  }
  return c.along(v, *axis, op.rank(x));
}

/// A scale, which may be a power of two in float8e8m0, in a type that computes.
Value computableScale(Compose &c, Value scale) {
  bool isNarrow = scale && isNarrowFloat(c.op.elementType(scale));
  return isNarrow ? c.cast(scale, c.op.builder.getF32Type()) : scale;
}

LogicalResult quantizeLinear(OpBinder &op) {
  Compose c{op};
  if (failed(checkScale(op, 1)))
    return failure();
  Value x = op.input(0), scale = computableScale(c, aligned(c, op.input(1), x, 1));
  Type fallback = op.builder.getIntegerType(8, /*isSigned=*/false);
  auto type = op.intAttr("output_dtype", 0) ? op.dtypeAttr("output_dtype", fallback) : FailureOr<Type>(fallback);
  if (failed(type))
    return failure();
  Value zero = op.hasInput(2) ? aligned(c, op.input(2), x, 2) : op.scalar(*type, 0);
  return op.result(c.make<QuantizeOp>(x, scale, zero, op.intAttr("saturate", 1) != 0));
}

LogicalResult dequantizeLinear(OpBinder &op) {
  Compose c{op};
  if (failed(checkScale(op, 1)))
    return failure();
  Value x = op.input(0), scale = computableScale(c, aligned(c, op.input(1), x, 1));
  if (!scale)
    return failure();
  auto type = op.intAttr("output_dtype", 0) ? op.dtypeAttr("output_dtype", op.elementType(scale))
                                            : FailureOr<Type>(op.elementType(scale));
  if (failed(type))
    return failure();
  Value zero = op.hasInput(2) ? aligned(c, op.input(2), x, 2) : c.like(x, 0);
  return op.result(c.make<DequantizeOp>(x, c.cast(scale, *type), zero));
}

LogicalResult dynamicQuantize(OpBinder &op) {
  Compose c{op};
  DynamicQuantized q = dynamicallyQuantized(c, op.input(0));
  return success(succeeded(op.result(0, q.value)) && succeeded(op.result(1, q.scale)) &&
                 succeeded(op.result(2, q.zero)));
}

} // namespace

DynamicQuantized cameo::onnx::dynamicallyQuantized(Compose &c, Value x) {
  OpBinder &op = c.op;
  Type ui8 = op.builder.getIntegerType(8, /*isSigned=*/false);
  SmallVector<int64_t> all = c.axesFrom(x, 0);
  Value zero = c.like(x, 0);
  Value high = c.max(c.reduce(x, all, "max", false), zero), low = c.min(c.reduce(x, all, "min", false), zero);
  Value scale = c.div(c.sub(high, low), 255.0);
  Value isFlat = c.make<EqualOp>(scale, zero);
  Value safe = c.where(isFlat, c.like(x, 1), scale);
  Value zeroPoint = c.make<QuantizeOp>(c.sub(zero, low), safe, op.scalar(ui8, 0));
  return {c.make<QuantizeOp>(x, safe, zeroPoint), safe, zeroPoint};
}

// ---- integer products

namespace {

/// A zero point for x: 0 where it is absent, a scalar where it is one number, and a vector as `along` places it.
Value zeroPointOf(Compose &c, Value x, Value zeroPoint, llvm::function_ref<Value(Value)> along) {
  if (!zeroPoint)
    return c.like(x, 0);
  if (isPerTensor(c.op, zeroPoint))
    return c.op.rank(zeroPoint) == 1 ? c.op.squeeze(zeroPoint, {0}) : zeroPoint;
  return c.op.rank(zeroPoint) == 1 ? along(zeroPoint) : zeroPoint;
}

} // namespace

Value cameo::onnx::integerMatMul(Compose &c, Value a, Value aZero, Value b, Value bZero, bool transposeA,
                                 bool transposeB) {
  if (!a || !b)
    return {};
  if (c.op.rank(a) < 2 || c.op.rank(b) < 2) {
    (void)c.op.unsupported("an operand has rank " + Twine(std::min(c.op.rank(a), c.op.rank(b))) +
                           "; supported are 2 or more");
    return {};
  }
  if (transposeA)
    a = c.make<TransposeOp>(a, ArrayRef<int64_t>{1, 0});
  auto asColumn = [&](Value v) { return c.unsqueeze(v, {1}); };
  Value lhsZero = zeroPointOf(c, a, aZero, asColumn);
  Value rhsZero = zeroPointOf(c, b, bZero, [&](Value v) { return transposeB ? asColumn(v) : v; });
  return c.make<MatMulIntegerOp>(a, b, lhsZero, rhsZero, transposeB);
}

namespace {

Value integerConv(Compose &c, Value x, Value xZero, Value w, Value wZero) {
  OpBinder &op = c.op;
  int64_t rank = op.rank(x);
  if (rank < 3 || rank != op.rank(w)) {
    (void)op.error("E-SHAPE", "the operand and the filter have ranks " + Twine(rank) + " and " + Twine(op.rank(w)) +
                                  "; expected one rank, 3 or more");
    return {};
  }
  int64_t group = op.intAttr("group", 1);
  if (group < 1) {
    (void)op.error("E-ATTR", "group is " + Twine(group) + "; expected 1 or more");
    return {};
  }
  auto window = windowAttributes(op, op.shapes().dimsOf(x).drop_front(2), op.shapes().dimsOf(w).drop_front(2));
  if (failed(window))
    return {};
  auto asGiven = [](Value v) { return v; };
  xZero = zeroPointOf(c, x, xZero, asGiven);
  wZero = zeroPointOf(c, w, wZero, asGiven);
  auto pads = window->constantPads();
  if (!pads) { // the zero point means the real number 0
    x = padSpatial(op, x, window->pads, xZero);
    pads.emplace(window->pads.size(), 0);
  }
  return c.make<ConvIntegerOp>(x, w, xZero, wZero, ArrayRef<int64_t>(window->strides),
                               ArrayRef<int64_t>(window->dilations), ArrayRef<int64_t>(*pads), group,
                               /*channelsLast=*/false);
}

} // namespace

Value cameo::onnx::requantize(Compose &c, Value sums, Value factor, Value zeroPoint) {
  if (!sums || !factor || !zeroPoint)
    return {};
  Value real = c.mul(c.cast(sums, c.op.builder.getF32Type()), factor);
  Value zero = isPerTensor(c.op, zeroPoint) && c.op.rank(zeroPoint) == 1 ? c.op.squeeze(zeroPoint, {0}) : zeroPoint;
  return c.make<QuantizeOp>(real, c.like(real, 1), zero);
}

namespace {

/// The scales at three inputs as xScale * wScale / yScale in f32, the second one a vector along an axis counted from
/// the end.
Value rescaling(Compose &c, size_t x, size_t w, size_t y, int64_t axisFromEnd) {
  OpBinder &op = c.op;
  if (failed(checkScale(op, x)) || failed(checkScale(op, w)) || failed(checkScale(op, y)))
    return {};
  auto get = [&](size_t i, int64_t axis) {
    Value v = c.cast(op.input(i), op.builder.getF32Type());
    if (!v || isPerTensor(op, v))
      return v && op.rank(v) == 1 ? op.squeeze(v, {0}) : v;
    return op.rank(v) == 1 ? c.unsqueeze(v, llvm::to_vector(llvm::seq<int64_t>(1, axis))) : v;
  };
  return c.div(c.mul(get(x, 2), get(w, axisFromEnd)), get(y, 1));
}

LogicalResult matMulInteger(OpBinder &op) {
  Compose c{op};
  return op.result(integerMatMul(c, op.input(0), op.input(2), op.input(1), op.input(3)));
}

LogicalResult convInteger(OpBinder &op) {
  Compose c{op};
  return op.result(integerConv(c, op.input(0), op.input(2), op.input(1), op.input(3)));
}

/// ONNX Runtime's form may have its channels last, the filter's not.
LogicalResult qLinearConv(OpBinder &op) {
  Compose c{op};
  bool isLast = op.intAttr("channels_last", 0) != 0;
  int64_t rank = op.rank(op.input(0));
  Value x = isLast ? channelsFirst(op, op.input(0)) : op.input(0);
  Value sums = x ? integerConv(c, x, op.input(2), op.input(3), op.input(5)) : x;
  if (sums && op.hasInput(8))
    sums = c.add(sums, c.along(op.input(8), 1, rank));
  Value y = requantize(c, sums, rescaling(c, 1, 4, 6, rank - 1), op.input(7));
  return op.result(isLast ? channelsLast(op, y) : y);
}

LogicalResult qLinearMatMul(OpBinder &op) {
  Compose c{op};
  if (isNarrowFloat(op.elementType(op.input(0)))) {
    Value x = c.make<DequantizeOp>(op.input(0), op.input(1), op.input(2)),
          w = c.make<DequantizeOp>(op.input(3), op.input(4), op.input(5)),
          y = c.make<MatMulOp>(x, w, /*transposeLhs=*/false, /*transposeRhs=*/false, TypeAttr());
    return op.result(c.make<QuantizeOp>(y, op.input(6), op.input(7)));
  }
  Value sums = integerMatMul(c, op.input(0), op.input(2), op.input(3), op.input(5));
  return op.result(requantize(c, sums, rescaling(c, 1, 4, 6, 1), op.input(7)));
}

// ---- as ONNX

/// How a scale or zero point lies along x: one for all, one per element of an axis, or one per block of an axis.
struct Granularity {
  Edge values;
  int64_t axis = 0, block = 0; ///< block 0: not in blocks
  bool isScalar = false, isKnown = false;
  SmallVector<int64_t> shape; ///< of the values
};

Granularity granularityOf(NodeBuilder &b, Value v, Value x) {
  auto type = cast<RankedTensorType>(v.getType());
  int64_t rank = b.rank(x);
  if (type.hasStaticShape() && type.getNumElements() == 1)
    return {b.scalar(v), 0, 0, true, true, {}};
  if (auto blocks = blockedParameter(v); blocks && b.rank(blocks->values) == rank)
    return {b(blocks->values),
            blocks->axis,
            blocks->block,
            false,
            true,
            SmallVector<int64_t>(cast<RankedTensorType>(blocks->values.getType()).getShape())};
  int64_t axis = -1;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    if (size != 1)
      axis = axis < 0 ? rank - type.getRank() + int64_t(i) : rank; // a second one
  if (axis < 0 || axis >= rank || b.shapes().dim(v, axis - (rank - type.getRank())) != b.shapes().dim(x, axis))
    return {};
  return {type.getRank() == 1 ? b(v) : b.reshape(b(v), {-1}),    axis, 0, false, true,
          {cast<RankedTensorType>(x.getType()).getDimSize(axis)}};
}

/// Inputs and attributes that QuantizeLinear and DequantizeLinear share; nothing where ONNX has no such granularity.
std::optional<std::pair<SmallVector<Edge>, SmallVector<NodeAttribute>>> linearForm(NodeBuilder &b, Value x, Value scale,
                                                                                   Value zero) {
  Granularity s = granularityOf(b, scale, x);
  if (!s.isKnown)
    return std::nullopt;
  SmallVector<Edge> inputs{b(x), s.values};
  // A zero point is as many numbers as the scale is.
  auto single = dyn_cast_or_null<DenseElementsAttr>(constantBehind(zero));
  if (single && single.isSplat() && llvm::all_of(s.shape, [](int64_t size) { return size >= 0; })) {
    inputs.push_back(b.ownConstant(single.resizeSplat(RankedTensorType::get(s.shape, single.getElementType()))));
  } else {
    Granularity z = granularityOf(b, zero, x);
    if (!z.isKnown || z.isScalar != s.isScalar || z.axis != s.axis || z.block != s.block)
      return std::nullopt;
    inputs.push_back(z.values);
  }
  SmallVector<NodeAttribute> attributes;
  if (!s.isScalar)
    attributes.emplace_back("axis", s.axis);
  if (s.block)
    attributes.emplace_back("block_size", s.block);
  return std::pair(inputs, attributes);
}

LogicalResult exportQuantize(QuantizeOp op, NodeBuilder &b) {
  Type scaleType = b.elementType(op.getScale()), type = b.elementType(op.getZeroPoint());
  if (auto form = linearForm(b, op.getX(), op.getScale(), op.getZeroPoint())) {
    auto &[inputs, attributes] = *form;
    inputs[0] = b.cast(inputs[0], scaleType);
    if (!op.getSaturate())
      attributes.emplace_back("saturate", 0);
    return b.result(b.node("QuantizeLinear", inputs, attributes));
  }
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || integer.getWidth() > 16)
    return b.refuse("its scale and zero point vary along other axes");
  Edge real = b.node("Round", {b.node("Div", {b.cast(b(op.getX()), scaleType), b(op.getScale())})});
  real = b.add(real, b.cast(b(op.getZeroPoint()), scaleType));
  double least = integer.isUnsigned() ? 0 : -std::ldexp(1.0, integer.getWidth() - 1);
  real = b.node(
      "Clip", {real, b.number(scaleType, least), b.number(scaleType, least + std::ldexp(1.0, integer.getWidth()) - 1)});
  return b.result(b.cast(real, type));
}

LogicalResult exportDequantize(DequantizeOp op, NodeBuilder &b) {
  Type type = b.elementType(op.getScale());
  if (auto form = linearForm(b, op.getX(), op.getScale(), op.getZeroPoint()))
    return b.result(b.node("DequantizeLinear", form->first, form->second));
  Type exact = isa<IntegerType>(b.elementType(op.getX())) ? Type(IntegerType::get(op.getContext(), 32)) : b.f32();
  Edge difference = b.sub(b.cast(b(op.getX()), exact), b.cast(b(op.getZeroPoint()), exact));
  return b.result(b.mul(b.cast(difference, type), b(op.getScale())));
}

LogicalResult exportMatMulInteger(MatMulIntegerOp op, NodeBuilder &b) {
  bool isTransposed = op.getTransposeRhs();
  int64_t rank = b.rank(op.getRhs()), zeroRank = b.rank(op.getRhsZero());
  auto right = [&](Edge x) { return isTransposed ? b.transposed(x, rank) : x; };
  if (b.rank(op.getLhsZero()) == 0 && (zeroRank == 0 || zeroRank == (isTransposed ? 2 : 1))) {
    Edge zero = zeroRank == 2 ? b.reshape(b(op.getRhsZero()), {-1}) : b(op.getRhsZero());
    return b.result(b.node("MatMulInteger", {b(op.getLhs()), right(b(op.getRhs())), b(op.getLhsZero()), zero}));
  }
  Type i32 = IntegerType::get(op.getContext(), 32);
  auto difference = [&](Value x, Value zero) { return b.sub(b.cast(b(x), i32), b.cast(b(zero), i32)); };
  return b.result(
      b.node("MatMul", {difference(op.getLhs(), op.getLhsZero()), right(difference(op.getRhs(), op.getRhsZero()))}));
}

LogicalResult exportConvInteger(ConvIntegerOp op, NodeBuilder &b) {
  int64_t rank = b.rank(op.getX());
  Edge x = b.channelsFirst(b(op.getX()), rank, op.getChannelsLast());
  Edge y = b.node("ConvInteger", {x, b(op.getFilter()), b(op.getXZero()), b(op.getFilterZero())},
                  {{"strides", op.getStrides()},
                   {"dilations", op.getDilations()},
                   {"pads", op.getPads()},
                   {"group", op.getGroup()}});
  return b.result(b.channelsLast(y, rank, op.getChannelsLast()));
}

} // namespace

namespace cameo::onnx {
void registerQuantizationHandlers(HandlerTable &table) {
  table.on("QuantizeLinear", 10, quantizeLinear);
  table.on("DequantizeLinear", 10, dequantizeLinear);
  table.onMicrosoft("QuantizeLinear", "x y_scale y_zero_point?", quantizeLinear);
  table.onMicrosoft("DequantizeLinear", "x x_scale x_zero_point?", dequantizeLinear);
  table.on("DynamicQuantizeLinear", 11, dynamicQuantize);
  table.on("MatMulInteger", 10, matMulInteger);
  table.on("ConvInteger", 10, convInteger);
  table.on("QLinearMatMul", 10, qLinearMatMul);
  table.on("QLinearConv", 10, qLinearConv);
  table.onMicrosoft("QLinearConv", "x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point B?",
                    qLinearConv);

  table.exports<QuantizeOp>(exportQuantize);
  table.exports<DequantizeOp>(exportDequantize);
  table.exports<MatMulIntegerOp>(exportMatMulInteger);
  table.exports<ConvIntegerOp>(exportConvInteger);
}
} // namespace cameo::onnx
