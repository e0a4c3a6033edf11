// ElementType.cpp - see ElementType.h. Conversions are integer arithmetic on the bits, so that they work on vectors too
// and need nothing from the CPU.
#include "cameo/Dialect/Cameo/Cameo.h"

using namespace mlir;
using namespace cameo;

// ---- types

bool cameo::isNarrowFloat(Type type) {
  auto real = dyn_cast<FloatType>(type);
  return real && real.getWidth() <= 8;
}

Type cameo::computeType(Type type) {
  if (type.isF16() || type.isBF16())
    return Float32Type::get(type.getContext());
  if (isNarrowFloat(type) || isa<IntegerType>(type))
    return IntegerType::get(type.getContext(), type.getIntOrFloatBitWidth());
  return isa<StringType>(type) ? storageType(type) : type;
}

Type cameo::storageType(Type type) {
  if (isa<StringType>(type))
    return IntegerType::get(type.getContext(), 64);
  if (isNarrowFloat(type) || isa<IntegerType>(type))
    return IntegerType::get(type.getContext(), std::max(8u, type.getIntOrFloatBitWidth()));
  return type;
}

unsigned cameo::storageBits(Type type) {
  return type.isInteger(1) ? 8 : isa<StringType>(type) ? 64 : type.getIntOrFloatBitWidth();
}

Dim cameo::storageBytes(DimContext &dims, Type type, Dim count) {
  unsigned bits = storageBits(type);
  return bits < 8 ? dims.ceilDiv(count, 8 / bits) : dims.mul(count, bits / 8);
}

int64_t cameo::storageBytes(Type type, int64_t count) { return llvm::divideCeil(count * storageBits(type), 8); }

DenseElementsAttr cameo::elementsFromBytes(RankedTensorType type, ArrayRef<char> bytes) {
  Type element = type.getElementType();
  if (element.isInteger(1))
    return DenseElementsAttr::get(type, SmallVector<bool>(llvm::map_range(bytes, [](char c) { return c != 0; })));
  unsigned bits = storageBits(element);
  if (bits >= 8)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  // The attribute has a byte for each element.
  SmallVector<char> values(type.getNumElements());
  for (auto [i, value] : llvm::enumerate(values))
    value = char(uint8_t(bytes[i * bits / 8]) >> (i * bits % 8) & ((1 << bits) - 1));
  return DenseElementsAttr::getFromRawBuffer(type, values);
}

// ---- narrow floats

namespace {

/// The layout of a float type: sign, exponent, `mantissa` bits; values are (1 + m / 2^mantissa) * 2^(exponent - bias).
struct FloatLayout {
  explicit FloatLayout(Type type) : FloatLayout(cast<FloatType>(type).getFloatSemantics()) {}
  explicit FloatLayout(const llvm::fltSemantics &semantics)
      : width(APFloat::semanticsSizeInBits(semantics)), mantissa(APFloat::semanticsPrecision(semantics) - 1),
        minExponent(APFloat::semanticsMinExponent(semantics)), bias(1 - minExponent),
        hasNaN(APFloat::semanticsHasNaN(semantics)), hasInfinity(APFloat::semanticsHasInf(semantics)),
        largest(bits(APFloat::getLargest(semantics))), nan(hasNaN ? bits(APFloat::getQNaN(semantics)) : 0),
        infinity(hasInfinity ? bits(APFloat::getInf(semantics)) : 0) {}

  uint64_t signBit() const { return uint64_t(1) << (width - 1); }
  /// In the FNUZ types NaN has the bits that -0 has elsewhere.
  bool isUnsignedZero() const { return nan == signBit(); }

  static uint64_t bits(const APFloat &value) { return value.bitcastToAPInt().getZExtValue(); }
  unsigned width;
  int mantissa, minExponent, bias;
  bool hasNaN, hasInfinity;
  uint64_t largest, nan, infinity;
};

/// Arithmetic on one integer type, scalar or vector.
struct Bits {
  OpBuilder &b;
  Location loc;

  Type like(Value shape, Type element) const {
    auto vector = dyn_cast<VectorType>(shape.getType());
    return vector ? Type(vector.clone(element)) : element;
  }
  Value number(Value like, uint64_t value) const { return constantInt(b, loc, like.getType(), int64_t(value)); }
  Value add(Value x, uint64_t y) const { return arith::AddIOp::create(b, loc, x, number(x, y)); }
  Value conjunction(Value x, uint64_t y) const { return arith::AndIOp::create(b, loc, x, number(x, y)); }
  Value disjunction(Value x, Value y) const { return arith::OrIOp::create(b, loc, x, y); }
  Value left(Value x, unsigned by) const { return by ? Value(arith::ShLIOp::create(b, loc, x, number(x, by))) : x; }
  Value right(Value x, unsigned by) const { return by ? Value(arith::ShRUIOp::create(b, loc, x, number(x, by))) : x; }
  Value compare(arith::CmpIPredicate p, Value x, uint64_t y) const {
    return arith::CmpIOp::create(b, loc, p, x, number(x, y));
  }
  Value isAbove(Value x, uint64_t y) const { return compare(arith::CmpIPredicate::ugt, x, y); }
  Value is(Value x, uint64_t y) const { return compare(arith::CmpIPredicate::eq, x, y); }
  Value choose(Value condition, Value x, Value y) const { return arith::SelectOp::create(b, loc, condition, x, y); }
  Value asInteger(Value x) const {
    unsigned width = getElementTypeOrSelf(x.getType()).getIntOrFloatBitWidth();
    return arith::BitcastOp::create(b, loc, like(x, b.getIntegerType(width)), x);
  }
  Value asFloat(Value x, FloatType type) const { return arith::BitcastOp::create(b, loc, like(x, type), x); }
};

} // namespace

Value cameo::widenNarrowFloat(OpBuilder &b, Location loc, Value x, Type type) {
  FloatLayout layout(type);
  Bits bits{b, loc};
  FloatType f32 = b.getF32Type();
  Value wide = arith::ExtUIOp::create(b, loc, bits.like(x, b.getI32Type()), x);
  if (isa<Float8E8M0FNUType>(type)) {
    // The exponent of an f32, except that 0 means 2^-127, which is subnormal there, and 255 is NaN.
    Value y = bits.choose(bits.is(wide, 0), bits.number(wide, 0x00400000), bits.left(wide, 23));
    return bits.asFloat(bits.choose(bits.is(wide, layout.nan), bits.number(wide, 0x7fc00000), y), f32);
  }
  // As an f32 with too small an exponent; multiplying by a power of two corrects it, of subnormal numbers too.
  Value sign = bits.left(bits.conjunction(wide, layout.signBit()), 32 - layout.width);
  Value magnitude = bits.conjunction(wide, layout.signBit() - 1);
  Value shifted = bits.left(magnitude, 23 - layout.mantissa);
  Value scale = constantScalar(b, loc, bits.like(x, f32), std::ldexp(1.0, 127 - layout.bias));
  Value y = bits.asInteger(arith::MulFOp::create(b, loc, bits.asFloat(shifted, f32), scale));
  if (layout.hasNaN && !layout.isUnsignedZero()) // infinity and NaN keep their mantissa
    y = bits.choose(bits.isAbove(magnitude, layout.largest), bits.disjunction(shifted, bits.number(wide, 0x7f800000)),
                    y);
  y = bits.disjunction(y, sign);
  if (layout.isUnsignedZero())
    y = bits.choose(bits.is(wide, layout.nan), bits.number(wide, 0x7fc00000), y);
  return bits.asFloat(y, f32);
}

/// To a power of two: the exponent of an f64, after rounding.
static Value roundToExponent(Bits bits, Value x, const FloatLayout &layout, NarrowRounding rounding) {
  OpBuilder &b = bits.b;
  Location loc = bits.loc;
  Value wide = x;
  if (getElementTypeOrSelf(x.getType()).isF32())
    wide = arith::ExtFOp::create(b, loc, bits.like(x, b.getF64Type()), x);
  Value magnitude = bits.conjunction(bits.asInteger(wide), ~uint64_t(0) >> 1);
  uint64_t one = uint64_t(1) << 52;
  uint64_t increment = rounding.mode == "up" ? one - 1 : rounding.mode == "nearest" ? one / 2 : 0;
  constexpr int64_t kBias = 127;
  Value exponent = bits.add(bits.right(bits.add(magnitude, increment), 52), uint64_t(kBias - 1023));
  Value low = bits.number(exponent, rounding.saturate ? 0 : layout.nan);
  Value high = bits.number(exponent, rounding.saturate ? layout.largest : layout.nan);
  Value isLow = rounding.saturate ? bits.compare(arith::CmpIPredicate::slt, exponent, 0)
                                  : bits.compare(arith::CmpIPredicate::ult, magnitude, uint64_t(1023 - kBias) << 52);
  Value isHigh = bits.compare(arith::CmpIPredicate::sgt, exponent, layout.largest);
  Value y = bits.choose(isHigh, high, bits.choose(isLow, low, exponent));
  y = bits.choose(bits.isAbove(magnitude, uint64_t(2047) << 52), bits.number(y, layout.nan), y);
  return arith::TruncIOp::create(b, loc, bits.like(x, b.getI8Type()), y);
}

Value cameo::roundToNarrowFloat(OpBuilder &b, Location loc, Value x, Type type, NarrowRounding rounding) {
  FloatLayout layout(type);
  Bits bits{b, loc};
  if (isa<Float8E8M0FNUType>(type))
    return roundToExponent(bits, x, layout, rounding);
  auto sourceType = cast<FloatType>(getElementTypeOrSelf(x.getType()));
  FloatLayout source(sourceType);
  Value given = bits.asInteger(x);
  Value sign = bits.right(bits.conjunction(given, source.signBit()), source.width - layout.width);
  Value magnitude = bits.conjunction(given, source.signBit() - 1);
  // Normal numbers: half of what is cut off is added, less a bit where the kept part is even.
  unsigned cut = source.mantissa - layout.mantissa;
  Value odd = bits.conjunction(bits.right(magnitude, cut), 1);
  Value rounded = arith::AddIOp::create(b, loc, bits.add(magnitude, (uint64_t(1) << (cut - 1)) - 1), odd);
  Value normal = bits.add(bits.right(rounded, cut), -(uint64_t(source.bias - layout.bias) << layout.mantissa));
  // Subnormal ones: adding a number whose last bit has the weight of the result's last bit makes the addition round.
  Value anchor =
      constantScalar(b, loc, x.getType(), std::ldexp(1.0, source.mantissa + layout.minExponent - layout.mantissa));
  Value sum = arith::AddFOp::create(b, loc, bits.asFloat(magnitude, sourceType), anchor);
  Value subnormal = arith::SubIOp::create(b, loc, bits.asInteger(sum), bits.asInteger(anchor));
  uint64_t leastNormal = uint64_t(source.bias + layout.minExponent) << source.mantissa;
  Value code = bits.choose(bits.compare(arith::CmpIPredicate::ult, magnitude, leastNormal), subnormal, normal);

  bool saturate = rounding.saturate || !layout.hasNaN;
  uint64_t above = saturate             ? layout.largest
                   : layout.hasInfinity ? layout.infinity
                                        : layout.nan & (layout.signBit() - 1);
  Value overflows = bits.isAbove(code, layout.largest);
  code = bits.choose(overflows, bits.number(code, above), code);
  Value isNaN = bits.isAbove(magnitude, source.infinity);
  if (layout.isUnsignedZero()) {
    // NaN, and what overflows without saturation, takes the place of -0; a zero has no sign.
    code = bits.choose(bits.is(code, 0), code, bits.disjunction(code, sign));
    if (!saturate)
      isNaN = bits.disjunction(isNaN, overflows);
    code = bits.choose(isNaN, bits.number(code, layout.nan), code);
  } else {
    // Where the type has no NaN, it becomes -0.
    code = bits.choose(isNaN, bits.number(code, layout.nan), code);
    code = bits.disjunction(code, sign);
    if (!layout.hasNaN)
      code = bits.choose(isNaN, bits.number(code, layout.signBit()), code);
  }
  return arith::TruncIOp::create(b, loc, bits.like(x, b.getIntegerType(layout.width)), code);
}

// ---- packed elements

namespace {
/// Where a packed element lies: its byte, and the bits below it there.
struct PackedPlace {
  Value byte, shift;
};
} // namespace

/// `index` may be a vector.
static PackedPlace placeOf(OpBuilder &b, Location loc, Value index, unsigned bits) {
  unsigned perByte = 8 / bits;
  auto number = [&](int64_t v) { return constantInt(b, loc, index.getType(), v); };
  Value byte = arith::ShRUIOp::create(b, loc, index, number(llvm::Log2_32(perByte)));
  Value within = arith::AndIOp::create(b, loc, index, number(perByte - 1));
  Value shift = arith::MulIOp::create(b, loc, within, number(bits));
  return {byte, arith::IndexCastOp::create(b, loc, Bits{b, loc}.like(index, b.getI8Type()), shift)};
}

Value cameo::loadPacked(OpBuilder &b, Location loc, Value memref, Value index, Type type) {
  auto [byte, shift] = placeOf(b, loc, index, storageBits(type));
  Value stored = memref::LoadOp::create(b, loc, memref, byte);
  return arith::TruncIOp::create(b, loc, computeType(type), Value(arith::ShRUIOp::create(b, loc, stored, shift)));
}

Value cameo::loadPackedVector(OpBuilder &b, Location loc, VectorType lanes, Value memref, Value index, Type type,
                              Value mask) {
  auto indexType = VectorType::get(lanes.getShape(), b.getIndexType());
  auto bytes = VectorType::get(lanes.getShape(), b.getI8Type());
  Value numbers = arith::AddIOp::create(b, loc, vector::BroadcastOp::create(b, loc, indexType, index),
                                        vector::StepOp::create(b, loc, indexType));
  auto [byte, shift] = placeOf(b, loc, numbers, storageBits(type));
  if (!mask)
    mask = constantInt(b, loc, VectorType::get(lanes.getShape(), b.getI1Type()), 1);
  Value stored = vector::GatherOp::create(b, loc, bytes, memref, constantIndex(b, loc, 0), byte, mask,
                                          constantInt(b, loc, bytes, 0));
  return arith::TruncIOp::create(b, loc, lanes, Value(arith::ShRUIOp::create(b, loc, stored, shift)));
}

void cameo::storePacked(OpBuilder &b, Location loc, Value element, Value memref, Value index, Type type) {
  unsigned bits = storageBits(type);
  auto [byte, shift] = placeOf(b, loc, index, bits);
  Value mask = arith::ShLIOp::create(b, loc, constantInt(b, loc, b.getI8Type(), (1 << bits) - 1), shift);
  Value others = arith::XOrIOp::create(b, loc, mask, constantInt(b, loc, b.getI8Type(), -1));
  Value old = memref::LoadOp::create(b, loc, memref, byte);
  Value own = arith::ShLIOp::create(b, loc, Value(arith::ExtUIOp::create(b, loc, b.getI8Type(), element)), shift);
  Value kept = arith::AndIOp::create(b, loc, old, others);
  memref::StoreOp::create(b, loc, Value(arith::OrIOp::create(b, loc, kept, own)), memref, byte);
}
