// Math.cpp - element by element ops that are not one cameo op of the same meaning; those that are need no handler
// (Importer/Pointwise.cpp).
#include "Compose.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

template <typename OpT> LogicalResult binary(OpBinder &op) {
  return op.result(op.create<OpT>(op.input(0), op.input(1)));
}

/// x > y is y < x.
template <typename OpT> LogicalResult exchanged(OpBinder &op) {
  return op.result(Compose{op}.make<OpT>(secondOperand(op), op.input(0)));
}

LogicalResult bitShift(OpBinder &op) {
  StringRef direction = op.stringAttr("direction", "");
  if (direction == "LEFT")
    return binary<ShiftLeftOp>(op);
  if (direction == "RIGHT")
    return binary<ShiftRightOp>(op);
  return op.error("E-ATTR", "direction is '" + direction + "'; expected LEFT or RIGHT");
}

LogicalResult mod(OpBinder &op) { return op.intAttr("fmod", 0) ? binary<RemainderOp>(op) : binary<ModOp>(op); }

/// The exponents that models really use have exact and fast forms.
Value powerByConstant(Compose &c, Value x, double exponent) {
  if (exponent == 1)
    return x;
  if (exponent == 2)
    return c.mul(x, x);
  if (exponent == 3)
    return c.mul(c.mul(x, x), x);
  if (exponent == 0.5)
    return c.make<SqrtOp>(x);
  return {};
}

LogicalResult power(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), y = secondOperand(op);
  if (!y)
    return failure();
  Type type = op.elementType(x);
  auto exponent = inlineScalar(y);
  if (exponent && op.rank(y) <= op.rank(x) && isa<FloatType>(type))
    if (Value result = powerByConstant(c, x, *exponent))
      return op.result(result);
  if (isa<IntegerType>(type) && isa<FloatType>(op.elementType(y))) {
    Type wide = op.builder.getF64Type();
    return op.result(c.cast(c.make<PowOp>(c.cast(x, wide), c.cast(y, wide)), type));
  }
  return op.result(c.make<PowOp>(x, c.cast(y, type)));
}

/// Input 0, a narrow float as f32.
Value computable(Compose &c) {
  Value x = c.op.input(0);
  return isNarrowFloat(c.op.elementType(x)) ? c.cast(x, c.op.builder.getF32Type()) : x;
}

LogicalResult isNaN(OpBinder &op) {
  Compose c{op};
  return op.result(c.make<IsNaNOp>(computable(c)));
}

LogicalResult isInf(OpBinder &op) {
  bool positive = op.intAttr("detect_positive", 1), negative = op.intAttr("detect_negative", 1);
  Compose c{op};
  if (positive || negative)
    return op.result(c.make<IsInfOp>(computable(c), positive, negative));
  Value nan = c.make<IsNaNOp>(computable(c));
  return op.result(c.make<AndOp>(nan, op.scalar(op.builder.getI1Type(), 0)));
}

LogicalResult clip(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0);
  Value low, high;
  if (op.opset() >= 11) {
    low = op.input(1);
    high = op.input(2);
  } else {
    low = op.hasAttr("min") ? c.like(x, op.floatAttr("min", 0)) : Value();
    high = op.hasAttr("max") ? c.like(x, op.floatAttr("max", 0)) : Value();
  }
  if (low)
    x = c.max(x, low);
  if (high)
    x = c.min(x, high);
  return op.result(x);
}

LogicalResult bitCast(OpBinder &op) {
  auto type = op.dtypeAttr("to", op.elementType(op.input(0)));
  if (failed(type))
    return failure();
  Type from = op.elementType(op.input(0));
  if (storageBits(from) != storageBits(*type))
    return op.error("E-ATTR", "to names a type of " + Twine(storageBits(*type)) + " bits, but the input's has " +
                                  Twine(storageBits(from)));
  return op.result(op.create<BitCastOp>(op.input(0), *type));
}

// ---- activations

LogicalResult celu(OpBinder &op) {
  Compose c{op};
  double alpha = op.floatAttr("alpha", 1.0);
  if (!(alpha > 0))
    return op.error("E-ATTR", "alpha is " + llvm::formatv("{0}", alpha).str() + "; expected more than 0");
  // alpha * elu(x / alpha), in f32 for f16 and bf16 because of the two roundings in between.
  Value x = op.input(0);
  Type type = op.elementType(x);
  Value scaled = c.div(c.cast(x, c.wideType(type)), alpha);
  return op.result(c.cast(c.mul(c.make<EluOp>(scaled, c.f32(1)), alpha), type));
}

LogicalResult selu(OpBinder &op) {
  Compose c{op};
  double alpha = op.floatAttr("alpha", 1.67326319217681884765625),
         gamma = op.floatAttr("gamma", 1.05070102214813232421875);
  return op.result(c.mul(c.make<EluOp>(op.input(0), c.f32(alpha)), gamma));
}

LogicalResult gelu(OpBinder &op) {
  StringRef approximate = op.stringAttr("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return op.error("E-ATTR", "approximate is '" + approximate + "'; expected none or tanh");
  return op.result(op.create<GeluOp>(op.input(0), approximate == "tanh"));
}

/// ONNX Runtime's Gelu ops that add a bias first, if there is one.
LogicalResult biasGelu(OpBinder &op, bool approximate) {
  Compose c{op};
  Value x = op.hasInput(1) ? c.add(op.input(0), op.input(1)) : op.input(0);
  return op.result(c.make<GeluOp>(x, approximate));
}

/// com.microsoft: Gelu's approximation of X W + bias.
LogicalResult gemmFastGelu(OpBinder &op) {
  Compose c{op};
  Value product = c.make<MatMulOp>(op.input(0), op.input(1), false, false, TypeAttr());
  if (op.hasInput(2))
    product = c.add(product, op.input(2));
  return op.result(c.make<GeluOp>(product, /*approximate=*/true));
}

/// com.microsoft: decay_scale * softplus(a + dt_bias) in f32, and sigmoid(b).
LogicalResult linearAttentionGate(OpBinder &op) {
  Compose c{op};
  Type type = op.elementType(op.input(0)), wide = c.wideType(type);
  Value shifted = c.add(c.cast(op.input(0), wide), c.cast(op.input(1), wide));
  Value decay = c.mul(c.make<SoftplusOp>(shifted), c.cast(op.input(2), wide));
  if (failed(op.result(c.cast(decay, type))))
    return failure();
  if (!op.hasOutput(1))
    return success();
  if (!op.hasInput(3))
    return op.error("E-ARITY", "the output beta is asked for, but the input b is left out");
  return op.result(1, c.make<SigmoidOp>(op.input(3)));
}

/// com.microsoft: x + bias + skip.
LogicalResult biasAdd(OpBinder &op) {
  Compose c{op};
  return op.result(c.add(c.add(op.input(0), op.input(1)), op.input(2)));
}

/// com.microsoft: the halves of x + bias along the last axis, the first times gelu of the second.
LogicalResult biasSplitGelu(OpBinder &op) {
  Compose c{op};
  Value x = c.add(op.input(0), op.input(1));
  if (!x || op.rank(x) < 1)
    return failure();
  int64_t axis = op.rank(x) - 1;
  Dim size = op.shapes().dim(x, axis), half = op.dims().floorDiv(size, 2);
  auto part = [&](Dim begin, Dim end) {
    Value from = op.sizes({begin}), to = op.sizes({end});
    return from && to ? c.make<SliceOp>(x, from, to, op.i64({1}), ArrayRef<int64_t>{axis}) : Value();
  };
  return op.result(c.mul(part(op.dims().constant(0), half), c.make<GeluOp>(part(half, size), false)));
}

LogicalResult prelu(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), slope = op.input(1);
  // Before opset 7 a vector of slopes belongs to the channels.
  if (op.opset() < 7 && op.rank(slope) == 1 && op.rank(x) > 2 && !op.shapes().dim(slope, 0).isConstant(1))
    slope = c.along(slope, 1, op.rank(x));
  return op.result(c.make<PReluOp>(x, slope));
}

LogicalResult shrink(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), limit = c.like(x, op.floatAttr("lambd", 0.5)),
        minusLimit = c.like(x, -op.floatAttr("lambd", 0.5));
  Value bias = c.like(x, op.floatAttr("bias", 0.0));
  Value above = c.where(c.make<LessOp>(limit, x), c.sub(x, bias), c.like(x, 0));
  return op.result(c.where(c.make<LessOp>(x, minusLimit), c.add(x, bias), above));
}

LogicalResult softsign(OpBinder &op) {
  Compose c{op};
  return op.result(c.div(op.input(0), c.add(c.make<AbsOp>(op.input(0)), 1.0)));
}

LogicalResult thresholdedRelu(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0);
  return op.result(c.where(c.make<LessOp>(c.like(x, op.floatAttr("alpha", 1.0)), x), x, c.like(x, 0)));
}

LogicalResult reciprocal(OpBinder &op) {
  Compose c{op};
  return op.result(c.div(c.like(op.input(0), 1), op.input(0)));
}

LogicalResult swiGlu(OpBinder &op) {
  Compose c{op};
  return op.result(c.mul(c.make<SwishOp>(op.input(0), c.f32(op.floatAttr("alpha", 1.0))), op.input(1)));
}

// ---- as ONNX

/// Bitwise on integers, logical on bools.
template <typename OpT> LogicalResult exportBits(OpT op, NodeBuilder &b) {
  bool isLogical = b.elementType(op->getOperand(0)).isInteger(1);
  return b.result(b.node((Twine(isLogical ? "" : "Bitwise") + OpT::onnxName()).str(), b.operands()));
}

template <typename OpT> LogicalResult exportShift(OpT op, NodeBuilder &b) {
  bool isLeft = std::is_same_v<OpT, ShiftLeftOp>;
  return b.result(b.node("BitShift", b.operands(), {{"direction", isLeft ? "LEFT" : "RIGHT"}}));
}

/// ONNX has the divisor's sign for integers only: floats take the remainder with the dividend's, and the divisor more
/// where it has another sign.
LogicalResult exportMod(ModOp op, NodeBuilder &b) {
  Edge x = b(op.getX()), y = b(op.getY());
  Type type = b.elementType(op.getX());
  if (isa<IntegerType>(type))
    return b.result(b.node("Mod", {x, y}));
  Edge rest = b.node("Mod", {x, y}, {{"fmod", 1}}), zero = b.number(type, 0);
  Edge isOther = b.node("Xor", {b.node("Less", {rest, zero}), b.node("Less", {y, zero})});
  Edge isPart = b.node("Not", {b.node("Equal", {rest, zero})});
  return b.result(b.node("Where", {b.node("And", {isPart, isOther}), b.add(rest, y), rest}));
}

/// Bools are chosen by logic, which more engines have.
LogicalResult exportWhere(WhereOp op, NodeBuilder &b) {
  if (!b.elementType(op.getX()).isInteger(1))
    return b.result(b.node("Where", b.operands()));
  Edge condition = b(op.getCondition()), otherwise = b.node("Not", {condition});
  return b.result(b.node("Or", {b.node("And", {condition, b(op.getX())}), b.node("And", {otherwise, b(op.getY())})}));
}

LogicalResult exportRemainder(RemainderOp op, NodeBuilder &b) {
  return b.result(b.node("Mod", b.operands(), {{"fmod", 1}}));
}

LogicalResult exportIsInf(IsInfOp op, NodeBuilder &b) {
  return b.result(
      b.node("IsInf", b.operands(), {{"detect_positive", op.getPositive()}, {"detect_negative", op.getNegative()}}));
}

LogicalResult exportGelu(GeluOp op, NodeBuilder &b) {
  return b.result(b.node("Gelu", b.operands(), {{"approximate", op.getApproximate() ? "tanh" : "none"}}));
}

/// Swish itself is of opset 24.
LogicalResult exportSwish(SwishOp op, NodeBuilder &b) {
  Edge x = b(op.getX());
  float alpha = op.getAlpha().convertToFloat();
  Edge scaled = alpha == 1 ? x : b.mul(x, b.number(b.elementType(op.getX()), alpha));
  return b.result(b.mul(x, b.node("Sigmoid", {scaled})));
}

} // namespace

namespace cameo::onnx {
void registerMathHandlers(HandlerTable &table) {
  table.on("Greater", 1, exchanged<LessOp>);
  table.on("GreaterOrEqual", 12, exchanged<LessEqualOp>);
  table.on("BitwiseAnd", 18, binary<AndOp>);
  table.on("BitwiseOr", 18, binary<OrOp>);
  table.on("BitwiseXor", 18, binary<XorOp>);
  table.on("BitwiseNot", 18, [](OpBinder &op) { return op.result(op.create<NotOp>(op.input(0))); });
  table.on("BitShift", 11, bitShift);
  table.on("Mod", 10, mod);
  table.on("Pow", 1, power);
  table.on("IsNaN", 20, isNaN);
  table.on("IsInf", 10, isInf);
  table.on("Clip", 1, clip);
  table.on("BitCast", 26, bitCast);
  table.on("Celu", 12, celu);
  table.on("Selu", 1, selu);
  table.on("Gelu", 20, gelu);
  table.on("PRelu", 1, prelu);
  table.on("Shrink", 9, shrink);
  table.on("Softsign", 1, softsign);
  table.on("ThresholdedRelu", 1, thresholdedRelu);
  table.on("Reciprocal", 1, reciprocal);
  table.on("SwiGLU", 28, swiGlu);
  table.onMicrosoft("Gelu", "X", [](OpBinder &op) { return biasGelu(op, false); });
  table.onMicrosoft("BiasGelu", "A B", [](OpBinder &op) { return biasGelu(op, false); });
  table.onMicrosoft("FastGelu", "X bias?", [](OpBinder &op) { return biasGelu(op, true); });
  table.onMicrosoft("GemmFastGelu", "X W bias?", gemmFastGelu);
  table.onMicrosoft("LinearAttentionGate", "a dt_bias:1 decay_scale:1 b?", linearAttentionGate);
  table.onMicrosoft("BiasAdd", "X bias skip", biasAdd);
  table.onMicrosoft("BiasSplitGelu", "X bias", biasSplitGelu);
  table.onMicrosoft("QuickGelu", "X", [](OpBinder &op) {
    return op.result(op.create<SwishOp>(op.input(0), llvm::APFloat(float(op.floatAttr("alpha", 1.702)))));
  });

  table.exports<AndOp>(exportBits);
  table.exports<OrOp>(exportBits);
  table.exports<XorOp>(exportBits);
  table.exports<NotOp>(exportBits);
  table.exports<ShiftLeftOp>(exportShift);
  table.exports<ShiftRightOp>(exportShift);
  table.exports<WhereOp>(exportWhere);
  table.exports<ModOp>(exportMod);
  table.exports<RemainderOp>(exportRemainder);
  table.exports<IsInfOp>(exportIsInf);
  table.exports<BitCastOp>("BitCast(to)");
  table.exports<PowOp>("Pow");
  table.exports<PReluOp>("PRelu");
  table.exports<GeluOp>(exportGelu);
  table.exports<SwishOp>(exportSwish);
}
} // namespace cameo::onnx
