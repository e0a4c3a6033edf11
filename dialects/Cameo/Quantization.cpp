// Quantization.cpp - registers the quantization ops, whose bodies are in Scalar.cpp; shapes and elements of unpack.
#include "IndexHelpers.h"

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

LogicalResult UnpackOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (int64_t bits = getBits(); bits != 1 && bits != 2 && bits != 4)
    return emitOpError("bits is ") << bits << "; expected 1, 2 or 4"; // C1
  ShapeInfo info = shapes.get(getX());
  if (info.rank() == 0)
    return emitOpError("operand is a scalar; expected rank 1 or more"); // C2
  info.dims.back() = shapes.dims().mul(info.dims.back(), 8 / getBits());
  info.contents.reset();
  results.push_back(std::move(info));
  return success();
}

Value UnpackOp::elementAt(KernelEmitter &, OpBuilder &b, ArrayRef<Tensor> operands, ArrayRef<Dim>, ValueRange indices) {
  Location loc = getLoc();
  int64_t perByte = 8 / getBits();
  Value count = constantIndex(b, loc, perByte);
  SmallVector<Value> from(indices);
  from.back() = arith::DivUIOp::create(b, loc, indices.back(), count);
  Value byte = operands[0].load(b, loc, from);
  Value place = arith::IndexCastUIOp::create(b, loc, byte.getType(),
                                             Value(arith::RemUIOp::create(b, loc, indices.back(), count)));
  Value shift = arith::MulIOp::create(b, loc, place, constantInt(b, loc, byte.getType(), getBits()));
  return arith::AndIOp::create(b, loc, Value(arith::ShRUIOp::create(b, loc, byte, shift)),
                               constantInt(b, loc, byte.getType(), (1 << getBits()) - 1));
}
