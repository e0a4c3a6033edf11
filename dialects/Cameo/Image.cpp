// Image.cpp - shapes and loops of the ops that decode pictures.
#include "IndexHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/ImageOps.cpp.inc"

namespace cameo {
void registerImageOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/ImageOps.cpp.inc"
      >();
}
} // namespace cameo

static LogicalResult verifyFile(Operation *op, ShapeAnalysis &shapes, Value file) {
  ArrayRef<Dim> dims = shapes.dimsOf(file);
  if (dims.size() != 1)
    return op->emitOpError("file has shape ") << formatShape(dims) << "; expected a vector";
  return success();
}

static LogicalResult checkInMemory(Operation *op, const KernelTensor &file) {
  return file.buffer ? success() : op->emitOpError("internal error: the file is not in memory");
}

/// A service's result for a file.
static Value callForFile(KernelEmitter &k, OpBuilder &b, Location loc, Service service, const KernelTensor &file,
                         ArrayRef<Value> more) {
  SmallVector<Value> arguments{file.buffer, indexToI64(b, loc, k.size(file.dims[0]))};
  arguments.append(more.begin(), more.end());
  return k.callService(b, loc, service, arguments);
}

// ---- image_size

LogicalResult ImageSizeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (failed(verifyFile(getOperation(), shapes, getFile())))
    return failure(); // C1
  results.push_back({IntegerType::get(getContext(), 64), {shapes.dims().constant(2)}, std::nullopt});
  return success();
}

LogicalResult ImageSizeOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                     ArrayRef<KernelTensor> results) {
  if (failed(checkInMemory(*this, operands[0])))
    return failure();
  loopNest(b, getLoc(), sizesOf(k, results[0].dims), [&](OpBuilder &b, Location loc, ValueRange indices) {
    Value axis = indexToI64(b, loc, indices[0]);
    results[0].store(b, loc, callForFile(k, b, loc, Service::ImageSize, operands[0], {axis}), indices);
  });
  return success();
}

// ---- image_decode

LogicalResult ImageDecodeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (failed(verifyFile(getOperation(), shapes, getFile())))
    return failure(); // C1
  auto size = shapes.elements(getSize());
  if (!size || size->size() != 2)
    return emitOpError("size has shape ") << formatShape(shapes.dimsOf(getSize())) << "; expected two elements"; // C2
  Dim zero = shapes.dims().constant(0);
  results.push_back(
      {IntegerType::get(getContext(), 8, IntegerType::Unsigned),
       {shapes.dims().max((*size)[0], zero), shapes.dims().max((*size)[1], zero), shapes.dims().constant(3)},
       std::nullopt});
  return success();
}

LogicalResult ImageDecodeOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                       ArrayRef<KernelTensor> results) {
  if (failed(checkInMemory(*this, operands[0])))
    return failure();
  Location loc = getLoc();
  const KernelTensor &result = results[0];
  SmallVector<Value> sizes = sizesOf(k, ArrayRef(result.dims).drop_back());
  callForFile(k, b, loc, Service::ImageDecode, operands[0],
              {indexToI64(b, loc, sizes[0]), indexToI64(b, loc, sizes[1])});
  loopNest(b, loc, sizes, [&](OpBuilder &b, Location loc, ValueRange indices) {
    Value number = arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, indices[0], sizes[1]), indices[1]);
    Value pixel = k.callService(b, loc, Service::ImagePixel, indexToI64(b, loc, number));
    for (int64_t channel = 0; channel < 3; ++channel) {
      Value shift = constantInt(b, loc, b.getI64Type(), 8 * channel);
      Value color = arith::TruncIOp::create(b, loc, b.getI8Type(), arith::ShRUIOp::create(b, loc, pixel, shift));
      result.store(b, loc, color, {indices[0], indices[1], constantIndex(b, loc, channel)});
    }
  });
  return success();
}
