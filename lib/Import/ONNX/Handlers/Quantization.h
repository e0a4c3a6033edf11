// Quantization.h - what ONNX's and ONNX Runtime's quantized nodes share.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_QUANTIZATION_H
#define CAMEO_IMPORT_ONNX_HANDLERS_QUANTIZATION_H

#include "Compose.h"

namespace cameo::onnx {

/// An E-QUANT error when `input`, a scale, is a constant that is not positive and finite.
mlir::LogicalResult checkScale(OpBinder &op, size_t input);
/// True when `v` holds one value for all: a scalar, or a vector of size 1.
bool isPerTensor(OpBinder &op, mlir::Value v);

/// x as ui8 with the scale and zero point that make its range, widened to hold 0, fill 0 to 255.
struct DynamicQuantized {
  mlir::Value value, scale, zero;
};
DynamicQuantized dynamicallyQuantized(Compose &c, mlir::Value x);

/// (a - aZero) (b - bZero) in i32. A vector of zero points belongs to the rows of a and the columns of b; null ones are
/// 0.
mlir::Value integerMatMul(Compose &c, mlir::Value a, mlir::Value aZero, mlir::Value b, mlir::Value bZero,
                          bool transposeA = false, bool transposeB = false);
/// sums * factor, rounded, plus the zero point, whose element type the result has.
mlir::Value requantize(Compose &c, mlir::Value sums, mlir::Value factor, mlir::Value zeroPoint);

} // namespace cameo::onnx
#endif
