// MathFunctions.h - exp, log, tanh, erf, ... of f32 as straight-line arithmetic, for scalars and 1-D vectors of any
// length.
//
// | function | largest error (ULP) | method, source |
// |---|---|---|
// | exp | 1.0 | 2^n * e^r, r in [-ln2/2, ln2/2], Cody-Waite reduction, degree 6 |
// | exp2 of at most 0 | 1.4 | p(r), r in [-1/2, 1/2], or in [0, 1) with AVX-512's scaling, degree 6 |
// | expm1 | 1.5 | the same reduction, 2^n * (e^r - 1) + (2^n - 1) |
// | log | 1.1 | m in [2/3, 4/3), degree 9; coefficients of N. Juffa's logf |
// | log1p | 1.1 | as log with the rounding of 1 + x given back; coefficients of N. Juffa's log1pf |
// | tanh | 1.4 | odd degree 11 below 0.625, else 1 - 2e / (1 + e), e = e^-2|x| |
// | erf | 1.1 | odd degree 13 below 0.93, else 1 - e^p(|x|); coefficients of N. Juffa's erff |
// | sin, cos | 1.5 | reduction by multiples of pi/2 in f64 up to 2^20, libm's function beyond |
// | pow | 0.6 | 2^(y log2 |x|) in f64 |
// | atan, asin, acos, sinh, cosh, asinh, acosh, atanh | 0.6 | in f64, with fused multiply-add; else libm's functions |
//
// Of the activations composed of these (Scalar.h) sigmoid has 2.2, GELU of positive numbers 3.2.
//
// Subnormal arguments and results, infinities, NaN and the sign of zero are those of C's libm. The errors hold with and
// without fused multiply-add. Other functions and f64 stay calls of libm.
#ifndef CAMEO_CODEGEN_MATHFUNCTIONS_H
#define CAMEO_CODEGEN_MATHFUNCTIONS_H

#include "mlir/IR/PatternMatch.h"

namespace cameo::codegen {

/// What arithmetic a target has.
struct MathTarget {
  bool hasFma = false;   ///< multiplies and adds in one instruction; otherwise math.fma would be a call
  bool hasScale = false; ///< AVX-512's vreduceps and vscalefps
};

/// Rewrites math.exp, math.log, ... of f32 into arith ops. A math.exp or math.exp2 with the flag `afn` has an argument
/// of at most 0, and results below 2^-126 may become 0: softmax and activations ask for this. A math.exp2 without it
/// stays a call.
void populateMathFunctionPatterns(mlir::RewritePatternSet &patterns, MathTarget target);

/// Rewrites inverse and hyperbolic functions of f32, and of f64 where that isn't kept, for targets with fused
/// multiply-add.
void populateInverseMathFunctionPatterns(mlir::RewritePatternSet &patterns, bool keepsF64);

/// Rewrites what all patterns above leave, f64 included, for targets without libm and with fused multiply-add.
void populateOtherMathFunctionPatterns(mlir::RewritePatternSet &patterns);

} // namespace cameo::codegen
#endif
