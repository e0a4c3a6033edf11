// Loss.cpp - NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss, composed.
#include "Compose.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// -weight[target] * logProbability[target] per target, reduced as the node says. Targets equal to `ignore_index` count
/// nothing.
Value negativeLogLikelihood(Compose &c, Value logProbability, Value target, Value weights) {
  OpBinder &op = c.op;
  StringRef reduction = op.stringAttr("reduction", "mean");
  if (!llvm::is_contained({"none", "sum", "mean"}, reduction)) {
    (void)op.error("E-ATTR", "reduction is '" + reduction + "'; expected none, sum or mean");
    return {};
  }
  if (op.rank(logProbability) < 2 || op.rank(target) != op.rank(logProbability) - 1) {
    (void)op.error("E-SHAPE", "inputs have ranks " + Twine(op.rank(logProbability)) + " and " + Twine(op.rank(target)) +
                                  "; expected [batch, classes, ...] and [batch, ...]");
    return {};
  }
  Type type = op.elementType(logProbability);
  Value wideTarget = c.cast(target, op.builder.getI64Type());
  Value ignored, chosen = wideTarget;
  if (op.hasAttr("ignore_index")) {
    ignored = c.make<EqualOp>(wideTarget, op.i64Scalar(op.intAttr("ignore_index", 0)));
    chosen = c.where(ignored, op.i64Scalar(0), wideTarget);
  }
  Value picked = c.squeeze(c.make<GatherElementsOp>(logProbability, c.unsqueeze(chosen, {1}), int64_t(1)), {1});
  Value weight;
  if (weights)
    weight = c.make<GatherOp>(weights, chosen, int64_t(0));
  else if (ignored)
    weight = c.like(logProbability, 1);
  if (ignored)
    weight = c.where(ignored, c.like(logProbability, 0), weight);
  Value loss = c.make<NegOp>(weight ? c.mul(picked, weight) : picked);
  if (!loss || reduction == "none")
    return loss;
  // Sums in f32 for f16 and bf16.
  SmallVector<int64_t> all = c.axesFrom(loss, 0);
  auto total = [&](Value v) { return c.reduce(c.cast(v, c.wideType(type)), all, "sum", false); };
  if (reduction == "sum")
    return c.cast(total(loss), type);
  if (!weight)
    return c.reduce(loss, all, "mean", false);
  return c.cast(c.div(total(loss), total(weight)), type);
}

LogicalResult nllLoss(OpBinder &op) {
  Compose c{op};
  return op.result(negativeLogLikelihood(c, op.input(0), op.input(1), op.input(2)));
}

LogicalResult softmaxCrossEntropy(OpBinder &op) {
  Compose c{op};
  Value scores = op.input(0);
  if (op.rank(scores) < 2)
    return op.error("E-SHAPE",
                    "input '" + op.node.inputs[0] + "' has rank " + Twine(op.rank(scores)) + "; expected 2 or more");
  Value logProbability = op.create<LogSoftmaxOp>(scores, int64_t(1));
  if (!logProbability || failed(op.result(1, logProbability)))
    return failure();
  return op.result(negativeLogLikelihood(c, logProbability, op.input(1), op.input(2)));
}

} // namespace

namespace cameo::onnx {
void registerLossHandlers(HandlerTable &table) {
  table.on("NegativeLogLikelihoodLoss", 12, nllLoss);
  table.on("SoftmaxCrossEntropyLoss", 12, softmaxCrossEntropy);
}
} // namespace cameo::onnx
