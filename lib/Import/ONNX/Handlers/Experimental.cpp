// Experimental.cpp - ops that ONNX had as experiments up to 1.4 (the files of WinML and of Core ML's converter hold
// them) and then took out. They have no schema and no versions; what they mean is said in ONNX 1.3's TestCoverage and
// Operators.
#include "Compose.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// alpha x + beta.
LogicalResult affine(OpBinder &op) {
  Compose c{op};
  return op.result(c.add(c.mul(op.input(0), op.floatAttr("alpha", 1.0)), op.floatAttr("beta", 0.0)));
}

LogicalResult scale(OpBinder &op) {
  Compose c{op};
  return op.result(c.mul(op.input(0), op.floatAttr("scale", 1.0)));
}

/// alpha ln(1 + exp(beta x)).
LogicalResult parametricSoftplus(OpBinder &op) {
  Compose c{op};
  Value inner = c.make<SoftplusOp>(c.mul(op.input(0), op.floatAttr("beta", 1.0)));
  return op.result(c.mul(inner, op.floatAttr("alpha", 1.0)));
}

/// The picture x [N, C, H, W] times `scale`, plus a bias per channel.
LogicalResult imageScaler(OpBinder &op) {
  Compose c{op};
  auto bias = op.floatsAttr("bias");
  if (!bias || op.shapes().dim(op.input(0), 1) != op.dims().constant(bias->size()))
    return op.error("E-ATTR", "bias has " + Twine(bias ? bias->size() : 0) +
                                  " elements; expected one for each channel of input '" + op.node.inputs[0] +
                                  "', whose shape is " + formatShape(op.shapes().dimsOf(op.input(0))));
  auto type = RankedTensorType::get({int64_t(bias->size()), 1, 1}, op.builder.getF32Type());
  Value offset = op.create<ConstantOp>(DenseElementsAttr::get(type, ArrayRef<float>(*bias)));
  Value x = c.mul(op.input(0), op.floatAttr("scale", 1.0));
  return op.result(c.add(x, c.cast(offset, op.elementType(op.input(0)))));
}

/// x [N, C, H, W] without its borders (left, top, right, bottom), or `scale` (height, width) of it from (left, top).
LogicalResult crop(OpBinder &op) {
  auto border = op.intsAttr("border"), size = op.intsAttr("scale");
  if (!border || border->size() != 4 || llvm::any_of(*border, [](int64_t b) { return b < 0; }))
    return op.error("E-ATTR", "border has " + Twine(border ? border->size() : 0) +
                                  " elements; expected 4 of at least 0: left, top, right, bottom");
  if (size && (size->size() != 2 || llvm::any_of(*size, [](int64_t s) { return s < 1; })))
    return op.error("E-ATTR",
                    "scale has " + Twine(size->size()) + " elements; expected 2 of at least 1: height, width");
  Value x = op.input(0);
  const int64_t starts[] = {(*border)[1], (*border)[0]}, ends[] = {(*border)[3], (*border)[2]};
  SmallVector<int64_t> stops;
  for (int64_t axis : {0, 1}) {
    stops.push_back(size ? starts[axis] + (*size)[axis] : ends[axis] ? -ends[axis] : INT64_MAX);
    int64_t needed = size ? stops.back() : starts[axis] + ends[axis] + 1;
    if (auto known = op.shapes().dim(x, 2 + axis).constant(); known && needed > *known)
      return op.error("E-ATTR", "border and scale ask for " + Twine(needed) + " of axis " + Twine(2 + axis) +
                                    ", which has size " + Twine(*known));
  }
  return op.result(op.create<SliceOp>(x, op.i64(starts), op.i64(stops), op.i64({1, 1}), ArrayRef<int64_t>{2, 3}));
}

} // namespace

namespace cameo::onnx {
void registerExperimentalHandlers(HandlerTable &table) {
  auto on = [&](llvm::StringRef op, llvm::StringLiteral inputs, LogicalResult (*handler)(OpBinder &)) {
    table.add("", op, 1, HandlerTable::checked(inputs, handler));
  };
  on("Affine", "X", affine);
  on("Crop", "input:4", crop);
  on("ImageScaler", "input:4", imageScaler);
  on("ParametricSoftplus", "X", parametricSoftplus);
  on("Scale", "input", scale);
}
} // namespace cameo::onnx
