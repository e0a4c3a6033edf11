// MultiplyNarrow.h - an op that adds products of f32, with products of bf16 or f16.
#ifndef CAMEO_PASSES_PRECISION_MULTIPLYNARROW_H
#define CAMEO_PASSES_PRECISION_MULTIPLYNARROW_H
#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

/// A copy of `op`, whose results are f32, that reads its operands with the numbers `factors`, which are f32, rounded to
/// `narrow` (bf16 or f16); gives the copy's results as f32. Kernels of both add in f32. `op` itself stays.
llvm::SmallVector<mlir::Value> multiplyNarrow(ShapeAnalysis &shapes, mlir::Operation *op,
                                              llvm::ArrayRef<unsigned> factors, mlir::Type narrow);

} // namespace cameo
#endif
