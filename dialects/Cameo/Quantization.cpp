// Quantization.cpp - registers the quantization ops, whose bodies are in Scalar.cpp; shapes and loops of unpack and
// matmul_nbits.
#include "IndexHelpers.h"
#include "cameo/Dialect/Cameo/BlockedParameter.h"
#include "cameo/Dialect/Cameo/SizeRequirements.h"

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

Value UnpackOp::elementAt(KernelEmitter &, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim>,
                          ValueRange indices) {
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

// ---- dequantize

int64_t DequantizeOp::zeroPointOperand(unsigned operand) { return operand == 0 ? 2 : -1; }

// ---- matmul_nbits

LogicalResult MatMulNBitsOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &weights = shapes.get(getWeights());
  DimContext &d = shapes.dims();
  int64_t block = getBlock(), bits = bitsOfWeights(*this);
  if (x.rank() == 0)
    return emitOpError("operand is a scalar; expected rank 1 or more"); // C1
  if (block != 16 && block != 32 && (block < 64 || block % 64 != 0))
    return emitOpError("block is ") << block << "; expected 16, 32 or a multiple of 64"; // C2
  if (weights.rank() != 2)
    return emitOpError("weights have rank ") << weights.rank() << "; expected 2"; // C3
  Dim blocks = d.ceilDiv(x.dims.back(), block);
  if (failed(verifySameSize(*this, weights.dims[1], d.mul(blocks, block * bits / 8),
                            "bytes of a row of weights"))) // C1 C3
    return failure();
  for (auto [name, operand] : {std::pair("scale", getScale()), std::pair("zero", getZero())}) {
    const ShapeInfo &info = shapes.get(operand);
    if (info.rank() != 2)
      return emitOpError() << name << " has rank " << info.rank() << "; expected 2"; // C4
    if (failed(verifySameSize(*this, info.dims[0], weights.dims[0], Twine("rows of ") + name)) ||
        failed(verifySameSize(*this, info.dims[1], blocks, Twine("blocks of ") + name))) // C4
      return failure();
  }
  ShapeInfo info{x.elementType, x.dims, std::nullopt};
  info.dims.back() = weights.dims[0];
  results.push_back(std::move(info));
  return success();
}

LogicalResult MatMulNBitsOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                       ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &weights = operands[1], &scale = operands[2], &zero = operands[3];
  Value length = k.size(x.dims.back());
  k.parallelNest(b, getLoc(), results[0].dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    auto number = [&](int64_t v) { return constantIndex(b, loc, v); };
    auto body = [&](OpBuilder &b, Location loc, ValueRange kk, ValueRange carried) {
      auto integer = [&](Value v, int64_t n) { return constantInt(b, loc, v.getType(), n); };
      int64_t width = bitsOfWeights(*this), perByte = 8 / width;
      Value bits = weights.load(b, loc, {at.back(), arith::DivUIOp::create(b, loc, kk[0], number(perByte))});
      if (perByte > 1) {
        Value isHigh = arith::IndexCastUIOp::create(b, loc, bits.getType(),
                                                    Value(arith::RemUIOp::create(b, loc, kk[0], number(perByte))));
        Value shift = arith::MulIOp::create(b, loc, isHigh, integer(bits, width));
        bits = arith::AndIOp::create(b, loc, Value(arith::ShRUIOp::create(b, loc, bits, shift)), integer(bits, 15));
      }
      SmallVector<Value> block{at.back(), arith::DivUIOp::create(b, loc, kk[0], number(getBlock()))};
      ImplicitLocOpBuilder inner(loc, b);
      Type f32 = b.getF32Type();
      Value factor = convertScalar(b, loc, scale.load(b, loc, block), scale.elementType, f32);
      Value w = dequantizeScalar(inner, bits, factor, zero.load(b, loc, block), weights.elementType, f32);
      SmallVector<Value> from(at);
      from.back() = kk[0];
      Value left = convertScalar(b, loc, x.load(b, loc, from), x.elementType, f32);
      return SmallVector<Value>{addScalar(b, loc, carried[0], mulScalar(b, loc, left, w), k.mayReassociate())};
    };
    Value sum = reduceNest(b, loc, {length}, {constantScalar(b, loc, b.getF32Type(), 0)}, body)[0];
    results[0].store(b, loc, convertScalar(b, loc, sum, b.getF32Type(), x.elementType), at);
  });
  return success();
}

bool MatMulNBitsOp::allowsEpilogue() { return true; }

Dim MatMulNBitsOp::flops(ShapeAnalysis &shapes) {
  DimContext &d = shapes.dims();
  // A weight's scale, its product and the sum.
  return d.mul(d.mul(shapes.numElements(getResult()), shapes.dimsOf(getX()).back()), 3);
}

int64_t cameo::bitsOfWeights(MatMulNBitsOp op) {
  auto weights = cast<ShapedType>(op.getWeights().getType()), scale = cast<ShapedType>(op.getScale().getType());
  bool isKnown = weights.hasStaticShape() && scale.hasStaticShape() && weights.getRank() == 2 && scale.getRank() == 2;
  return isKnown && weights.getDimSize(1) == scale.getDimSize(1) * int64_t(op.getBlock()) ? 8 : 4;
}

std::optional<BlockedParameter> cameo::blockedParameter(Value v) {
  if (auto slice = v.getDefiningOp<SliceOp>())
    v = slice.getX();
  auto reshape = v.getDefiningOp<ReshapeOp>();
  auto expand = reshape ? reshape.getX().getDefiningOp<ExpandOp>() : ExpandOp();
  auto unsqueeze = expand ? expand.getX().getDefiningOp<UnsqueezeOp>() : UnsqueezeOp();
  if (!unsqueeze || unsqueeze.getAxes().size() != 1)
    return std::nullopt;
  int64_t behind = unsqueeze.getAxes()[0], block = cast<RankedTensorType>(expand.getType()).getDimSize(behind);
  if (behind < 1 || ShapedType::isDynamic(block))
    return std::nullopt;
  return BlockedParameter{unsqueeze.getX(), behind - 1, block};
}
