// Pooling.h - what ONNX Runtime's 8-bit pools and convolutions take from ONNX's.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_POOLING_H
#define CAMEO_IMPORT_ONNX_HANDLERS_POOLING_H

#include "cameo/Import/ONNX/OpBinder.h"

namespace cameo::onnx {

/// The node's AveragePool of x [N, C, spatial..], which stands in for its first input. Null on failure (reported).
mlir::Value averagePoolOf(OpBinder &op, mlir::Value x);

/// [N, spatial.., C] as [N, C, spatial..], and back; null gives null.
mlir::Value channelsFirst(OpBinder &op, mlir::Value x);
mlir::Value channelsLast(OpBinder &op, mlir::Value x);

} // namespace cameo::onnx
#endif
