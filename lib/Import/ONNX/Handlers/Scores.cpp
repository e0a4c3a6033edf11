// Scores.cpp - see Scores.h. ONNX leaves much of this to ONNX Runtime, whose behaviour it is.
#include "Scores.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

/// Inverse of the normal distribution's function, by Winitzki's approximation of the inverse error function (as in
/// ONNX's reference).
static Value probit(Compose &c, Value p) {
  Value x = c.add(c.mul(p, 2), -1);
  Value log = c.make<LogOp>(c.mul(c.sub(c.like(x, 1), x), c.add(x, 1.0)));
  Value v = c.add(c.mul(log, 0.5), 2 / (std::numbers::pi * 0.147));
  Value w = c.mul(log, 1 / 0.147);
  // sqrt(v^2 - w) - v, without the cancellation where w is small.
  Value root = c.make<SqrtOp>(c.sub(c.mul(v, v), w));
  Value square = c.div(c.make<NegOp>(w), c.add(root, v));
  return c.mul(c.mul(c.make<SignOp>(x), c.make<SqrtOp>(square)), std::sqrt(2));
}

/// Softmax in which scores that are (almost) 0 count for nothing.
static Value softmaxZero(Compose &c, Value x) {
  Value shift = c.reduce(x, {1}, "max");
  Value isZero = c.make<LessEqualOp>(c.make<AbsOp>(x), c.like(x, 1e-7));
  Value e = c.make<ExpOp>(c.sub(x, shift));
  Value sum = c.reduce(c.where(isZero, c.like(x, 0), e), {1}, "sum");
  Value weight = c.where(isZero, c.mul(x, c.make<ExpOp>(c.make<NegOp>(shift))), e);
  return c.div(weight, c.where(c.make<EqualOp>(sum, c.like(sum, 0)), c.like(sum, 1), sum));
}

Value cameo::onnx::postTransform(Compose &c, Value scores, StringRef name) {
  if (name == "NONE" || name.empty())
    return scores;
  if (name == "SOFTMAX")
    return c.make<SoftmaxOp>(scores, int64_t(1));
  if (name == "LOGISTIC")
    return c.make<SigmoidOp>(scores);
  if (name == "SOFTMAX_ZERO")
    return softmaxZero(c, scores);
  if (name == "PROBIT")
    return probit(c, scores);
  (void)c.op.error("E-ATTR",
                   "post_transform is '" + name + "'; expected NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT");
  return {};
}

LogicalResult cameo::onnx::classify(Compose &c, Value scores, BinaryScore binary, StringRef ints, StringRef strings,
                                    Value votes) {
  OpBinder &op = c.op;
  StringRef transform = op.stringAttr("post_transform", "NONE");
  auto labels = op.node.getInts(ints);
  auto names = op.node.getStrings(strings);
  size_t count = labels && !labels->empty() ? labels->size() : names ? names->size() : 0;
  Value chosen, transformed;
  if (binary == BinaryScore::None) {
    chosen = c.make<ArgMaxOp>(votes ? votes : scores, int64_t(1), /*keepDims=*/false, /*last=*/false);
    transformed = postTransform(c, scores, transform);
  } else {
    bool isProbability = binary == BinaryScore::Probability;
    Value above = c.make<LessOp>(c.like(scores, isProbability ? 0.5 : 0.0), scores);
    chosen = c.cast(c.squeeze(above, {1}), op.builder.getI64Type());
    // One score says both: p and 1 - p, or a margin and its opposite, each of which LOGISTIC transforms.
    Value other = isProbability ? c.sub(c.like(scores, 1), scores) : c.make<NegOp>(scores);
    if (transform == "PROBIT") {
      transformed = probit(c, scores);
    } else {
      if (transform == "LOGISTIC" && !isProbability) {
        other = c.make<SigmoidOp>(other);
        scores = c.make<SigmoidOp>(scores);
      }
      transformed = other && scores ? c.make<ConcatOp>(SmallVector<Value>{other, scores}, int64_t(1)) : Value();
    }
  }
  if (failed(op.result(1, c.cast(transformed, op.builder.getF32Type()))))
    return failure();
  if (!op.hasOutput(0))
    return success();
  bool hasNames = !labels || labels->empty();
  auto columns =
      binary != BinaryScore::None ? std::optional<int64_t>(2) : op.shapes().dim(votes ? votes : scores, 1).constant();
  if (!columns || *columns != int64_t(count))
    return op.error("E-ATTR", (hasNames ? strings : ints) + " has " + Twine(count) + " labels; expected " +
                                  Twine(columns.value_or(-1)) + ", one per score");
  return op.result(0, c.make<GatherOp>(hasNames ? op.texts(*names) : op.i64(*labels), chosen, int64_t(0)));
}
