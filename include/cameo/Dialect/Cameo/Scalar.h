// Scalar.h - bodies of pointwise ops that are longer than a line. They work on scalars and on vectors of a compute
// type.
#ifndef CAMEO_DIALECT_CAMEO_SCALAR_H
#define CAMEO_DIALECT_CAMEO_SCALAR_H

#include "cameo/Dialect/Cameo/ElementType.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace cameo {

/// x / y for integers of semantic type `element`; 0 where y is 0, wrapping where the quotient overflows.
mlir::Value safeIntegerDivide(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y, mlir::Type element);
/// x - y * trunc(x / y); 0 where y is 0.
mlir::Value safeIntegerRemainder(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y, mlir::Type element);
/// x - y * floor(x / y), with y's sign; for integers 0 where y is 0.
mlir::Value moduloScalar(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y, mlir::Type element);
/// x to the power of y, wrapping; a negative power is 0 unless |x| is 1.
mlir::Value integerPower(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y, mlir::Type element);
/// The bits of x, an element of type `from`, as an element of type `to` of the same number of bits.
mlir::Value reinterpretScalar(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Type from, mlir::Type to);

mlir::Value sigmoidScalar(mlir::ImplicitLocOpBuilder &b, mlir::Value x);
mlir::Value hardSigmoidScalar(mlir::ImplicitLocOpBuilder &b, mlir::Value x, double alpha, double beta);
mlir::Value mishScalar(mlir::ImplicitLocOpBuilder &b, mlir::Value x);
mlir::Value geluScalar(mlir::ImplicitLocOpBuilder &b, mlir::Value x, bool approximate);

/// x / scale, rounded half to even, plus zeroPoint, limited to the range of the integer type `to`; or x / scale +
/// zeroPoint rounded to the narrow float type `to`. x and scale have the compute types of `element` and `scaleElement`.
mlir::Value quantizeScalar(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value scale, mlir::Value zeroPoint,
                           mlir::Type element, mlir::Type scaleElement, mlir::Type to, NarrowRounding rounding);
/// (x - zeroPoint) * scale in the compute type of `to`; x and zeroPoint are integers or narrow floats of type
/// `element`.
mlir::Value dequantizeScalar(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value scale, mlir::Value zeroPoint,
                             mlir::Type element, mlir::Type to);

} // namespace cameo
#endif
