// Conversions.cpp - cvt: one handler per pair of types and rounding.
#include "Machine.h"
#include "NarrowFloats.h"
#include <limits>

namespace cameo::sim {

namespace {

template <typename To, typename From> void widen(Thread &t, const Instruction &i) {
  t.put<To>(i.d[0], To(t.get<From>(i.a)));
}
void toTf32(Thread &t, const Instruction &i) {
  uint32_t x = t.get<uint32_t>(i.a);
  t.put<uint32_t>(i.d[0], (x & 0x7f800000) == 0x7f800000 ? x : (x + 0x1000) & ~0x1fffu);
}

enum Rounding { ToEven, ToZero, Down, Up };

template <typename F> F roundToIntegral(F x, Rounding rounding) {
  switch (rounding) {
  case ToEven:
    return std::nearbyint(x);
  case ToZero:
    return std::trunc(x);
  case Down:
    return std::floor(x);
  default:
    return std::ceil(x);
  }
}
/// What does not fit becomes the nearest number, NaN becomes 0.
template <typename To, typename From> To integerOf(From x) {
  To y = 0;
  if (x >= std::ldexp(From(1), std::numeric_limits<To>::digits))
    y = std::numeric_limits<To>::max();
  else if (x < From(std::numeric_limits<To>::min()))
    y = std::numeric_limits<To>::min();
  else if (x == x)
    y = To(x);
  return y;
}
template <typename To, typename From, int rounding> void floatToInteger(Thread &t, const Instruction &i) {
  t.put<To>(i.d[0], integerOf<To>(roundToIntegral(t.get<From>(i.a), Rounding(rounding))));
}
template <typename To, typename H, int rounding> void narrowToInteger(Thread &t, const Instruction &i) {
  t.put<To>(i.d[0], integerOf<To>(roundToIntegral(H::widen(t.get<uint16_t>(i.a)), Rounding(rounding))));
}
template <typename H, int rounding> void roundNarrow(Thread &t, const Instruction &i) {
  t.put<uint16_t>(i.d[0], H::narrow(roundToIntegral(H::widen(t.get<uint16_t>(i.a)), Rounding(rounding))));
}
template <typename F, int rounding> void roundFloat(Thread &t, const Instruction &i) {
  t.put<F>(i.d[0], roundToIntegral(t.get<F>(i.a), Rounding(rounding)));
}
void saturate(Thread &t, const Instruction &i) {
  float x = t.get<float>(i.a);
  t.put<float>(i.d[0], x > 0 ? std::min(x, 1.0f) : 0.0f);
}

template <typename To, typename H> void narrowTo(Thread &t, const Instruction &i) {
  t.put<To>(i.d[0], To(H::widen(t.get<uint16_t>(i.a))));
}
template <typename H, typename From> void toNarrow(Thread &t, const Instruction &i) {
  t.put<uint16_t>(i.d[0], H::narrow(double(t.get<From>(i.a))));
}
template <auto narrow> void packHalves(Thread &t, const Instruction &i) {
  t.put<uint32_t>(i.d[0], uint32_t(narrow(t.get<float>(i.a))) << 16 | narrow(t.get<float>(i.b)));
}
template <typename H> Handler narrowFrom(std::string_view from) {
  if (from == "f32")
    return toNarrow<H, float>;
  if (from == "f64")
    return toNarrow<H, double>;
  if (from == "s8")
    return toNarrow<H, int8_t>;
  if (from == "u8")
    return toNarrow<H, uint8_t>;
  if (from == "s16")
    return toNarrow<H, int16_t>;
  if (from == "u16")
    return toNarrow<H, uint16_t>;
  if (from == "s32")
    return toNarrow<H, int32_t>;
  if (from == "u32")
    return toNarrow<H, uint32_t>;
  if (from == "s64")
    return toNarrow<H, int64_t>;
  if (from == "u64")
    return toNarrow<H, uint64_t>;
  return nullptr;
}

template <typename To> Handler widenTo(std::string_view from) {
  if (from == "s8")
    return widen<To, int8_t>;
  if (from == "u8")
    return widen<To, uint8_t>;
  if (from == "s16")
    return widen<To, int16_t>;
  if (from == "u16")
    return widen<To, uint16_t>;
  if (from == "s32")
    return widen<To, int32_t>;
  if (from == "u32")
    return widen<To, uint32_t>;
  if (from == "s64")
    return widen<To, int64_t>;
  if (from == "u64")
    return widen<To, uint64_t>;
  return nullptr;
}
template <typename From, int rounding> Handler integerFrom(std::string_view to) {
  if (to == "s16")
    return floatToInteger<int16_t, From, rounding>;
  if (to == "u16")
    return floatToInteger<uint16_t, From, rounding>;
  if (to == "s32")
    return floatToInteger<int32_t, From, rounding>;
  if (to == "u32")
    return floatToInteger<uint32_t, From, rounding>;
  if (to == "s64")
    return floatToInteger<int64_t, From, rounding>;
  if (to == "u64")
    return floatToInteger<uint64_t, From, rounding>;
  return nullptr;
}
template <typename H, int rounding> Handler integerFromNarrow(std::string_view to) {
  if (to == "s16")
    return narrowToInteger<int16_t, H, rounding>;
  if (to == "u16")
    return narrowToInteger<uint16_t, H, rounding>;
  if (to == "s32")
    return narrowToInteger<int32_t, H, rounding>;
  if (to == "u32")
    return narrowToInteger<uint32_t, H, rounding>;
  if (to == "s64")
    return narrowToInteger<int64_t, H, rounding>;
  if (to == "u64")
    return narrowToInteger<uint64_t, H, rounding>;
  return nullptr;
}
template <int rounding> Handler roundedTo(std::string_view to, std::string_view from) {
  if (to == "f32" && from == "f32")
    return roundFloat<float, rounding>;
  if (to == "f64" && from == "f64")
    return roundFloat<double, rounding>;
  if (to == "f16" && from == "f16")
    return roundNarrow<Half, rounding>;
  if (to == "bf16" && from == "bf16")
    return roundNarrow<Brain, rounding>;
  if (from == "f16")
    return integerFromNarrow<Half, rounding>(to);
  if (from == "bf16")
    return integerFromNarrow<Brain, rounding>(to);
  if (from == "f32")
    return integerFrom<float, rounding>(to);
  return from == "f64" ? integerFrom<double, rounding>(to) : nullptr;
}

} // namespace

Handler findConversion(const std::vector<std::string> &op) {
  if (op.size() < 3)
    return nullptr;
  const std::string &to = op[op.size() - 2], &from = op.back();
  std::string how;
  for (size_t i = 1; i + 2 < op.size(); ++i)
    how += (i > 1 ? "." : "") + op[i];
  if (how == "rni")
    return roundedTo<ToEven>(to, from);
  if (how == "rzi")
    return roundedTo<ToZero>(to, from);
  if (how == "rmi")
    return roundedTo<Down>(to, from);
  if (how == "rpi")
    return roundedTo<Up>(to, from);
  if (how == "rna" && to == "tf32" && from == "f32")
    return toTf32;
  if (how == "sat")
    return to == "f32" && from == "f32" ? saturate : nullptr;
  if (how == "rn") {
    if (to == "f32")
      return from == "f64" ? widen<float, double> : from == "bf16" ? narrowTo<float, Brain> : widenTo<float>(from);
    if (to == "f64")
      return widenTo<double>(from);
    if (to == "f16")
      return narrowFrom<Half>(from);
    if (to == "bf16")
      return narrowFrom<Brain>(from);
    if (to == "f16x2")
      return from == "f32" ? packHalves<[](float x) { return toHalf(x); }> : nullptr;
    if (to == "bf16x2")
      return from == "f32" ? packHalves<[](float x) { return toBf16(x); }> : nullptr;
    return nullptr;
  }
  if (!how.empty())
    return nullptr;
  if (to == "f64")
    return from == "f32"    ? widen<double, float>
           : from == "f16"  ? narrowTo<double, Half>
           : from == "bf16" ? narrowTo<double, Brain>
                            : nullptr;
  if (to == "f32")
    return from == "f16"    ? narrowTo<float, Half>
           : from == "bf16" ? narrowTo<float, Brain>
           : from == "f32"  ? widen<float, float>
                            : nullptr;
  if (to == "s8")
    return widenTo<int8_t>(from);
  if (to == "u8")
    return widenTo<uint8_t>(from);
  if (to == "s16")
    return widenTo<int16_t>(from);
  if (to == "u16")
    return widenTo<uint16_t>(from);
  if (to == "s32")
    return widenTo<int32_t>(from);
  if (to == "u32")
    return widenTo<uint32_t>(from);
  if (to == "s64")
    return widenTo<int64_t>(from);
  if (to == "u64")
    return widenTo<uint64_t>(from);
  return nullptr;
}

} // namespace cameo::sim
