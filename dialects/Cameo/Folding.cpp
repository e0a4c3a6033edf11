// Folding.cpp - folders: what an op's own operands and types show to be one of them. Exact for every operand, NaN and
// -0 included; values are never computed here (passes/Fold does that).
#include "cameo/Dialect/Cameo/Cameo.h"

using namespace mlir;
using namespace cameo;

/// True when each element of the constant is this number: of a float constant the float, of others the integer.
static bool isEverywhere(Attribute constant, double number, int64_t integer) {
  auto elements = dyn_cast_or_null<DenseElementsAttr>(constant);
  if (!elements || !elements.isSplat())
    return false;
  if (isa<FloatType>(elements.getElementType())) {
    bool lost;
    APFloat value = elements.getSplatValue<APFloat>();
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    return value.bitwiseIsEqual(APFloat(number));
  }
  auto value = elements.getSplatValue<APInt>();
  return value == APInt(value.getBitWidth(), uint64_t(integer), /*isSigned=*/false, /*implicitTrunc=*/true);
}

/// True when broadcasting with `other` leaves `x` as it is, by what the types alone say.
static bool broadcastsInto(Value other, Value x) {
  ArrayRef<int64_t> from = cast<RankedTensorType>(other.getType()).getShape(),
                    to = cast<RankedTensorType>(x.getType()).getShape();
  if (from.size() > to.size())
    return false;
  for (auto [a, b] : llvm::zip(llvm::reverse(from), llvm::reverse(to)))
    if (a != 1 && (a != b || ShapedType::isDynamic(a)))
      return false;
  return true;
}

/// `x` when `op` has its type and `neutral`, which broadcasts into it, is a constant that changes nothing.
static Value keeps(Operation *op, Value x, Value neutral, Attribute constant, double number, int64_t integer) {
  bool fits = x.getType() == op->getResult(0).getType() && broadcastsInto(neutral, x);
  return fits && isEverywhere(constant, number, integer) ? x : Value();
}

// x + -0 is x; x + 0 is not for x = -0.
OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  if (Value x = keeps(*this, getX(), getY(), adaptor.getY(), -0.0, 0))
    return x;
  return keeps(*this, getY(), getX(), adaptor.getX(), -0.0, 0);
}

OpFoldResult SubOp::fold(FoldAdaptor adaptor) { return keeps(*this, getX(), getY(), adaptor.getY(), 0.0, 0); }

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (Value x = keeps(*this, getX(), getY(), adaptor.getY(), 1.0, 1))
    return x;
  return keeps(*this, getY(), getX(), adaptor.getX(), 1.0, 1);
}

OpFoldResult DivOp::fold(FoldAdaptor adaptor) { return keeps(*this, getX(), getY(), adaptor.getY(), 1.0, 1); }

OpFoldResult PowOp::fold(FoldAdaptor adaptor) { return keeps(*this, getX(), getY(), adaptor.getY(), 1.0, 1); }

OpFoldResult NegOp::fold(FoldAdaptor) {
  auto inner = getX().getDefiningOp<NegOp>();
  return inner ? inner.getX() : Value();
}

OpFoldResult NotOp::fold(FoldAdaptor) {
  auto inner = getX().getDefiningOp<NotOp>();
  return inner ? inner.getX() : Value();
}

OpFoldResult WhereOp::fold(FoldAdaptor adaptor) {
  for (auto [kept, dropped, truth] : {std::tuple{getX(), getY(), 1}, {getY(), getX(), 0}})
    if (kept.getType() == getType() && broadcastsInto(getCondition(), kept) && broadcastsInto(dropped, kept) &&
        (getX() == getY() || isEverywhere(adaptor.getCondition(), 0, truth)))
      return kept;
  return {};
}

/// True when `to` holds every value of `from`.
static bool isWidening(Type from, Type to) {
  if (auto wide = dyn_cast<FloatType>(to))
    if (auto narrow = dyn_cast<FloatType>(from))
      return APFloat::isRepresentableBy(narrow.getFloatSemantics(), wide.getFloatSemantics());
  auto narrow = dyn_cast<IntegerType>(from), wide = dyn_cast<IntegerType>(to);
  if (!narrow || !wide || wide.getWidth() <= narrow.getWidth())
    return false;
  return narrow.isUnsigned() || narrow.getWidth() == 1 || !wide.isUnsigned();
}

// cast to the own type; cast(cast(x : f16) : f32) : f16 is x, and a widening before another cast goes.
OpFoldResult CastOp::fold(FoldAdaptor) {
  if (getX().getType() == getType())
    return getX();
  auto inner = getX().getDefiningOp<CastOp>();
  if (!inner || !isWidening(getElementTypeOrSelf(inner.getX().getType()), inner.getTo()))
    return {};
  if (inner.getX().getType() == getType())
    return inner.getX();
  getXMutable().assign(inner.getX());
  return getResult();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::equal(getPermutation(), llvm::seq<int64_t>(0, getPermutation().size())))
    return getX().getType() == getType() ? getX() : Value();
  auto inner = getX().getDefiningOp<TransposeOp>();
  if (!inner)
    return {};
  setPermutation(llvm::map_to_vector(getPermutation(), [&](int64_t axis) { return inner.getPermutation()[axis]; }));
  getXMutable().assign(inner.getX());
  return getResult();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  bool isOne = getInputs().size() == 1 && getInputs()[0].getType() == getType();
  return isOne ? getInputs()[0] : Value();
}

OpFoldResult SqueezeOp::fold(FoldAdaptor) {
  return getAxes().empty() && getX().getType() == getType() ? getX() : Value();
}

OpFoldResult UnsqueezeOp::fold(FoldAdaptor) {
  return getAxes().empty() && getX().getType() == getType() ? getX() : Value();
}
