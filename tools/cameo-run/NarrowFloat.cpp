// NarrowFloat.cpp - see NarrowFloat.h.
#include "cameo-run/NarrowFloat.h"
#include "cameo/Runtime/KernelABI.h"
#include <algorithm>
#include <cmath>

namespace cameo::run {
namespace {

/// Sign, exponent, `mantissa` bits: (1 + m / 2^mantissa) * 2^(exponent - bias). Codes above `largest` are infinity
/// (where the type has it) and NaN.
struct Layout {
  int width, mantissa, bias;
  unsigned largest, nan;
  bool hasInfinity;
};

constexpr Layout kLayouts[] = {{8, 3, 7, 0x7e, 0x7f, false},
                               {8, 3, 8, 0x7f, 0x80, false},
                               {8, 2, 15, 0x7b, 0x7e, true},
                               {8, 2, 16, 0x7f, 0x80, false}};
constexpr Layout kFloat4{4, 1, 1, 7, 0, false};

const Layout &layoutOf(uint32_t dtype) { return dtype == CAMEO_F4E2M1 ? kFloat4 : kLayouts[dtype - CAMEO_F8E4M3FN]; }

} // namespace

bool isNarrowFloat(uint32_t dtype) {
  return (dtype >= CAMEO_F8E4M3FN && dtype <= CAMEO_F8E5M2FNUZ) || dtype == CAMEO_F8E8M0 || dtype == CAMEO_F4E2M1;
}

double narrowToDouble(uint32_t dtype, unsigned bits) {
  if (dtype == CAMEO_F8E8M0)
    return bits == 255 ? NAN : std::ldexp(1.0, int(bits) - 127);
  const Layout &layout = layoutOf(dtype);
  unsigned sign = 1u << (layout.width - 1), magnitude = bits & (sign - 1);
  if (layout.nan == sign && bits == sign)
    return NAN;
  int exponent = int(magnitude >> layout.mantissa);
  double mantissa = magnitude & ((1u << layout.mantissa) - 1);
  double value = exponent
                     ? std::ldexp(std::ldexp(1.0, layout.mantissa) + mantissa, exponent - layout.bias - layout.mantissa)
                     : std::ldexp(mantissa, 1 - layout.bias - layout.mantissa);
  if (magnitude > layout.largest)
    value = layout.hasInfinity && mantissa == 0 ? INFINITY : NAN;
  return bits & sign ? -value : value;
}

unsigned doubleToNarrow(uint32_t dtype, double value) {
  double size = std::fabs(value);
  if (dtype == CAMEO_F8E8M0) {
    if (std::isnan(value))
      return 255;
    int exponent = size > 0 ? std::ilogb(std::min(size, 1e40)) : -127;
    return unsigned(std::clamp(exponent + (size >= std::ldexp(1.5, exponent)) + 127, 0, 254));
  }
  const Layout &layout = layoutOf(dtype);
  if (std::isnan(value))
    return layout.nan;
  int exponent = size > 0 ? std::max(std::ilogb(std::min(size, 1e9)), 1 - layout.bias) : 1 - layout.bias;
  // Rounding may carry into the exponent, which is then right as well.
  double code = std::ldexp(exponent + layout.bias - 1, layout.mantissa) +
                std::nearbyint(std::ldexp(size, layout.mantissa - exponent));
  unsigned magnitude = unsigned(std::min<double>(code, layout.largest));
  bool isNegative = std::signbit(value) && (magnitude || layout.nan != 1u << (layout.width - 1));
  return magnitude | unsigned(isNegative) << (layout.width - 1);
}

} // namespace cameo::run
