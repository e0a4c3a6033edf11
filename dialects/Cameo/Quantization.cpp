// Quantization.cpp - registers the quantization ops; their bodies are in Scalar.cpp.
#include "cameo/Dialect/Cameo/Cameo.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/QuantizationOps.cpp.inc"

namespace cameo {
void registerQuantizationOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/QuantizationOps.cpp.inc"
      >();
}
} // namespace cameo

LogicalResult DequantizeOp::verify() {
  Type x = getElementTypeOrSelf(getX().getType()), zero = getElementTypeOrSelf(getZeroPoint().getType());
  if (x != zero || x.getIntOrFloatBitWidth() > 32)
    return emitOpError("has integers of types ")
           << x << " and " << zero << "; expected one type of at most 32 bits"; // C1
  return success();
}
