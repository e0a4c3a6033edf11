// Movement.cpp - transposes, slices, splits, concatenation, padding, repetition.
#include "Axes.h"
#include "Compose.h"
#include "Pieces.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

LogicalResult transpose(OpBinder &op) {
  Value x = op.input(0);
  int64_t rank = op.rank(x);
  auto permutation = op.intsAttr("perm");
  if (!permutation) {
    permutation.emplace();
    for (int64_t axis = rank; axis-- > 0;)
      permutation->push_back(axis);
  }
  if (int64_t(permutation->size()) != rank)
    return op.error("E-ATTR", "perm has " + Twine(permutation->size()) + " entries, but input '" + op.node.inputs[0] +
                                  "' has rank " + Twine(rank) + "; expected one entry per axis");
  auto axes = normalAxes(op, *permutation);
  return failed(axes) ? failure() : op.result(op.transpose(x, *axes));
}

LogicalResult concat(OpBinder &op) {
  auto axis = axisAttr(op, 1);
  return failed(axis) ? failure() : op.result(op.create<ConcatOp>(op.inputs(), *axis));
}

// ---- slices

/// A vector over all axes of input 0: `fill`, but `values` where the run-time vector `axes` says.
Value spreadOverAxes(OpBinder &op, int64_t fill, Value axes, Value values) {
  Value base = op.i64(SmallVector<int64_t>(op.rank(op.input(0)), fill));
  return op.create<ScatterElementsOp>(base, axes, values, int64_t(0), "none");
}

SmallVector<int64_t> firstAxes(int64_t count) { return llvm::to_vector(llvm::seq<int64_t>(0, count)); }

LogicalResult sliceAttributes(OpBinder &op) {
  auto starts = op.intsAttr("starts"), ends = op.intsAttr("ends"), given = op.intsAttr("axes");
  if (!starts || !ends || starts->size() != ends->size() || (given && given->size() != starts->size()))
    return op.error("E-ATTR", "starts, ends and axes differ in length; expected one value of each per axis");
  auto axes = normalAxes(op, given ? *given : firstAxes(starts->size()));
  if (failed(axes))
    return failure();
  Value steps = op.i64(SmallVector<int64_t>(starts->size(), 1));
  return op.result(op.create<SliceOp>(op.input(0), op.i64(*starts), op.i64(*ends), steps, *axes));
}

/// `v` as a vector of `count` elements where only the run knows how many it has; the run checks that.
Value vectorOf(OpBinder &op, Value v, int64_t count) {
  bool isOpen = v && op.rank(v) == 1 && !op.shapes().dim(v, 0).constant();
  return isOpen ? op.reshape(v, ArrayRef<int64_t>{count}) : v;
}

LogicalResult slice(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0);
  Type i64 = op.builder.getI64Type();
  // There are as many starts as ends, axes and steps: where the length of one is open, another tells it.
  std::optional<int64_t> count;
  for (size_t i = 1; i < op.numInputs() && !count; ++i)
    if (op.hasInput(i) && op.rank(op.input(i)) == 1)
      count = op.shapes().dim(op.input(i), 0).constant();
  if (op.rank(op.input(1)) != 1)
    return op.error("E-SHAPE", "starts has rank " + Twine(op.rank(op.input(1))) + "; expected a vector");
  if (count && *count > op.rank(x))
    return op.error("E-SHAPE",
                    "there are " + Twine(*count) + " starts; expected " + Twine(op.rank(x)) + " at most, one per axis");
  auto vector = [&](size_t i) {
    Value v = op.cast(op.input(i), i64);
    return count ? vectorOf(op, v, *count) : v;
  };
  Value starts = vector(1), ends = vector(2);
  Value open = !count && starts ? op.sizes({op.shapes().dim(starts, 0)}) : Value(); // how many there are
  Value steps = op.hasInput(4) ? vector(4)
                : count        ? op.i64(SmallVector<int64_t>(*count, 1))
                               : c.make<ExpandOp>(op.i64({1}), open);
  if (!starts || !ends || !steps)
    return failure();
  if (auto known = op.shapes().constantElements(steps))
    for (int64_t step : *known)
      if (step == 0)
        return op.error("E-ATTR", "a step is 0; expected another number");
  auto known = op.hasInput(3) ? op.shapes().constantElements(op.input(3)) : std::nullopt;
  if (!op.hasInput(3) && count)
    known.emplace(firstAxes(*count));
  if (known) {
    auto axes = normalAxes(op, *known);
    return failed(axes) ? failure() : op.result(op.create<SliceOp>(x, starts, ends, steps, *axes));
  }
  // Axes that only the run knows: every axis is sliced, those not named from end to end.
  Value axes = op.hasInput(3) ? op.input(3) : c.make<RangeOp>(op.i64Scalar(0), op.i64Scalar(1), open);
  if (!axes)
    return failure();
  starts = spreadOverAxes(op, 0, axes, starts);
  ends = spreadOverAxes(op, INT64_MAX, axes, ends);
  steps = spreadOverAxes(op, 1, axes, steps);
  if (!starts || !ends || !steps)
    return failure();
  return op.result(op.create<SliceOp>(x, starts, ends, steps, firstAxes(op.rank(x))));
}

/// x[begin, begin + size) along one axis.
Value sliceOf(OpBinder &op, Value x, int64_t axis, Dim begin, Dim size) {
  Value start = op.sizes({begin}), end = op.sizes({op.dims().add(begin, size)});
  if (!start || !end)
    return {};
  return op.create<SliceOp>(x, start, end, op.i64({1}), ArrayRef<int64_t>{axis});
}

LogicalResult split(OpBinder &op) {
  Value x = op.input(0);
  auto axis = axisAttr(op, 0);
  if (failed(axis))
    return failure();
  DimContext &d = op.dims();
  Dim n = op.shapes().dim(x, *axis);
  SmallVector<Dim> pieces;
  bool areAxis = false; // by how they are made
  if (op.hasInput(1)) {
    if (op.rank(op.input(1)) != 1)
      return op.error("E-SHAPE", "the input split has rank " + Twine(op.rank(op.input(1))) + "; expected a vector");
    if (auto known = constantSizes(op.input(1))) {
      for (int64_t size : *known)
        pieces.push_back(d.constant(size));
    } else {
      Value sizes = vectorOf(op, op.input(1), op.numOutputs());
      auto given = sizes ? op.shapes().elements(sizes) : std::nullopt;
      if (!sizes)
        return failure();
      if (!given)
        return op.unsupported("there are " + Twine(op.numOutputs()) +
                              " pieces of sizes that only the run knows; supported are " + Twine(kMaxTrackedElements));
      pieces.assign(given->begin(), given->end());
    }
  } else if (auto given = op.intsAttr("split")) {
    for (int64_t size : *given)
      pieces.push_back(d.constant(size));
  } else if (op.hasAttr("num_outputs")) {
    int64_t count = op.intAttr("num_outputs", 0);
    if (count < 1 || count != int64_t(op.numOutputs()))
      return op.error("E-ATTR", "num_outputs is " + Twine(count) + ", but the node has " + Twine(op.numOutputs()) +
                                    " outputs; expected that number");
    // The last is shorter when the size does not divide.
    Dim chunk = d.ceilDiv(n, count), rest = n;
    for (int64_t i = 0; i < count; ++i) {
      pieces.push_back(d.min(chunk, rest));
      rest = d.sub(rest, pieces.back());
    }
    areAxis = true;
  } else {
    int64_t count = op.numOutputs();
    if (auto size = n.constant(); size && *size % count != 0)
      return op.error("E-SHAPE", "axis " + Twine(*axis) + " has size " + Twine(*size) + ", which " + Twine(count) +
                                     " equal outputs do not divide; expected a split");
    pieces.assign(count, d.floorDiv(n, count));
    if (!n.constant()) { // a view whose size the run checks
      SmallVector<Dim> sizes(op.shapes().dimsOf(x));
      sizes[*axis] = d.mul(pieces[0], count);
      x = op.reshape(x, sizes);
    }
    areAxis = true;
  }
  if (pieces.size() != op.numOutputs())
    return op.error("E-ATTR", "split has " + Twine(pieces.size()) + " sizes for " + Twine(op.numOutputs()) +
                                  " outputs; expected one per output");
  if (!areAxis)
    x = requirePieces(op, x, *axis, pieces);
  if (!x)
    return failure();
  Dim begin = d.constant(0);
  for (auto [i, size] : llvm::enumerate(pieces)) {
    if (op.hasOutput(i) && failed(op.result(i, sliceOf(op, x, *axis, begin, size))))
      return failure();
    begin = d.add(begin, size);
  }
  return success();
}

// ---- repetition

LogicalResult expand(OpBinder &op) { return op.result(op.create<ExpandOp>(op.input(0), op.input(1))); }

LogicalResult tile(OpBinder &op) { return op.result(op.create<TileOp>(op.input(0), op.input(1))); }

/// Opsets 1 to 5 repeat along one axis; both numbers may come as floats.
LogicalResult tileOneAxis(OpBinder &op) {
  Value x = op.input(0), tiles = op.input(1);
  auto axis = op.constantInput(2, "axis");
  if (failed(axis))
    return failure();
  auto normal = normalAxis(op, "axis", axis->empty() ? 0 : axis->front(), op.rank(x));
  if (failed(normal))
    return failure();
  auto count = op.shapes().elements(tiles);
  if (!count || count->size() != 1)
    return op.error("E-SHAPE", "tiles is not an integer tensor of one element");
  SmallVector<Dim> repeats(op.rank(x), op.dims().constant(1));
  repeats[*normal] = count->front();
  return op.result(op.create<TileOp>(x, op.sizes(repeats)));
}

// ---- padding

/// Pads of input 0 for the four modes.
LogicalResult padTo(OpBinder &op, Value pads, Value value) {
  StringRef mode = op.stringAttr("mode", "constant");
  if (!llvm::is_contained({"constant", "edge", "reflect", "wrap"}, mode))
    return op.error("E-ATTR", "mode is '" + mode + "'; expected constant, edge, reflect or wrap");
  return op.result(op.create<PadOp>(op.input(0), pads, value, mode));
}

LogicalResult padAttributes(OpBinder &op) {
  auto pads = op.intsAttr(op.opset() == 1 ? "paddings" : "pads");
  int64_t rank = op.rank(op.input(0));
  if (!pads || int64_t(pads->size()) != 2 * rank)
    return op.error("E-SHAPE", "pads has " + Twine(pads ? pads->size() : 0) + " elements; expected " + Twine(2 * rank) +
                                   " for an input of rank " + Twine(rank));
  return padTo(op, op.i64(*pads), op.scalar(op.elementType(op.input(0)), op.floatAttr("value", 0)));
}

LogicalResult pad(OpBinder &op) {
  Value x = op.input(0), pads = op.cast(op.input(1), op.builder.getI64Type());
  int64_t rank = op.rank(x);
  Value value = op.hasInput(2) ? op.input(2) : op.scalar(op.elementType(x), 0);
  if (op.hasInput(3) && op.rank(op.input(3)) != 1)
    return op.error("E-SHAPE", "axes has rank " + Twine(op.rank(op.input(3))) + "; expected a vector");
  auto count = op.hasInput(3) ? op.shapes().dim(op.input(3), 0).constant() : rank;
  if (count && *count <= rank)
    pads = vectorOf(op, pads, 2 * *count);
  auto given = pads ? op.shapes().elements(pads) : std::nullopt;
  if (!given || op.rank(op.input(1)) != 1)
    return op.error("E-SHAPE", "the number of pads is not known at compile time; expected a vector of known length");
  if (!op.hasInput(3)) {
    if (int64_t(given->size()) != 2 * rank)
      return op.error("E-SHAPE", "pads has " + Twine(given->size()) + " elements; expected " + Twine(2 * rank) +
                                     " for an input of rank " + Twine(rank));
    return padTo(op, pads, value);
  }
  auto known = op.shapes().constantElements(op.input(3));
  if (!count || int64_t(given->size()) != 2 * *count)
    return op.error("E-SHAPE", "pads has " + Twine(given->size()) + " elements for " + Twine(count.value_or(-1)) +
                                   " axes; expected two per axis");
  if (known) {
    auto axes = normalAxes(op, *known);
    if (failed(axes))
      return failure();
    SmallVector<Dim> full(2 * rank, op.dims().constant(0));
    for (auto [i, axis] : llvm::enumerate(*axes)) {
      full[axis] = (*given)[i];
      full[rank + axis] = (*given)[*count + i];
    }
    return padTo(op, op.sizes(full), value);
  }
  // Axes that only the run knows.
  auto part = [&](int64_t from) {
    Value half = op.create<SliceOp>(pads, op.i64({from}), op.i64({from + *count}), op.i64({1}), ArrayRef<int64_t>{0});
    return half ? spreadOverAxes(op, 0, op.input(3), half) : Value();
  };
  Value before = part(0), after = part(*count);
  if (!before || !after)
    return failure();
  return padTo(op, op.create<ConcatOp>(ValueRange{before, after}, int64_t(0)), value);
}

/// Cuts or pads each axis evenly on both sides; an odd rest goes to the end.
LogicalResult centerCropPad(OpBinder &op) {
  Value x = op.input(0);
  int64_t rank = op.rank(x);
  auto given = op.intsAttr("axes");
  auto axes = normalAxes(op, given ? *given : firstAxes(rank));
  if (failed(axes))
    return failure();
  auto wanted = op.shapes().elements(op.input(1));
  if (!wanted || wanted->size() != axes->size())
    return op.error("E-SHAPE", "shape has " + (wanted ? Twine(wanted->size()) : Twine("an unknown number of")) +
                                   " elements; expected " + Twine(axes->size()) + ", one per axis");
  DimContext &d = op.dims();
  Dim zero = d.constant(0);
  SmallVector<Dim> pads(2 * rank, zero);
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    Dim more = d.sub((*wanted)[i], op.shapes().dim(x, axis));
    Dim before = d.sub(d.floorDiv(d.max(more, zero), 2), d.floorDiv(d.max(d.mul(more, -1), zero), 2));
    pads[axis] = before;
    pads[rank + axis] = d.sub(more, before);
  }
  Value vector = op.sizes(pads);
  return vector ? op.result(op.create<PadOp>(x, vector, op.scalar(op.elementType(x), 0), "constant")) : failure();
}

// ---- depth and space

LogicalResult blockSizeOf(OpBinder &op, int64_t &block) {
  block = op.intAttr("blocksize", 0);
  if (block < 1)
    return op.error("E-ATTR", "blocksize is " + Twine(block) + "; expected 1 or more");
  if (op.rank(op.input(0)) != 4)
    return op.error("E-SHAPE", "input '" + op.node.inputs[0] + "' has rank " + Twine(op.rank(op.input(0))) +
                                   "; expected 4 (batch, channels, height, width)");
  return success();
}

LogicalResult checkDivides(OpBinder &op, Dim size, int64_t divisor, StringRef what) {
  if (size.constant() && *size.constant() % divisor != 0)
    return op.error("E-SHAPE", what + " is " + Twine(*size.constant()) + "; expected a multiple of " + Twine(divisor));
  return success();
}

/// The order of channels in the block: DCR or CRD.
FailureOr<bool> isDepthFirst(OpBinder &op) {
  StringRef mode = op.stringAttr("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return op.error("E-ATTR", "mode is '" + mode + "'; expected DCR or CRD");
  return mode == "DCR";
}

LogicalResult depthToSpace(OpBinder &op) {
  int64_t block;
  if (failed(blockSizeOf(op, block)))
    return failure();
  Value x = op.input(0);
  SmallVector<Dim> size(op.shapes().dimsOf(x));
  auto depthFirst = isDepthFirst(op);
  if (failed(depthFirst))
    return failure();
  if (block >= 1 << 20 || failed(checkDivides(op, size[1], block * block, "the number of channels")))
    return block >= 1 << 20 ? op.error("E-ATTR", "blocksize is " + Twine(block) + "; expected less than 2^20")
                            : failure();
  DimContext &d = op.dims();
  Dim b = d.constant(block), depth = d.floorDiv(size[1], block * block);
  Value y = *depthFirst ? op.reshape(x, {size[0], b, b, depth, size[2], size[3]})
                        : op.reshape(x, {size[0], depth, b, b, size[2], size[3]});
  y = y ? op.transpose(y, *depthFirst ? ArrayRef<int64_t>{0, 3, 4, 1, 5, 2} : ArrayRef<int64_t>{0, 1, 4, 2, 5, 3}) : y;
  return op.result(y ? op.reshape(y, {size[0], depth, d.mul(size[2], b), d.mul(size[3], b)}) : y);
}

LogicalResult spaceToDepth(OpBinder &op) {
  int64_t block;
  if (failed(blockSizeOf(op, block)))
    return failure();
  auto depthFirst = isDepthFirst(op);
  if (failed(depthFirst))
    return failure();
  Value x = op.input(0);
  SmallVector<Dim> size(op.shapes().dimsOf(x));
  if (failed(checkDivides(op, size[2], block, "the height")) || failed(checkDivides(op, size[3], block, "the width")))
    return failure();
  DimContext &d = op.dims();
  Dim b = d.constant(block), h = d.floorDiv(size[2], block), w = d.floorDiv(size[3], block);
  Value y = op.reshape(x, {size[0], size[1], h, b, w, b});
  y = y ? op.transpose(y, *depthFirst ? ArrayRef<int64_t>{0, 3, 5, 1, 2, 4} : ArrayRef<int64_t>{0, 1, 3, 5, 2, 4}) : y;
  return op.result(y ? op.reshape(y, {size[0], d.product({b, b, size[1]}), h, w}) : y);
}

LogicalResult reverseSequence(OpBinder &op) {
  auto batch = axisAttr(op, 1, "batch_axis"), time = axisAttr(op, 0, "time_axis");
  if (failed(batch) || failed(time))
    return failure();
  if (*batch == *time)
    return op.error("E-ATTR", "batch_axis and time_axis are both " + Twine(*batch) + "; expected two axes");
  return op.result(op.create<ReverseSequenceOp>(op.input(0), op.input(1), *batch, *time));
}

LogicalResult trilu(OpBinder &op) {
  Value k = op.hasInput(1) ? op.input(1) : op.i64Scalar(0);
  return op.result(op.create<TriluOp>(op.input(0), k, op.intAttr("upper", 1) != 0));
}

// ---- as ONNX

LogicalResult exportSlice(SliceOp op, NodeBuilder &b) {
  return b.result(
      b.node("Slice", {b(op.getX()), b(op.getStarts()), b(op.getEnds()), b.i64(op.getAxes()), b(op.getSteps())}));
}

LogicalResult exportPad(PadOp op, NodeBuilder &b) {
  return b.result(b.node("Pad", {b(op.getX()), b(op.getPads()), b.scalar(op.getValue())}, {{"mode", op.getMode()}}));
}

LogicalResult exportTrilu(TriluOp op, NodeBuilder &b) {
  return b.result(b.node("Trilu", {b(op.getX()), b.scalar(op.getK())}, {{"upper", op.getUpper()}}));
}

} // namespace

namespace cameo::onnx {
void registerMovementHandlers(HandlerTable &table) {
  table.on("Transpose", 1, transpose);
  table.on("Concat", 1, concat);
  table.on("Slice", 1, sliceAttributes);
  table.on("Slice", 10, slice);
  table.on("Split", 1, split);
  table.on("Expand", 8, expand);
  table.on("Tile", 1, tileOneAxis);
  table.on("Tile", 6, tile);
  table.on("Pad", 1, padAttributes);
  table.on("Pad", 11, pad);
  table.onMicrosoft("Pad", "data pads:1 value?", pad);
  table.on("CenterCropPad", 18, centerCropPad);
  table.on("DepthToSpace", 1, depthToSpace);
  table.on("SpaceToDepth", 1, spaceToDepth);
  table.on("ReverseSequence", 10, reverseSequence);
  table.on("Trilu", 14, trilu);
  table.onMicrosoft("Trilu", "X k?", trilu);

  table.exports<TransposeOp>("Transpose(perm=permutation)");
  table.exports<SliceOp>(exportSlice);
  table.exports<ConcatOp>("Concat(axis)");
  table.exports<ExpandOp>("Expand");
  table.exports<TileOp>("Tile");
  table.exports<PadOp>(exportPad);
  table.exports<ReverseSequenceOp>("ReverseSequence(batch_axis=batchAxis, time_axis=timeAxis)");
  table.exports<TriluOp>(exportTrilu);
}
} // namespace cameo::onnx
