// NarrowFloat.h - ONNX's floats of 8 bits or less.
#pragma once
#include <cstdint>

namespace cameo::run {

bool isNarrowFloat(uint32_t dtype);
/// The value that the bits mean. Exact.
double narrowToDouble(uint32_t dtype, unsigned bits);
/// The nearest value (ties to even); what is too large becomes the largest one. f8e8m0: the nearest power of two, ties
/// up.
unsigned doubleToNarrow(uint32_t dtype, double value);

} // namespace cameo::run
