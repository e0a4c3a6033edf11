// Sorting.cpp - top k, distinct elements, suppression of overlapping boxes.
#include "Axes.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// Both results of `top_k`; sorted results serve `sorted = 0` as well.
LogicalResult topKOf(OpBinder &op, Value k, bool largest) {
  auto axis = axisAttr(op, -1);
  if (failed(axis))
    return failure();
  auto wanted = op.shapes().constantElements(k);
  auto size = op.shapes().dim(op.input(0), *axis).constant();
  if (wanted && wanted->size() == 1 && (wanted->front() < 0 || (size && wanted->front() > *size)))
    return op.error("E-ATTR", "k is " + Twine(wanted->front()) + ", but axis " + Twine(*axis) + " of input '" +
                                  op.node.inputs[0] + "' has " + (size ? Twine(*size) : Twine("?")) +
                                  " elements; expected 0 to that number");
  auto top = op.createWithResults<TopKOp>(2, op.input(0), k, *axis, largest);
  if (!top || failed(op.result(0, top.getValues())))
    return failure();
  return op.hasOutput(1) ? op.result(1, top.getIndices()) : success();
}

LogicalResult topKAttribute(OpBinder &op) { return topKOf(op, op.i64({op.intAttr("k", 0)}), /*largest=*/true); }

LogicalResult topK(OpBinder &op) { return topKOf(op, op.input(1), op.intAttr("largest", 1) != 0); }

LogicalResult unique(OpBinder &op) {
  Value x = op.input(0);
  int64_t axis = 0;
  if (op.hasAttr("axis")) {
    auto given = axisAttr(op, 0);
    if (failed(given))
      return failure();
    axis = *given;
  } else {
    x = op.reshape(x, ArrayRef<int64_t>{-1});
  }
  auto result = op.createWithResults<UniqueOp>(4, x, axis, op.intAttr("sorted", 1) != 0);
  if (!result)
    return failure();
  for (auto [i, value] : llvm::enumerate(result->getResults()))
    if (op.hasOutput(i) && failed(op.result(i, value)))
      return failure();
  return success();
}

/// com.microsoft: in the order in which they occur; no first positions.
LogicalResult microsoftUnique(OpBinder &op) {
  auto result = op.createWithResults<UniqueOp>(4, op.input(0), int64_t(0), /*sorted=*/false);
  if (!result || failed(op.result(0, result->getResult(0))) || failed(op.result(1, result->getResult(2))))
    return failure();
  return op.result(2, result->getResult(3));
}

LogicalResult nonMaxSuppression(OpBinder &op) {
  int64_t centered = op.intAttr("center_point_box", 0);
  if (centered != 0 && centered != 1)
    return op.error("E-ATTR", "center_point_box is " + Twine(centered) + "; expected 0 or 1");
  Type type = op.elementType(op.input(0));
  Value maxBoxes = op.hasInput(2) ? op.input(2) : op.i64Scalar(0);
  Value iou = op.hasInput(3) ? op.input(3) : op.scalar(type, 0);
  Value score = op.hasInput(4) ? op.input(4) : op.scalar(type, -std::numeric_limits<double>::infinity());
  return op.result(op.create<NonMaxSuppressionOp>(op.input(0), op.input(1), maxBoxes, iou, score, centered == 1));
}

// ---- as ONNX

LogicalResult exportTopK(TopKOp op, NodeBuilder &b) {
  return b.results(
      b.nodes("TopK", {b(op.getX()), b.vector(op.getK())}, {{"axis", op.getAxis()}, {"largest", op.getLargest()}}, 2));
}

LogicalResult exportNonMaxSuppression(NonMaxSuppressionOp op, NodeBuilder &b) {
  auto real = [&](Value v) { return b.cast(b(v), b.f32()); };
  return b.result(b.node("NonMaxSuppression",
                         {real(op.getBoxes()), real(op.getScores()), b(op.getMaxBoxes()), real(op.getIouThreshold()),
                          real(op.getScoreThreshold())},
                         {{"center_point_box", op.getCentered()}}));
}

} // namespace

namespace cameo::onnx {
void registerSortingHandlers(HandlerTable &table) {
  table.on("TopK", 1, topKAttribute);
  table.on("TopK", 10, topK);
  table.on("Unique", 11, unique);
  table.onMicrosoft("Unique", "x:1", microsoftUnique);
  table.on("NonMaxSuppression", 10, nonMaxSuppression);

  table.exports<TopKOp>(exportTopK);
  table.exports<UniqueOp>("Unique(axis, sorted=sorted?)");
  table.exports<NonMaxSuppressionOp>(exportNonMaxSuppression);
}
} // namespace cameo::onnx
