// Interpolation.cpp - the kernels declared in Interpolation.h.
#include "Interpolation.h"

using namespace mlir;
using namespace cameo;

Value cameo::linearKernel(const FloatMath &m, Value x) {
  Value w = m.sub(m.constant(1), m.abs(x)), zero = m.constant(0);
  return m.select(m.less(w, zero), zero, w);
}

Value cameo::cubicKernel(const FloatMath &m, Value x, double a) {
  x = m.abs(x);
  // |x| <= 1: (a + 2) x^3 - (a + 3) x^2 + 1;  |x| < 2: a x^3 - 5 a x^2 + 8 a x - 4 a
  Value square = m.mul(x, x);
  Value near = m.add(m.mul(m.sub(m.mul(x, a + 2), a + 3), square), 1);
  Value far = m.sub(m.mul(m.add(m.mul(m.sub(m.mul(x, a), 5 * a), x), 8 * a), x), 4 * a);
  Value rest = m.select(m.less(x, m.constant(2)), far, m.constant(0));
  return m.select(m.lessEqual(x, m.constant(1)), near, rest);
}
