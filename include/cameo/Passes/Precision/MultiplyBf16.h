// MultiplyBf16.h - a layer of f32 as products of bf16.
#ifndef CAMEO_PASSES_PRECISION_MULTIPLYBF16_H
#define CAMEO_PASSES_PRECISION_MULTIPLYBF16_H
#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

/// A copy of `layer`, whose operands and only result are f32, that reads its operands rounded to bf16; gives the copy's result as
/// f32. Kernels of bf16 add in f32. `layer` itself stays.
mlir::Value multiplyBf16(ShapeAnalysis &shapes, mlir::Operation *layer);

} // namespace cameo
#endif
