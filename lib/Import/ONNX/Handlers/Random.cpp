// Random.cpp - nodes that draw random numbers. A program gives the same numbers at every run: those of the node's seed,
// or of its output's name where it has none.
#include "Compose.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// The bits of what the model says, as a double, or a number of the node's own.
int64_t seedOf(OpBinder &op) {
  if (op.hasAttr("seed"))
    return llvm::bit_cast<int64_t>(op.floatAttr("seed", 0));
  return int64_t(llvm::xxh3_64bits(op.node.outputs[0]));
}

Value random(OpBinder &op, Value sizes, StringRef distribution, double a, double b, Type type) {
  return sizes ? op.create<RandomOp>(sizes, distribution, llvm::APFloat(float(a)), llvm::APFloat(float(b)), seedOf(op),
                                     type)
               : Value();
}
Value uniformLike(OpBinder &op, Value x, Type type) {
  return random(op, op.sizes(op.shapes().dimsOf(x)), "uniform", 0, 1, type);
}

/// RandomUniform and RandomNormal, whose shape is an attribute, and their Like forms.
LogicalResult randomNode(OpBinder &op, StringRef distribution, bool like) {
  bool uniform = distribution == "uniform";
  double a = op.floatAttr(uniform ? "low" : "mean", 0), b = op.floatAttr(uniform ? "high" : "scale", 1);
  Type f32 = op.builder.getF32Type();
  auto type =
      op.dtypeAttr("dtype", like && isa<FloatType>(op.elementType(op.input(0))) ? op.elementType(op.input(0)) : f32);
  if (failed(type))
    return failure();
  if (!isa<FloatType>(*type))
    return op.error("E-ATTR", "dtype is an integer type; expected a float type");
  if (like)
    return op.result(random(op, op.sizes(op.shapes().dimsOf(op.input(0))), distribution, a, b, *type));
  auto shape = op.intsAttr("shape");
  if (!shape || llvm::any_of(*shape, [](int64_t size) { return size < 0; }))
    return op.error("E-ATTR", "shape is missing or has a negative size");
  return op.result(random(op, op.i64(*shape), distribution, a, b, *type));
}

LogicalResult bernoulli(OpBinder &op) {
  Compose c{op};
  Value p = op.input(0);
  auto type = op.dtypeAttr("dtype", op.elementType(p));
  if (failed(type))
    return failure();
  Type wide = c.wideType(op.elementType(p));
  return op.result(c.cast(c.make<LessOp>(uniformLike(op, p, wide), c.cast(p, wide)), *type));
}

/// Class of each sample: how many of the cumulated probabilities lie at or below a uniform number.
LogicalResult multinomial(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0);
  auto type = op.dtypeAttr("dtype", op.builder.getI32Type());
  if (failed(type))
    return failure();
  if (op.rank(x) != 2)
    return op.error("E-SHAPE",
                    "input '" + op.node.inputs[0] + "' has rank " + Twine(op.rank(x)) + "; expected [batch, classes]");
  int64_t samples = op.intAttr("sample_size", 1);
  if (samples < 1)
    return op.error("E-ATTR", "sample_size is " + Twine(samples) + "; expected 1 or more");
  Type wide = c.wideType(op.elementType(x));
  Value probability = c.make<SoftmaxOp>(c.cast(x, wide), int64_t(-1));
  Value cumulated = c.make<CumulateOp>(probability, op.i64Scalar(1), "sum", false, false);
  Value number = random(op, op.sizes({op.shapes().dim(x, 0), op.dims().constant(samples)}), "uniform", 0, 1, wide);
  Value below = c.make<LessEqualOp>(c.unsqueeze(cumulated, 1), c.unsqueeze(number, 2));
  Type i64 = op.builder.getI64Type();
  Value index = c.reduce(c.cast(below, i64), {2}, "sum", false);
  // Rounding may leave the last sum a little below 1.
  Value last = c.sub(op.sizes({op.shapes().dim(x, 1)}), op.i64Scalar(1));
  return op.result(c.cast(c.min(index, last), *type));
}

/// y = x, or in training x / (1 - ratio) with that part of it left out; the mask says what was kept.
LogicalResult dropout(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0);
  Type flag = op.builder.getI1Type(), maskType = op.opset() >= 10 ? flag : op.elementType(x);
  Value sizes = op.sizes(op.shapes().dimsOf(x));
  if (!sizes)
    return failure();
  Value training = op.input(2);
  auto known = training ? op.shapes().constantElements(training) : std::optional(SmallVector<int64_t, 4>{0});
  if (known && known->size() == 1 && known->front() == 0) {
    if (failed(op.result(0, x)))
      return failure();
    return op.hasOutput(1) ? op.result(1, op.create<ExpandOp>(op.scalar(maskType, 1), sizes)) : success();
  }
  Type wide = c.wideType(op.elementType(x));
  Value ratio = op.hasInput(1) ? op.cast(op.input(1), wide) : op.scalar(wide, 0.5);
  Value kept = c.make<LessEqualOp>(ratio, uniformLike(op, x, wide));
  Value xWide = c.cast(x, wide);
  Value scaled = c.where(kept, c.div(xWide, c.sub(op.scalar(wide, 1), ratio)), c.like(xWide, 0));
  if (failed(op.result(0, c.cast(c.where(training, scaled, xWide), op.elementType(x)))))
    return failure();
  Value all = op.create<ExpandOp>(op.scalar(flag, 1), sizes);
  return op.hasOutput(1) ? op.result(1, c.cast(c.where(training, kept, all), maskType)) : success();
}

// ---- as ONNX

LogicalResult exportRandom(RandomOp op, NodeBuilder &b) {
  Edge shaped = b.node("ConstantOfShape", {b(op.getSizes())});
  float a = op.getA().convertToFloat(), second = op.getB().convertToFloat();
  bool isUniform = op.getDistribution() == "uniform";
  SmallVector<NodeAttribute> attributes{
      {isUniform ? "low" : "mean", a}, {isUniform ? "high" : "scale", second}, {"dtype", op.getTo()}};
  // One of the node's own is no float.
  double seed = llvm::bit_cast<double>(op.getSeed());
  if (double(float(seed)) == seed)
    attributes.push_back({"seed", float(seed)});
  return b.result(b.node(isUniform ? "RandomUniformLike" : "RandomNormalLike", {shaped}, attributes));
}

} // namespace

namespace cameo::onnx {
void registerRandomHandlers(HandlerTable &table) {
  table.on("RandomUniform", 1, [](OpBinder &op) { return randomNode(op, "uniform", false); });
  table.on("RandomNormal", 1, [](OpBinder &op) { return randomNode(op, "normal", false); });
  table.on("RandomUniformLike", 1, [](OpBinder &op) { return randomNode(op, "uniform", true); });
  table.on("RandomNormalLike", 1, [](OpBinder &op) { return randomNode(op, "normal", true); });
  table.on("Bernoulli", 15, bernoulli);
  table.on("Multinomial", 7, multinomial);
  table.on("Dropout", 1, dropout);

  table.exports<RandomOp>(exportRandom);
}
} // namespace cameo::onnx
