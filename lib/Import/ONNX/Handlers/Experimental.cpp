// Experimental.cpp - ops that ONNX had as experiments up to 1.4 (the files of WinML and of Core ML's converter hold
// them) and then took out. They have no schema and no versions; what they mean is said in ONNX 1.3's TestCoverage and
// Operators.
#include "Compose.h"
#include "cameo/Import/ONNX/Reader.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// There is no schema that says so, and factors are no integers.
LogicalResult checkFloat(OpBinder &op) {
  Type type = op.elementType(op.input(0));
  if (isa<FloatType>(type))
    return success();
  return op.error("E-DTYPE", "input '" + escaped(op.node.inputs[0]) + "' has type " + op.typeName(type) +
                                 "; expected float, double, float16 or bfloat16");
}

/// alpha x + beta.
LogicalResult affine(OpBinder &op) {
  if (failed(checkFloat(op)))
    return failure();
  Compose c{op};
  return op.result(c.add(c.mul(op.input(0), op.floatAttr("alpha", 1.0)), op.floatAttr("beta", 0.0)));
}

LogicalResult scale(OpBinder &op) {
  if (failed(checkFloat(op)))
    return failure();
  Compose c{op};
  return op.result(c.mul(op.input(0), op.floatAttr("scale", 1.0)));
}

/// alpha ln(1 + exp(beta x)).
LogicalResult parametricSoftplus(OpBinder &op) {
  if (failed(checkFloat(op)))
    return failure();
  Compose c{op};
  Value inner = c.make<SoftplusOp>(c.mul(op.input(0), op.floatAttr("beta", 1.0)));
  return op.result(c.mul(inner, op.floatAttr("alpha", 1.0)));
}

/// alpha tanh(beta x).
LogicalResult scaledTanh(OpBinder &op) {
  if (failed(checkFloat(op)))
    return failure();
  Compose c{op};
  return op.result(c.mul(c.make<TanhOp>(c.mul(op.input(0), op.floatAttr("beta", 1.0))), op.floatAttr("alpha", 1.0)));
}

/// The picture x [N, C, H, W] times `scale`, plus a bias per channel.
LogicalResult imageScaler(OpBinder &op) {
  if (failed(checkFloat(op)))
    return failure();
  Compose c{op};
  auto bias = op.floatsAttr("bias");
  Dim channels = op.shapes().dim(op.input(0), 1);
  if (!channels.constant())
    return op.unsupported("only the run knows how many channels input '" + escaped(op.node.inputs[0]) +
                          "' has; fix the size of axis 1 with --dim or --shape");
  if (!bias || !channels.isConstant(bias->size()))
    return op.error("E-ATTR", "bias has " + Twine(bias ? bias->size() : 0) +
                                  " elements; expected one for each channel of input '" + op.node.inputs[0] +
                                  "', whose shape is " + formatShape(op.shapes().dimsOf(op.input(0))));
  auto type = RankedTensorType::get({int64_t(bias->size()), 1, 1}, op.builder.getF32Type());
  Value offset = op.create<ConstantOp>(DenseElementsAttr::get(type, ArrayRef<float>(*bias)));
  Value x = c.mul(op.input(0), op.floatAttr("scale", 1.0));
  return op.result(c.add(x, c.cast(offset, op.elementType(op.input(0)))));
}

/// A list attribute of so many entries of at least `least`, no larger than any size there is; `names` are theirs.
FailureOr<SmallVector<int64_t>> sizesAttr(OpBinder &op, StringRef name, size_t count, int64_t least, StringRef names) {
  constexpr int64_t kMost = int64_t(1) << 48;
  auto values = op.intsAttr(name).value_or(SmallVector<int64_t>());
  std::string wanted = "; expected " + std::to_string(count) + ": " + names.str();
  if (values.size() != count)
    return op.error("E-ATTR", name + " has " + Twine(values.size()) + " entries" + wanted);
  for (auto [i, value] : llvm::enumerate(values))
    if (value < least || value > kMost)
      return op.error("E-ATTR", "entry " + Twine(i) + " of " + name + " is " + Twine(value) + "; expected " +
                                    Twine(least) + " to 2^48");
  return values;
}

/// x [N, C, H, W] without its borders (left, top, right, bottom), or `scale` (height, width) of it from (left, top).
LogicalResult crop(OpBinder &op) {
  auto border = sizesAttr(op, "border", 4, 0, "left, top, right, bottom");
  if (failed(border))
    return failure();
  bool hasSize = op.hasAttr("scale");
  SmallVector<int64_t> size;
  if (hasSize) {
    auto given = sizesAttr(op, "scale", 2, 1, "height, width");
    if (failed(given))
      return failure();
    size = *given;
  }
  Value x = op.input(0);
  const int64_t starts[] = {(*border)[1], (*border)[0]}, ends[] = {(*border)[3], (*border)[2]};
  SmallVector<int64_t> stops;
  for (int64_t axis : {0, 1}) {
    stops.push_back(hasSize ? starts[axis] + size[axis] : ends[axis] ? -ends[axis] : INT64_MAX);
    int64_t needed = hasSize ? stops.back() : starts[axis] + ends[axis] + 1;
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
  on("ScaledTanh", "input", scaledTanh);
}
} // namespace cameo::onnx
