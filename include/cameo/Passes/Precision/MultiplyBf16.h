// MultiplyBf16.h - an op that adds products of f32, with products of bf16.
#ifndef CAMEO_PASSES_PRECISION_MULTIPLYBF16_H
#define CAMEO_PASSES_PRECISION_MULTIPLYBF16_H
#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

/// A copy of `op`, whose results are f32, that reads its operands with the numbers `factors`, which are f32, rounded to
/// bf16; gives the copy's results as f32. Kernels of bf16 add in f32. `op` itself stays.
llvm::SmallVector<mlir::Value> multiplyBf16(ShapeAnalysis &shapes, mlir::Operation *op,
                                            llvm::ArrayRef<unsigned> factors);

} // namespace cameo
#endif
