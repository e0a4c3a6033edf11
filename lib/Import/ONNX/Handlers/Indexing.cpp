// Indexing.cpp - gathers, scatters, and selection by condition.
#include "Axes.h"
#include "Compose.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

LogicalResult gather(OpBinder &op) {
  auto axis = axisAttr(op, 0);
  if (failed(axis) || failed(checkKnownIndices(op, 1, *axis)))
    return failure();
  return op.result(op.create<GatherOp>(op.input(0), op.input(1), *axis));
}

LogicalResult gatherElements(OpBinder &op) {
  auto axis = axisAttr(op, 0);
  if (failed(axis) || failed(checkKnownIndices(op, 1, *axis)))
    return failure();
  return op.result(op.create<GatherElementsOp>(op.input(0), op.input(1), *axis));
}

LogicalResult gatherND(OpBinder &op) {
  return op.result(op.create<GatherNDOp>(op.input(0), op.input(1), op.intAttr("batch_dims", 0)));
}

FailureOr<StringRef> reductionOf(OpBinder &op) {
  StringRef reduction = op.stringAttr("reduction", "none");
  if (!llvm::is_contained({"none", "add", "mul", "max", "min"}, reduction))
    return op.error("E-ATTR", "reduction is '" + reduction + "'; expected none, add, mul, max or min");
  if (reduction != "none" && isa<StringType>(op.elementType(op.input(0))))
    return op.error("E-DTYPE",
                    "reduction is '" + reduction + "', and the elements are strings; expected none for strings");
  return reduction;
}

LogicalResult scatterElements(OpBinder &op) {
  auto axis = axisAttr(op, 0);
  auto reduction = reductionOf(op);
  if (failed(axis) || failed(reduction) || failed(checkKnownIndices(op, 1, *axis)))
    return failure();
  return op.result(op.create<ScatterElementsOp>(op.input(0), op.input(1), op.input(2), *axis, *reduction));
}

LogicalResult scatterND(OpBinder &op) {
  auto reduction = reductionOf(op);
  if (failed(reduction))
    return failure();
  Compose c{op};
  Value indices = op.input(1);
  int64_t rank = op.rank(indices);
  if (rank > 0 && !op.shapes().dim(indices, rank - 1).constant()) {
    // Each tuple stands for as many axes as the updates lack.
    SmallVector<Dim> dims(op.shapes().dimsOf(indices));
    dims.back() = op.dims().constant(std::max<int64_t>(0, rank - 1 + op.rank(op.input(0)) - op.rank(op.input(2))));
    indices = op.reshape(indices, dims);
  }
  return op.result(c.make<ScatterNDOp>(op.input(0), indices, op.input(2), *reduction));
}

LogicalResult tensorScatter(OpBinder &op) {
  auto axis = axisAttr(op, -2);
  if (failed(axis))
    return failure();
  StringRef mode = op.stringAttr("mode", "linear");
  if (mode != "linear" && mode != "circular")
    return op.error("E-ATTR", "mode is '" + mode + "'; expected linear or circular");
  Value starts;
  if (op.hasInput(2)) {
    starts = op.input(2);
  } else {
    Value batch = op.sizes({op.shapes().dim(op.input(0), 0)});
    starts = batch ? op.create<ExpandOp>(op.i64({0}), batch) : Value();
    if (!starts)
      return failure();
  }
  return op.result(op.create<TensorScatterOp>(op.input(0), op.input(1), starts, *axis, mode == "circular"));
}

LogicalResult compress(OpBinder &op) {
  auto flat = [&](Value v) { return op.reshape(v, ArrayRef<int64_t>{-1}); };
  if (!op.hasAttr("axis")) // paddle2onnx leaves both as they are
    return op.result(op.create<CompressOp>(flat(op.input(0)), flat(op.input(1)), int64_t(0)));
  auto axis = axisAttr(op, 0);
  return failed(axis) ? failure() : op.result(op.create<CompressOp>(op.input(0), op.input(1), *axis));
}

LogicalResult nonZero(OpBinder &op) { return op.result(op.create<NonZeroOp>(op.input(0))); }

/// Windows of `size` elements, `step` apart, along an axis; their elements are a last axis.
LogicalResult unfoldTensor(OpBinder &op) {
  Value x = op.input(0);
  auto axis = normalAxis(op, "dim", op.intAttr("dim", -1), op.rank(x));
  int64_t size = op.intAttr("size", 0), step = op.intAttr("step", 1), rank = op.rank(x);
  if (failed(axis))
    return failure();
  if (size < 1 || step < 1)
    return op.error("E-ATTR", "size is " + Twine(size) + " and step " + Twine(step) + "; expected 1 or more");
  if (std::max(size, step) > INT32_MAX)
    return op.error("E-OVERFLOW",
                    "size is " + Twine(size) + " and step " + Twine(step) + "; expected at most " + Twine(INT32_MAX));
  DimContext &d = op.dims();
  Dim length = op.shapes().dim(x, *axis);
  if (length.constant() && *length.constant() < size)
    return op.error("E-SHAPE",
                    "size is " + Twine(size) + ", but axis " + Twine(*axis) + " has size " + Twine(*length.constant()));
  Compose c{op};
  Value starts =
      c.make<RangeOp>(op.i64Scalar(0), op.i64Scalar(step), op.sizes({d.add(d.floorDiv(d.sub(length, size), step), 1)}));
  Value offsets = c.make<RangeOp>(op.i64Scalar(0), op.i64Scalar(1), op.i64Scalar(size));
  Value windows = c.make<GatherOp>(x, c.add(c.unsqueeze(starts, {1}), offsets), *axis);
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, rank + 1));
  permutation.erase(permutation.begin() + *axis + 1);
  permutation.push_back(*axis + 1);
  return op.result(windows ? op.transpose(windows, permutation) : Value());
}

/// Scores of tokens that would repeat `ngram_size` tokens in a row become -infinity.
LogicalResult ngramRepeatBlock(OpBinder &op) {
  Value tokens = op.input(0), scores = op.input(1);
  int64_t size = op.intAttr("ngram_size", 0);
  if (size < 1)
    return op.error("E-ATTR", "ngram_size is " + Twine(size) + "; expected 1 or more");
  Dim length = op.shapes().dim(tokens, 1);
  if (length.constant() && *length.constant() < size)
    return op.result(scores);
  constexpr int64_t kMost = 64, kEnd = std::numeric_limits<int64_t>::max();
  if (size > kMost)
    return op.unsupported("ngram_size is " + Twine(size) + "; supported are at most " + Twine(kMost));
  Compose c{op};
  auto slice = [&](int64_t begin, int64_t end) {
    return c.make<SliceOp>(tokens, op.i64({begin}), op.i64({end}), op.i64({1}), ArrayRef<int64_t>{1});
  };
  // Window w ends with tokens[w + size - 1]; its others are compared with the last size - 1 tokens.
  Value last = slice(size - 1, kEnd), repeats = c.make<EqualOp>(last, last);
  for (int64_t i = 0; i + 1 < size; ++i) {
    int64_t fromEnd = size - 1 - i;
    Value same = c.make<EqualOp>(slice(i, -fromEnd), slice(-fromEnd, fromEnd == 1 ? kEnd : 1 - fromEnd));
    repeats = c.make<AndOp>(repeats, same);
  }
  Value low = c.like(scores, -std::numeric_limits<double>::infinity()),
        high = c.like(scores, std::numeric_limits<double>::infinity());
  return op.result(c.make<ScatterElementsOp>(scores, last, c.where(repeats, low, high), int64_t(1), StringRef("min")));
}

// ---- as ONNX

/// ONNX's indices have 32 or 64 bits.
Edge indices(NodeBuilder &b, Value value) {
  Type type = b.elementType(value);
  bool fits = type.isSignlessInteger(32) || type.isSignlessInteger(64);
  return fits ? b(value) : b.cast(b(value), b.i64Type());
}

LogicalResult exportGather(GatherOp op, NodeBuilder &b) {
  return b.result(b.node("Gather", {b(op.getX()), indices(b, op.getIndices())}, {{"axis", op.getAxis()}}));
}

LogicalResult exportGatherElements(GatherElementsOp op, NodeBuilder &b) {
  return b.result(b.node("GatherElements", {b(op.getX()), indices(b, op.getIndices())}, {{"axis", op.getAxis()}}));
}

LogicalResult exportGatherND(GatherNDOp op, NodeBuilder &b) {
  return b.result(
      b.node("GatherND", {b(op.getX()), b.cast(b(op.getIndices()), b.i64Type())}, {{"batch_dims", op.getBatchDims()}}));
}

LogicalResult exportScatterElements(ScatterElementsOp op, NodeBuilder &b) {
  return b.result(b.node("ScatterElements", {b(op.getX()), indices(b, op.getIndices()), b(op.getUpdates())},
                         {{"axis", op.getAxis()}, {"reduction", op.getReduction()}}));
}

LogicalResult exportScatterND(ScatterNDOp op, NodeBuilder &b) {
  return b.result(b.node("ScatterND", {b(op.getX()), b.cast(b(op.getIndices()), b.i64Type()), b(op.getUpdates())},
                         {{"reduction", op.getReduction()}}));
}

LogicalResult exportTensorScatter(TensorScatterOp op, NodeBuilder &b) {
  return b.result(b.node("TensorScatter", b.operands(),
                         {{"axis", op.getAxis()}, {"mode", op.getCircular() ? "circular" : "linear"}}));
}

} // namespace

namespace cameo::onnx {
void registerIndexingHandlers(HandlerTable &table) {
  table.on("Gather", 1, gather);
  table.on("GatherElements", 11, gatherElements);
  table.on("GatherND", 11, gatherND);
  table.onMicrosoft("GatherND", "data indices", gatherND);
  table.on("ScatterElements", 11, scatterElements);
  table.on("Scatter", 9, scatterElements);
  table.on("ScatterND", 11, scatterND);
  table.on("TensorScatter", 24, tensorScatter);
  table.onMicrosoft("UnfoldTensor", "input", unfoldTensor);
  table.onMicrosoft("NGramRepeatBlock", "input_ids:2 scores:2", ngramRepeatBlock);
  table.on("Compress", 9, compress);
  table.on("NonZero", 9, nonZero);

  table.exports<GatherOp>(exportGather);
  table.exports<GatherElementsOp>(exportGatherElements);
  table.exports<GatherNDOp>(exportGatherND);
  table.exports<ScatterElementsOp>(exportScatterElements);
  table.exports<ScatterNDOp>(exportScatterND);
  table.exports<TensorScatterOp>(exportTensorScatter);
  table.exports<CompressOp>("Compress(axis)");
  table.exports<NonZeroOp>("NonZero");
}
} // namespace cameo::onnx
