// NarrowFloats.h - f16 and bf16: their numbers as float and double, and what rounds to them.
#ifndef TOOLS_CUDA_SIM_NARROWFLOATS_H
#define TOOLS_CUDA_SIM_NARROWFLOATS_H

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace cameo::sim {

inline float fromHalf(uint16_t bits) {
  uint32_t magnitude = uint32_t(bits & 0x7fff) << 13;
  float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
  if ((bits & 0x7c00) == 0x7c00)
    scaled = std::bit_cast<float>(magnitude | 0x7f800000u);
  return std::copysign(scaled, bits & 0x8000 ? -1.0f : 1.0f);
}
inline float fromBf16(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

/// To nearest even, from a double so that one rounding does it for f32 and f64.
inline uint16_t toHalf(double x) {
  uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  x = std::fabs(x);
  if (x != x)
    return 0x7fff;
  if (x >= 65520)
    return sign | 0x7c00;
  if (x == 0)
    return sign;
  int exponent;
  std::frexp(x, &exponent);
  exponent = std::max(exponent - 1, -14);
  double units = std::nearbyint(std::ldexp(x, 10 - exponent)); // of the last place
  return uint16_t(sign | (uint32_t(exponent + 14) * 1024 + uint32_t(units)));
}
inline uint16_t toBf16(float x) {
  if (x != x)
    return 0x7fff;
  uint32_t bits = std::bit_cast<uint32_t>(x);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// f16 and bf16 as types whose numbers are computed in double: the one rounding is that to the type.
struct Half {
  static double widen(uint16_t bits) { return fromHalf(bits); }
  static uint16_t narrow(double x) { return toHalf(x); }
};
struct Brain {
  static double widen(uint16_t bits) { return fromBf16(bits); }
  static uint16_t narrow(double x) { // rounds to odd first, so that the second rounding sees what the first lost
    float rounded = float(x);
    uint32_t bits = std::bit_cast<uint32_t>(rounded);
    if (rounded == rounded && double(rounded) != x && !std::isinf(rounded) && !(bits & 1))
      rounded = std::nextafter(rounded, x > double(rounded) ? INFINITY : -INFINITY);
    return toBf16(rounded);
  }
};

} // namespace cameo::sim
#endif
