// Scalar.cpp - the functions declared in Scalar.h.
#include "cameo/Dialect/Cameo/Cameo.h"
#include <numbers>

using namespace mlir;
using namespace cameo;

static Value number(ImplicitLocOpBuilder &b, Value like, double value) {
  return constantScalar(b, b.getLoc(), like.getType(), value);
}
static Value integer(ImplicitLocOpBuilder &b, Value like, int64_t value) {
  return constantInt(b, b.getLoc(), like.getType(), value);
}
static Value isEqual(ImplicitLocOpBuilder &b, Value x, int64_t value) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, integer(b, x, value));
}

// ---- integers

namespace {
/// A divisor that cannot trap: 1 in place of 0, and of -1 for signed types because MIN / -1 overflows.
struct Divisor {
  Value safe, isZero, isMinusOne;
};
} // namespace

static Divisor makeSafe(ImplicitLocOpBuilder &b, Value y, Type element) {
  Divisor d{{}, isEqual(b, y, 0), {}};
  Value replaced = d.isZero;
  if (!element.isUnsignedInteger()) {
    d.isMinusOne = isEqual(b, y, -1);
    replaced = arith::OrIOp::create(b, d.isZero, d.isMinusOne);
  }
  d.safe = arith::SelectOp::create(b, replaced, integer(b, y, 1), y);
  return d;
}

Value cameo::safeIntegerDivide(ImplicitLocOpBuilder &b, Value x, Value y, Type element) {
  Value zero = integer(b, x, 0);
  Divisor d = makeSafe(b, y, element);
  Value q;
  if (element.isUnsignedInteger()) {
    q = arith::DivUIOp::create(b, x, d.safe);
  } else {
    q = arith::DivSIOp::create(b, x, d.safe);
    q = arith::SelectOp::create(b, d.isMinusOne, arith::SubIOp::create(b, zero, x), q);
  }
  return arith::SelectOp::create(b, d.isZero, zero, q);
}

Value cameo::safeIntegerRemainder(ImplicitLocOpBuilder &b, Value x, Value y, Type element) {
  // Where the divisor was replaced by 1 the remainder is 0, which is right for -1 and the stated result for 0.
  Divisor d = makeSafe(b, y, element);
  return element.isUnsignedInteger() ? Value(arith::RemUIOp::create(b, x, d.safe))
                                     : Value(arith::RemSIOp::create(b, x, d.safe));
}

/// fmod's remainder has x's sign: y is added where that is not y's, and a zero takes y's.
static Value floatModulo(ImplicitLocOpBuilder &b, Value x, Value y) {
  Value zero = number(b, x, 0), r = arith::RemFOp::create(b, x, y);
  auto negative = [&](Value v) { return Value(arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, v, zero)); };
  Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, r, zero);
  Value signsDiffer = arith::XOrIOp::create(b, negative(r), negative(y));
  Value moved = arith::SelectOp::create(b, signsDiffer, arith::AddFOp::create(b, r, y), r);
  return arith::SelectOp::create(b, isZero, Value(math::CopySignOp::create(b, r, y)), moved);
}

Value cameo::moduloScalar(ImplicitLocOpBuilder &b, Value x, Value y, Type element) {
  if (isa<FloatType>(element))
    return floatModulo(b, x, y);
  Value r = safeIntegerRemainder(b, x, y, element);
  if (element.isUnsignedInteger())
    return r;
  Value zero = integer(b, x, 0);
  Value nonZero = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, r, zero);
  Value signsDiffer = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, arith::XOrIOp::create(b, r, y), zero);
  return arith::SelectOp::create(b, arith::AndIOp::create(b, nonZero, signsDiffer), arith::AddIOp::create(b, r, y), r);
}

Value cameo::integerPower(ImplicitLocOpBuilder &b, Value x, Value y, Type element) {
  Value zero = integer(b, x, 0), one = integer(b, x, 1);
  Value base = x, exponent = y;
  if (!element.isUnsignedInteger()) {
    Value negative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, y, zero);
    Value isUnit = arith::OrIOp::create(b, isEqual(b, x, 1), isEqual(b, x, -1));
    base = arith::SelectOp::create(b, arith::OrIOp::create(b, isUnit, isEqual(b, negative, 0)), x, zero);
    exponent = arith::SelectOp::create(b, negative, arith::SubIOp::create(b, zero, y), y);
  }
  // Square and multiply over all bits: straight-line code, so that it works on vectors.
  Value result = one;
  unsigned width = getElementTypeOrSelf(x.getType()).getIntOrFloatBitWidth();
  for (unsigned bit = 0; bit < width; ++bit) {
    Value isSet =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                              arith::AndIOp::create(b, exponent, integer(b, x, int64_t(uint64_t(1) << bit))), zero);
    result = arith::MulIOp::create(b, result, arith::SelectOp::create(b, isSet, base, one));
    base = arith::MulIOp::create(b, base, base);
  }
  return result;
}

static Type shapedLike(Value x, Type element) {
  if (auto vector = dyn_cast<VectorType>(x.getType()))
    return vector.clone(element);
  return element;
}

Value cameo::reinterpretScalar(ImplicitLocOpBuilder &b, Value x, Type from, Type to) {
  // Types that share bytes are computed as their bits, as integers and narrow floats are.
  Type source = isPacked(from) ? computeType(from) : storageType(from);
  Type target = isPacked(to) ? computeType(to) : storageType(to);
  if (from.isInteger(1))
    x = arith::ExtUIOp::create(b, shapedLike(x, source), x);
  else if (from.isF16() || from.isBF16())
    x = arith::TruncFOp::create(b, shapedLike(x, source), x);
  if (source != target)
    x = arith::BitcastOp::create(b, shapedLike(x, target), x);
  if (to.isInteger(1))
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, x, integer(b, x, 0));
  if (to.isF16() || to.isBF16())
    return arith::ExtFOp::create(b, shapedLike(x, b.getF32Type()), x);
  return x;
}

// ---- activations

/// e^x of x at most 0; what is below the normal numbers may become 0.
static Value decay(ImplicitLocOpBuilder &b, Value x) { return math::ExpOp::create(b, x, arith::FastMathFlags::afn); }

Value cameo::sigmoidScalar(ImplicitLocOpBuilder &b, Value x) {
  // 1 / (1 + e^-x), and e^x / (1 + e^x) for negative x: the exponential neither overflows nor loses what is small.
  Value one = number(b, x, 1);
  Value e = decay(b, arith::NegFOp::create(b, math::AbsFOp::create(b, x)));
  Value negative = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, number(b, x, 0));
  return arith::DivFOp::create(b, arith::SelectOp::create(b, negative, e, one), arith::AddFOp::create(b, one, e));
}

Value cameo::hardSigmoidScalar(ImplicitLocOpBuilder &b, Value x, double alpha, double beta) {
  Type element = getElementTypeOrSelf(x.getType());
  Value line = arith::AddFOp::create(b, arith::MulFOp::create(b, x, number(b, x, alpha)), number(b, x, beta));
  return maxScalar(b, b.getLoc(), minScalar(b, b.getLoc(), line, number(b, x, 1), element), number(b, x, 0), element);
}

Value cameo::mishScalar(ImplicitLocOpBuilder &b, Value x) {
  // Above 20 the factor rounds to 1; the limit also keeps e^x finite.
  Value limit = number(b, x, 20), two = number(b, x, 2);
  Value large = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, limit);
  Value e = math::ExpOp::create(b, arith::SelectOp::create(b, large, limit, x));
  Value n = arith::MulFOp::create(b, e, arith::AddFOp::create(b, e, two));
  Value factor = arith::DivFOp::create(b, n, arith::AddFOp::create(b, n, two));
  return arith::SelectOp::create(b, large, x, arith::MulFOp::create(b, x, factor));
}

/// x times the normal distribution's probability below x, in f32: with the probability h beyond |x| it is x (1 - h) for
/// positive and x h for negative x, where 1 + erf would cancel. log h is a polynomial of |x|, fitted over [0, 5.8],
/// where h falls to 3e-9, to 1e-6; it goes on falling. Largest errors: 3.2 ULP for positive x, 3e-6 of the result down
/// to x = -5.5.
static Value normalGelu(ImplicitLocOpBuilder &b, Value x) {
  Value magnitude = math::AbsFOp::create(b, x), logarithm = number(b, x, -1.4621400090675252e-08);
  auto contract = arith::FastMathFlags::contract;
  for (double c : {4.5683279381592e-07, -6.109130936238216e-06, 4.4268188503338024e-05, -0.0001637726672925055,
                   -6.223846867214888e-05, 0.004890869837254286, -0.03640022873878479, -0.3182910978794098,
                   -0.7978866100311279, -0.6931471228599548})
    logarithm =
        arith::AddFOp::create(b, arith::MulFOp::create(b, logarithm, magnitude, contract), number(b, x, c), contract);
  Value beyond = decay(b, logarithm), below = arith::SubFOp::create(b, number(b, x, 1), beyond);
  Value positive = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, number(b, x, 0));
  return arith::MulFOp::create(b, x, arith::SelectOp::create(b, positive, below, beyond));
}

Value cameo::geluScalar(ImplicitLocOpBuilder &b, Value x, bool approximate) {
  if (approximate) { // (1 + tanh(u)) / 2 is sigmoid(2 u)
    Value square = arith::MulFOp::create(b, x, x);
    Value factor = arith::AddFOp::create(b, arith::MulFOp::create(b, square, number(b, x, 0.044715)), number(b, x, 1));
    Value scaled = arith::MulFOp::create(b, x, number(b, x, 2 * std::sqrt(2 / std::numbers::pi)));
    return arith::MulFOp::create(b, x, sigmoidScalar(b, arith::MulFOp::create(b, scaled, factor)));
  }
  if (getElementTypeOrSelf(x.getType()).isF32())
    return normalGelu(b, x);
  Value inner = math::ErfOp::create(b, arith::MulFOp::create(b, x, number(b, x, 1 / std::numbers::sqrt2)));
  Value half = arith::MulFOp::create(b, x, number(b, x, 0.5));
  return arith::MulFOp::create(b, half, arith::AddFOp::create(b, number(b, x, 1), inner));
}

// ---- quantization

Value cameo::quantizeScalar(ImplicitLocOpBuilder &b, Value x, Value scale, Value zeroPoint, Type element,
                            Type scaleElement, Type to, NarrowRounding rounding) {
  Location loc = b.getLoc();
  if (isa<IntegerType>(element))
    x = convertScalar(b, loc, x, element, computeType(scaleElement));
  else
    scale = convertScalar(b, loc, scale, computeType(scaleElement), computeType(element));
  Type wide = getElementTypeOrSelf(x.getType());
  Value y = arith::DivFOp::create(b, x, scale), zero = convertScalar(b, loc, zeroPoint, to, wide);
  if (isNarrowFloat(to))
    return roundToNarrowFloat(b, loc, arith::AddFOp::create(b, y, zero), to, rounding);
  unsigned width = cast<IntegerType>(to).getWidth();
  bool isUnsigned = to.isUnsignedInteger();
  double upper = std::ldexp(1.0, isUnsigned ? width : width - 1) - 1, lower = isUnsigned ? 0 : -upper - 1;
  // Written so that NaN becomes the lower limit.
  auto limit = [&](Value v, Value low, Value high) {
    v = arith::SelectOp::create(b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, v, low), v, low);
    return Value(arith::SelectOp::create(b, arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, v, high), v, high));
  };
  if (width > 16) {
    y = arith::AddFOp::create(b, math::RoundEvenOp::create(b, y), zero);
    // f32 cannot hold the largest 32-bit integer; the largest float below it is the limit then.
    if (wide.isF32() && upper > 0x1p24)
      upper = std::nextafterf(float(upper), 0.0f);
    return convertScalar(b, loc, limit(y, number(b, y, lower), number(b, y, upper)), wide, to);
  }
  // Limits and zero point are integers, so they may come before and after the rounding. Adding 1.5 * 2^23 rounds to the
  // nearest even integer and leaves it in the low bits; the same for f64.
  Value below = arith::SubFOp::create(b, number(b, y, lower), zero),
        above = arith::SubFOp::create(b, number(b, y, upper), zero);
  y = limit(y, below, above);
  y = arith::AddFOp::create(b, y, number(b, y, wide.isF32() ? 0x1.8p23 : 0x1.8p52));
  Value bits = arith::BitcastOp::create(b, shapedLike(y, b.getIntegerType(wide.getIntOrFloatBitWidth())), y);
  Value integer = arith::TruncIOp::create(b, shapedLike(y, computeType(to)), bits);
  return arith::AddIOp::create(b, integer, zeroPoint);
}

Value cameo::dequantizeScalar(ImplicitLocOpBuilder &b, Value x, Value scale, Value zeroPoint, Type element, Type to) {
  Location loc = b.getLoc();
  // Differences of integers are exact.
  bool isReal = isNarrowFloat(element);
  Type middle = isReal ? computeType(to) : Type(b.getI32Type());
  x = convertScalar(b, loc, x, element, middle);
  zeroPoint = convertScalar(b, loc, zeroPoint, element, middle);
  Value centred =
      isReal ? Value(arith::SubFOp::create(b, x, zeroPoint)) : Value(arith::SubIOp::create(b, x, zeroPoint));
  return arith::MulFOp::create(b, convertScalar(b, loc, centred, middle, computeType(to)), scale);
}
