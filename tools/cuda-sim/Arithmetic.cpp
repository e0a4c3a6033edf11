// Arithmetic.cpp - what instructions compute: one handler per operation and type. Floats round to nearest even as the
// opcodes say; the host's operations do so.
#include "Machine.h"
#include "NarrowFloats.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace cameo::sim {

namespace {

// ---- by operation and type

template <typename T, auto F> void unary(Thread &t, const Instruction &i) { t.put<T>(i.d[0], T(F(t.get<T>(i.a)))); }
template <typename T, auto F> void binary(Thread &t, const Instruction &i) {
  t.put<T>(i.d[0], T(F(t.get<T>(i.a), t.get<T>(i.b))));
}
template <typename T, auto F> void ternary(Thread &t, const Instruction &i) {
  t.put<T>(i.d[0], T(F(t.get<T>(i.a), t.get<T>(i.b), t.get<T>(i.c))));
}
/// Shifts: the second operand is 32 bits wide.
template <typename T, auto F> void shift(Thread &t, const Instruction &i) {
  t.put<T>(i.d[0], T(F(t.get<T>(i.a), t.get<uint32_t>(i.b))));
}
template <typename T, auto F> void compare(Thread &t, const Instruction &i) {
  t.put<uint8_t>(i.d[0], F(t.get<T>(i.a), t.get<T>(i.b)));
}
template <typename T> void select(Thread &t, const Instruction &i) {
  t.put<T>(i.d[0], t.get<uint8_t>(i.c) & 1 ? t.get<T>(i.a) : t.get<T>(i.b));
}
/// x * y (+ z) at twice the width.
template <typename T, typename Wide> void mulWide(Thread &t, const Instruction &i) {
  t.put<Wide>(i.d[0], Wide(t.get<T>(i.a)) * Wide(t.get<T>(i.b)));
}
template <typename T, typename Wide> void madWide(Thread &t, const Instruction &i) {
  t.put<Wide>(i.d[0], Wide(uint64_t(Wide(t.get<T>(i.a)) * Wide(t.get<T>(i.b))) + uint64_t(t.get<Wide>(i.c))));
}

template <template <typename, auto> typename Form, auto F> Handler forInteger(std::string_view type) {
  if (type == "s16")
    return Form<int16_t, F>::run;
  if (type == "u16" || type == "b16")
    return Form<uint16_t, F>::run;
  if (type == "s32")
    return Form<int32_t, F>::run;
  if (type == "u32" || type == "b32")
    return Form<uint32_t, F>::run;
  if (type == "s64")
    return Form<int64_t, F>::run;
  if (type == "u64" || type == "b64")
    return Form<uint64_t, F>::run;
  return nullptr;
}
template <template <typename, auto> typename Form, auto F> Handler forFloat(std::string_view type) {
  if (type == "f32")
    return Form<float, F>::run;
  if (type == "f64")
    return Form<double, F>::run;
  return nullptr;
}
template <template <typename, auto> typename Form, auto F> Handler forAny(std::string_view type) {
  Handler handler = forInteger<Form, F>(type);
  return handler ? handler : forFloat<Form, F>(type);
}

// Function templates cannot be template arguments of templates, so each form is a class too.
template <typename T, auto F> struct Unary {
  static constexpr Handler run = unary<T, F>;
};
template <typename T, auto F> struct Binary {
  static constexpr Handler run = binary<T, F>;
};
template <typename T, auto F> struct Ternary {
  static constexpr Handler run = ternary<T, F>;
};
template <typename T, auto F> struct Shift {
  static constexpr Handler run = shift<T, F>;
};
template <typename T, auto F> struct Compare {
  static constexpr Handler run = compare<T, F>;
};
template <typename T, auto F> struct Select {
  static constexpr Handler run = select<T>;
};

/// The bits as an unsigned type of the same width: sums and products wrap.
template <typename T> auto bits(T x) {
  if constexpr (sizeof(T) == 2)
    return uint32_t(uint16_t(x)); // C++ would multiply shorts as signed ints
  else
    return std::make_unsigned_t<T>(x);
}

constexpr auto add = [](auto x, auto y) {
  if constexpr (std::is_floating_point_v<decltype(x)>)
    return x + y;
  else
    return bits(x) + bits(y);
};
constexpr auto sub = [](auto x, auto y) {
  if constexpr (std::is_floating_point_v<decltype(x)>)
    return x - y;
  else
    return bits(x) - bits(y);
};
constexpr auto mul = [](auto x, auto y) {
  if constexpr (std::is_floating_point_v<decltype(x)>)
    return x * y;
  else
    return bits(x) * bits(y);
};
constexpr auto mad = [](auto x, auto y, auto z) { return bits(x) * bits(y) + bits(z); };
constexpr auto fma = [](auto x, auto y, auto z) { return std::fma(x, y, z); };
constexpr auto mulHigh = [](auto x, auto y) {
  using T = decltype(x);
  if constexpr (sizeof(T) == 8) {
    if constexpr (std::is_signed_v<T>)
      return T((__int128(x) * __int128(y)) >> 64);
    else
      return T((static_cast<unsigned __int128>(x) * static_cast<unsigned __int128>(y)) >> 64);
  } else {
    return T((int64_t(x) * int64_t(y)) >> (8 * sizeof(T)));
  }
};
/// Division by zero gives no fault on a GPU, but no defined result either.
constexpr auto divide = [](auto x, auto y) {
  using T = decltype(x);
  if constexpr (std::is_floating_point_v<T>)
    return T(x / y);
  else if (y == 0)
    return T(-1);
  else if constexpr (std::is_signed_v<T>)
    return y == -1 ? T(-bits(x)) : T(x / y);
  else
    return T(x / y);
};
constexpr auto remainder = [](auto x, auto y) {
  using T = decltype(x);
  if (y == 0)
    return x;
  if constexpr (std::is_signed_v<T>)
    return y == -1 ? T(0) : T(x % y);
  else
    return T(x % y);
};
/// 2^x, off by up to 2^-22 of it as the PTX ISA allows: here by nearly that, this way or that, so that nobody relies on
/// less. Subnormal numbers are 0 (.ftz).
constexpr auto power = [](float x) {
  float exact = float(std::exp2(double(std::fpclassify(x) == FP_SUBNORMAL ? 0 : x)));
  uint32_t hash = std::bit_cast<uint32_t>(x) * 0x9e3779b9u;
  float off = exact * (1 + (int32_t(hash) >> 29) * 0x1p-24f); // quarters of 2^-22, from -4 to 3
  return std::fpclassify(off) == FP_SUBNORMAL ? 0.0f : off;
};
/// To the nearest of the numbers with 10 bits of a fraction, ties away from 0. The bits of infinities and NaN stay.

/// Of floats: a number rather than NaN.
constexpr auto minimum = [](auto x, auto y) {
  if constexpr (std::is_floating_point_v<decltype(x)>)
    return x == y ? (std::signbit(x) ? x : y) : std::fmin(x, y);
  else
    return std::min(x, y);
};
constexpr auto maximum = [](auto x, auto y) {
  if constexpr (std::is_floating_point_v<decltype(x)>)
    return x == y ? (std::signbit(x) ? y : x) : std::fmax(x, y);
  else
    return std::max(x, y);
};
template <auto F>
constexpr auto orNan = [](auto x, auto y) {
  return std::isnan(x) || std::isnan(y) ? std::numeric_limits<decltype(x)>::quiet_NaN() : F(x, y);
};
constexpr auto negate = [](auto x) {
  if constexpr (std::is_floating_point_v<decltype(x)>)
    return -x;
  else
    return -bits(x);
};
constexpr auto absolute = [](auto x) {
  if constexpr (std::is_floating_point_v<decltype(x)>)
    return std::fabs(x);
  else if constexpr (std::is_signed_v<decltype(x)>)
    return x < 0 ? -bits(x) : bits(x);
  else
    return x;
};
constexpr auto bitAnd = [](auto x, auto y) { return x & y; };
constexpr auto bitOr = [](auto x, auto y) { return x | y; };
constexpr auto bitXor = [](auto x, auto y) { return x ^ y; };
constexpr auto bitNot = [](auto x) { return ~x; };
constexpr auto identity = [](auto x) { return x; };
constexpr auto shiftLeft = [](auto x, uint32_t by) { return by >= 8 * sizeof(x) ? 0 : bits(x) << by; };
constexpr auto shiftRight = [](auto x, uint32_t by) {
  using T = decltype(x);
  if (by < 8 * sizeof(T))
    return T(x >> by);
  return std::is_signed_v<T> && x < 0 ? T(-1) : T(0);
};
constexpr auto root = [](auto x) { return std::sqrt(x); };
constexpr auto reciprocal = [](auto x) { return decltype(x)(1) / x; };
constexpr auto withSign = [](auto sign, auto magnitude) { return std::copysign(magnitude, sign); };
constexpr auto eq = [](auto x, auto y) { return x == y; };
constexpr auto ne = [](auto x, auto y) { // of floats: ordered
  if constexpr (std::is_floating_point_v<decltype(x)>)
    return x < y || x > y;
  else
    return x != y;
};
constexpr auto lt = [](auto x, auto y) { return x < y; };
constexpr auto le = [](auto x, auto y) { return x <= y; };
constexpr auto gt = [](auto x, auto y) { return x > y; };
constexpr auto ge = [](auto x, auto y) { return x >= y; };
template <auto F> constexpr auto orUnordered = [](auto x, auto y) { return std::isnan(x) || std::isnan(y) || F(x, y); };
constexpr auto num = [](auto x, auto y) { return !std::isnan(x) && !std::isnan(y); };
constexpr auto nan = [](auto x, auto y) { return std::isnan(x) || std::isnan(y); };

template <typename T> void popCount(Thread &t, const Instruction &i) {
  t.put<uint32_t>(i.d[0], uint32_t(std::popcount(t.get<T>(i.a))));
}
template <typename T> void leadingZeros(Thread &t, const Instruction &i) {
  t.put<uint32_t>(i.d[0], uint32_t(std::countl_zero(t.get<T>(i.a))));
}
template <typename T> void reverseBits(Thread &t, const Instruction &i) {
  T x = t.get<T>(i.a), y = 0;
  for (unsigned bit = 0; bit < 8 * sizeof(T); ++bit)
    y |= ((x >> bit) & 1) << (8 * sizeof(T) - 1 - bit);
  t.put<T>(i.d[0], y);
}
template <typename T> void extractBits(Thread &t, const Instruction &i) {
  uint32_t from = t.get<uint32_t>(i.b) & 0xff, count = t.get<uint32_t>(i.c) & 0xff, width = 8 * sizeof(T);
  T x = t.get<T>(i.a), y = from < width ? T(x >> from) : T(x < 0 ? -1 : 0);
  if (count < width) {
    using U = std::make_unsigned_t<T>;
    U mask = (U(1) << count) - 1;
    bool sign = std::is_signed_v<T> && count && ((U(x) >> std::min(from + count - 1, width - 1)) & 1);
    y = T((U(y) & mask) | (sign ? ~mask : 0));
  }
  t.put<T>(i.d[0], y);
}
template <typename T> void insertBits(Thread &t, const Instruction &i) {
  uint32_t from = t.get<uint32_t>(i.c) & 0xff, count = t.get<uint32_t>(i.e) & 0xff, width = 8 * sizeof(T);
  T mask = count >= width ? ~T(0) : (T(1) << count) - 1;
  mask = from >= width ? 0 : mask << from;
  T x = from >= width ? 0 : t.get<T>(i.a) << from;
  t.put<T>(i.d[0], (x & mask) | (t.get<T>(i.b) & ~mask));
}
/// shf: 64 bits of two words shifted, one word of it.
template <bool left, bool wraps> void funnelShift(Thread &t, const Instruction &i) {
  uint32_t by = t.get<uint32_t>(i.c);
  by = wraps ? by & 31 : std::min<uint32_t>(by, 32);
  uint64_t both = uint64_t(t.get<uint32_t>(i.b)) << 32 | t.get<uint32_t>(i.a);
  t.put<uint32_t>(i.d[0], uint32_t(left ? (both << by) >> 32 : both >> by));
}
void permuteBytes(Thread &t, const Instruction &i) {
  uint64_t both = uint64_t(t.get<uint32_t>(i.b)) << 32 | t.get<uint32_t>(i.a);
  uint32_t selector = t.get<uint32_t>(i.c), y = 0;
  for (unsigned k = 0; k < 4; ++k) {
    uint32_t nibble = selector >> (4 * k) & 0xf;
    uint8_t byte = uint8_t(both >> (8 * (nibble & 7)));
    if (nibble & 8)
      byte = byte & 0x80 ? 0xff : 0;
    y |= uint32_t(byte) << (8 * k);
  }
  t.put<uint32_t>(i.d[0], y);
}
void logic3(Thread &t, const Instruction &i) {
  uint32_t a = t.get<uint32_t>(i.a), b = t.get<uint32_t>(i.b), c = t.get<uint32_t>(i.c), table = t.get<uint32_t>(i.e),
           y = 0;
  for (unsigned bit = 0; bit < 32; ++bit)
    y |= (table >> ((a >> bit & 1) << 2 | (b >> bit & 1) << 1 | (c >> bit & 1)) & 1) << bit;
  t.put<uint32_t>(i.d[0], y);
}
void movPredicate(Thread &t, const Instruction &i) { t.put<uint8_t>(i.d[0], t.get<uint8_t>(i.a)); }

template <typename T, auto F> void test(Thread &t, const Instruction &i) { t.put<uint8_t>(i.d[0], F(t.get<T>(i.a))); }
template <typename T, auto F> struct Test {
  static constexpr Handler run = test<T, F>;
};

// ---- halves

template <typename H, auto F> void narrowUnary(Thread &t, const Instruction &i) {
  t.put<uint16_t>(i.d[0], H::narrow(F(H::widen(t.get<uint16_t>(i.a)))));
}
template <typename H, auto F> void narrowBinary(Thread &t, const Instruction &i) {
  t.put<uint16_t>(i.d[0], H::narrow(F(H::widen(t.get<uint16_t>(i.a)), H::widen(t.get<uint16_t>(i.b)))));
}
template <typename H, auto F> void narrowTernary(Thread &t, const Instruction &i) {
  t.put<uint16_t>(i.d[0], H::narrow(F(H::widen(t.get<uint16_t>(i.a)), H::widen(t.get<uint16_t>(i.b)),
                                      H::widen(t.get<uint16_t>(i.c)))));
}
/// f16x2, bf16x2: the two halves of a word.
template <typename H, auto F> void pairBinary(Thread &t, const Instruction &i) {
  uint32_t a = t.get<uint32_t>(i.a), b = t.get<uint32_t>(i.b);
  auto half = [&](unsigned shift) {
    return uint32_t(H::narrow(F(H::widen(uint16_t(a >> shift)), H::widen(uint16_t(b >> shift))))) << shift;
  };
  t.put<uint32_t>(i.d[0], half(0) | half(16));
}
template <typename H, auto F> void pairTernary(Thread &t, const Instruction &i) {
  uint32_t a = t.get<uint32_t>(i.a), b = t.get<uint32_t>(i.b), c = t.get<uint32_t>(i.c);
  auto half = [&](unsigned shift) {
    return uint32_t(H::narrow(
               F(H::widen(uint16_t(a >> shift)), H::widen(uint16_t(b >> shift)), H::widen(uint16_t(c >> shift)))))
           << shift;
  };
  t.put<uint32_t>(i.d[0], half(0) | half(16));
}
template <typename H, auto F> void narrowCompare(Thread &t, const Instruction &i) {
  t.put<uint8_t>(i.d[0], F(H::widen(t.get<uint16_t>(i.a)), H::widen(t.get<uint16_t>(i.b))));
}
template <typename H> Handler findNarrow(const std::string &name, const std::string &how) {
  if (name == "add")
    return narrowBinary<H, add>;
  if (name == "sub")
    return narrowBinary<H, sub>;
  if (name == "mul")
    return narrowBinary<H, mul>;
  if (name == "fma")
    return narrowTernary<H, fma>;
  if (name == "min")
    return how == "NaN" ? narrowBinary<H, orNan<minimum>> : narrowBinary<H, minimum>;
  if (name == "max")
    return how == "NaN" ? narrowBinary<H, orNan<maximum>> : narrowBinary<H, maximum>;
  if (name == "neg")
    return unary<uint16_t, [](auto x) { return x ^ 0x8000; }>;
  if (name == "abs")
    return unary<uint16_t, [](auto x) { return x & 0x7fff; }>;
  return nullptr;
}
template <typename H> Handler findPair(const std::string &name) {
  if (name == "add")
    return pairBinary<H, add>;
  if (name == "sub")
    return pairBinary<H, sub>;
  if (name == "mul")
    return pairBinary<H, mul>;
  return name == "fma" ? pairTernary<H, fma> : nullptr;
}
template <typename H> Handler findNarrowComparison(std::string_view how) {
  if (how == "eq")
    return narrowCompare<H, eq>;
  if (how == "ne")
    return narrowCompare<H, ne>;
  if (how == "lt")
    return narrowCompare<H, lt>;
  if (how == "le")
    return narrowCompare<H, le>;
  if (how == "gt")
    return narrowCompare<H, gt>;
  if (how == "ge")
    return narrowCompare<H, ge>;
  if (how == "equ")
    return narrowCompare<H, orUnordered<eq>>;
  if (how == "neu")
    return narrowCompare<H, orUnordered<ne>>;
  if (how == "ltu")
    return narrowCompare<H, orUnordered<lt>>;
  if (how == "leu")
    return narrowCompare<H, orUnordered<le>>;
  if (how == "gtu")
    return narrowCompare<H, orUnordered<gt>>;
  if (how == "geu")
    return narrowCompare<H, orUnordered<ge>>;
  if (how == "num")
    return narrowCompare<H, num>;
  if (how == "nan")
    return narrowCompare<H, nan>;
  return nullptr;
}

// ---- by opcode

Handler findComparison(std::string_view how, std::string_view type) {
  if (type == "f16")
    return findNarrowComparison<Half>(how);
  if (type == "bf16")
    return findNarrowComparison<Brain>(how);
  if (how == "eq")
    return forAny<Compare, eq>(type);
  if (how == "ne")
    return forAny<Compare, ne>(type);
  if (how == "lt" || how == "lo")
    return forAny<Compare, lt>(type);
  if (how == "le" || how == "ls")
    return forAny<Compare, le>(type);
  if (how == "gt" || how == "hi")
    return forAny<Compare, gt>(type);
  if (how == "ge" || how == "hs")
    return forAny<Compare, ge>(type);
  if (how == "equ")
    return forFloat<Compare, orUnordered<eq>>(type);
  if (how == "neu")
    return forFloat<Compare, orUnordered<ne>>(type);
  if (how == "ltu")
    return forFloat<Compare, orUnordered<lt>>(type);
  if (how == "leu")
    return forFloat<Compare, orUnordered<le>>(type);
  if (how == "gtu")
    return forFloat<Compare, orUnordered<gt>>(type);
  if (how == "geu")
    return forFloat<Compare, orUnordered<ge>>(type);
  if (how == "num")
    return forFloat<Compare, num>(type);
  if (how == "nan")
    return forFloat<Compare, nan>(type);
  return nullptr;
}

Handler findProduct(const std::string &name, const std::string &how, const std::string &type) {
  bool isMad = name == "mad";
  if (how == "lo")
    return isMad ? forInteger<Ternary, mad>(type) : forInteger<Binary, mul>(type);
  if (how == "hi")
    return isMad ? nullptr : forInteger<Binary, mulHigh>(type);
  if (how != "wide")
    return nullptr;
  if (type == "s16")
    return isMad ? madWide<int16_t, int32_t> : mulWide<int16_t, int32_t>;
  if (type == "u16")
    return isMad ? madWide<uint16_t, uint32_t> : mulWide<uint16_t, uint32_t>;
  if (type == "s32")
    return isMad ? madWide<int32_t, int64_t> : mulWide<int32_t, int64_t>;
  if (type == "u32")
    return isMad ? madWide<uint32_t, uint64_t> : mulWide<uint32_t, uint64_t>;
  return nullptr;
}

} // namespace

Handler findArithmetic(const std::vector<std::string> &op) {
  const std::string &name = op[0], &type = op.back(), middle = op.size() == 3 ? op[1] : "";
  bool isFloat = type == "f32" || type == "f64", isPlain = op.size() == 2, isRounded = middle == "rn";
  if (name == "cvt")
    return findConversion(op);
  if (name == "setp" && op.size() == 3)
    return findComparison(op[1], type);
  if (type == "f16" || type == "bf16") {
    if (!isPlain && !isRounded && middle != "NaN")
      return nullptr;
    return type == "f16" ? findNarrow<Half>(name, middle) : findNarrow<Brain>(name, middle);
  }
  if (type == "f16x2" || type == "bf16x2") {
    if (!isPlain && !isRounded)
      return nullptr;
    return type == "f16x2" ? findPair<Half>(name) : findPair<Brain>(name);
  }
  if ((name == "mul" || name == "mad") && op.size() == 3 && !isFloat)
    return findProduct(name, op[1], type);
  if (name == "testp" && op.size() == 3) {
    if (middle == "infinite")
      return forFloat<Test, [](auto x) { return std::isinf(x); }>(type);
    if (middle == "finite")
      return forFloat<Test, [](auto x) { return std::isfinite(x); }>(type);
    if (middle == "number")
      return forFloat<Test, [](auto x) { return !std::isnan(x); }>(type);
    if (middle == "notanumber")
      return forFloat<Test, [](auto x) { return std::isnan(x); }>(type);
  }
  if (isFloat && isRounded) {
    if (name == "add")
      return forFloat<Binary, add>(type);
    if (name == "sub")
      return forFloat<Binary, sub>(type);
    if (name == "mul")
      return forFloat<Binary, mul>(type);
    if (name == "fma")
      return forFloat<Ternary, fma>(type);
    if (name == "div")
      return forFloat<Binary, divide>(type);
    if (name == "sqrt")
      return forFloat<Unary, root>(type);
    if (name == "rcp")
      return forFloat<Unary, reciprocal>(type);
  }
  if (middle == "relu" && type == "s32") { // a negative result becomes 0
    if (name == "min")
      return binary<int32_t, [](auto x, auto y) { return std::max(std::min(x, y), 0); }>;
    if (name == "max")
      return binary<int32_t, [](auto x, auto y) { return std::max({x, y, 0}); }>;
  }
  if (name == "ex2" && op.size() == 4 && op[1] == "approx" && op[2] == "ftz" && type == "f32")
    return unary<float, power>;
  if (isFloat && middle == "NaN") {
    if (name == "min")
      return forFloat<Binary, orNan<minimum>>(type);
    if (name == "max")
      return forFloat<Binary, orNan<maximum>>(type);
  }
  if (name == "shf" && op.size() == 4) {
    if (op[1] == "l")
      return op[2] == "wrap" ? funnelShift<true, true> : funnelShift<true, false>;
    if (op[1] == "r")
      return op[2] == "wrap" ? funnelShift<false, true> : funnelShift<false, false>;
  }
  if (!isPlain)
    return nullptr;
  if (name == "mov" && type == "pred")
    return movPredicate;
  if (name == "mov")
    return type == "f32"   ? Handler(unary<uint32_t, identity>)
           : type == "f64" ? Handler(unary<uint64_t, identity>)
                           : forInteger<Unary, identity>(type);
  if (name == "min")
    return forAny<Binary, minimum>(type);
  if (name == "max")
    return forAny<Binary, maximum>(type);
  if (name == "neg")
    return forAny<Unary, negate>(type);
  if (name == "abs")
    return forAny<Unary, absolute>(type);
  if (name == "copysign")
    return forFloat<Binary, withSign>(type);
  if (name == "selp")
    return forAny<Select, 0>(type);
  if (isFloat) { // ptxas may join such a product with a sum, as the flags of the op allow; here each is rounded
    if (name == "add")
      return forFloat<Binary, add>(type);
    if (name == "sub")
      return forFloat<Binary, sub>(type);
    return name == "mul" ? forFloat<Binary, mul>(type) : nullptr;
  }
  if (name == "add")
    return forInteger<Binary, add>(type);
  if (name == "sub")
    return forInteger<Binary, sub>(type);
  if (name == "div")
    return forInteger<Binary, divide>(type);
  if (name == "rem")
    return forInteger<Binary, remainder>(type);
  if (name == "shl")
    return forInteger<Shift, shiftLeft>(type);
  if (name == "shr")
    return forInteger<Shift, shiftRight>(type);
  if (type == "pred") {
    if (name == "and")
      return binary<uint8_t, bitAnd>;
    if (name == "or")
      return binary<uint8_t, bitOr>;
    if (name == "xor")
      return binary<uint8_t, bitXor>;
    if (name == "not")
      return unary<uint8_t, [](auto x) { return uint8_t(!x); }>;
    return nullptr;
  }
  if (name == "and")
    return forInteger<Binary, bitAnd>(type);
  if (name == "or")
    return forInteger<Binary, bitOr>(type);
  if (name == "xor")
    return forInteger<Binary, bitXor>(type);
  if (name == "not")
    return forInteger<Unary, bitNot>(type);
  if (name == "popc")
    return type == "b64" ? popCount<uint64_t> : popCount<uint32_t>;
  if (name == "clz")
    return type == "b64" ? leadingZeros<uint64_t> : leadingZeros<uint32_t>;
  if (name == "brev")
    return type == "b64" ? reverseBits<uint64_t> : reverseBits<uint32_t>;
  if (name == "bfe")
    return type == "s32"   ? extractBits<int32_t>
           : type == "u32" ? extractBits<uint32_t>
           : type == "s64" ? extractBits<int64_t>
                           : extractBits<uint64_t>;
  if (name == "bfi")
    return type == "b64" ? insertBits<uint64_t> : insertBits<uint32_t>;
  if (name == "prmt" && type == "b32")
    return permuteBytes;
  if (name == "lop3" && type == "b32")
    return logic3;
  return nullptr;
}

} // namespace cameo::sim
