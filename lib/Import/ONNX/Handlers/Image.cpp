// Image.cpp - pictures in files.
#include "Compose.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// The luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B in 16 bits behind the point, of pixels [h, w, 3]: [h, w, 1].
Value grey(Compose &c, Value pixels) {
  OpBinder &op = c.op;
  Type u32 = op.builder.getIntegerType(32, /*isSigned=*/false);
  Value weights = c.cast(op.i64({19595, 38470, 7471}), u32);
  Value sum = c.reduce(c.mul(c.cast(pixels, u32), weights), {2}, "sum");
  Value luma = c.make<ShiftRightOp>(c.add(sum, 1 << 15), c.like(sum, 16));
  return c.cast(luma, op.elementType(pixels));
}

LogicalResult imageDecoder(OpBinder &op) {
  Compose c{op};
  Value file = op.input(0);
  if (!op.elementType(file).isUnsignedInteger(8) || op.rank(file) != 1)
    return op.error("E-SHAPE", "the input is of type " + op.typeName(op.elementType(file)) + " and rank " +
                                   Twine(op.rank(file)) + "; expected uint8 and rank 1, the bytes of a file");
  llvm::StringRef format = op.stringAttr("pixel_format", "RGB");
  Value pixels = c.make<ImageDecodeOp>(file, c.make<ImageSizeOp>(file));
  if (format == "BGR")
    pixels = c.make<GatherOp>(pixels, op.i64({2, 1, 0}), int64_t(2));
  else if (format == "Grayscale")
    pixels = grey(c, pixels);
  else if (format != "RGB")
    return op.error("E-ATTR", "pixel_format is '" + format + "'; expected RGB, BGR or Grayscale");
  return op.result(pixels);
}

// ---- as ONNX

Edge decoded(NodeBuilder &b, Value file) { return b.node("ImageDecoder", {b(file)}, {{"pixel_format", "RGB"}}); }

LogicalResult exportImageSize(ImageSizeOp op, NodeBuilder &b) {
  return b.result(b.node("Shape", {decoded(b, op.getFile())}, {{"end", int64_t(2)}}));
}

LogicalResult exportImageDecode(ImageDecodeOp op, NodeBuilder &b) { return b.result(decoded(b, op.getFile())); }

} // namespace

namespace cameo::onnx {
void registerImageHandlers(HandlerTable &table) {
  table.on("ImageDecoder", 20, imageDecoder);

  table.exports<ImageSizeOp>(exportImageSize);
  table.exports<ImageDecodeOp>(exportImageDecode);
}
} // namespace cameo::onnx
