// Sequences.cpp - sequences and optionals. Their lengths are known at compile time, so the program has their elements
// as tensors and nothing of them is left at run time. A position that only the run knows chooses among the elements.
#include "Compose.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

using Elements = std::vector<Value>;

FailureOr<Elements> sequenceInput(OpBinder &op, size_t i) {
  if (Binding given = op.binding(i); given.sequence)
    return *given.sequence;
  return op.error("E-TYPE", "input '" + op.node.inputs[i] + "' is not a sequence");
}

/// One of two tensors of one type and rank, whose sizes may differ.
Value choose(OpBinder &op, Value condition, Value x, Value y) {
  if (!condition || !x || !y)
    return {};
  return x == y ? x : op.branch(condition, [&] { return x; }, [&] { return y; });
}

/// A position in a sequence: a number, or a scalar that counts from the front.
struct Position {
  std::optional<int64_t> known;
  Value value;
};

/// Input `i` as a position of at most `last` in a sequence of `count` elements, from whose end negative ones count;
/// `fallback` where it is not given.
FailureOr<Position> positionInput(OpBinder &op, size_t i, int64_t count, int64_t last, int64_t fallback) {
  if (!op.hasInput(i))
    return Position{fallback, {}};
  Value given = op.input(i);
  if (auto known = op.shapes().constantElements(given); known && known->size() == 1) {
    int64_t position = known->front() < 0 ? known->front() + count : known->front();
    if (position < 0 || position > last)
      return op.error("E-INDEX",
                      "position is " + Twine(known->front()) + "; expected " + Twine(-count) + " to " + Twine(last));
    return Position{position, {}};
  }
  Compose c{op};
  Value position =
      c.cast(op.rank(given) == 0 ? given : op.reshape(given, ArrayRef<int64_t>{}), op.builder.getI64Type());
  Value isNegative = c.make<LessOp>(position, c.like(position, 0));
  return Position{{}, c.where(isNegative, c.add(position, double(count)), position)};
}

Value isBelow(OpBinder &op, Value position, int64_t limit) {
  Compose c{op};
  return c.make<LessOp>(position, c.like(position, double(limit)));
}

LogicalResult construct(OpBinder &op) {
  SmallVector<Value> values = op.inputs();
  return op.bindResult(0, Elements(values.begin(), values.end()));
}

LogicalResult empty(OpBinder &op) { return op.bindResult(0, Elements()); }

LogicalResult length(OpBinder &op) {
  auto elements = sequenceInput(op, 0);
  return failed(elements) ? failure() : op.result(op.i64Scalar(elements->size()));
}

FailureOr<Elements> nonEmptySequenceInput(OpBinder &op, size_t i) {
  auto elements = sequenceInput(op, i);
  if (succeeded(elements) && elements->empty())
    return op.error("E-INDEX", "the sequence is empty");
  return elements;
}

LogicalResult at(OpBinder &op) {
  auto elements = nonEmptySequenceInput(op, 0);
  if (failed(elements))
    return failure();
  int64_t count = elements->size();
  auto position = positionInput(op, 1, count, count - 1, 0);
  if (failed(position))
    return failure();
  if (position->known)
    return op.result((*elements)[*position->known]);
  Value chosen = elements->back();
  for (int64_t i = count - 2; i >= 0; --i)
    chosen = choose(op, isBelow(op, position->value, i + 1), (*elements)[i], chosen);
  return op.result(chosen);
}

LogicalResult insert(OpBinder &op) {
  auto elements = sequenceInput(op, 0);
  if (failed(elements))
    return failure();
  int64_t count = elements->size();
  auto position = positionInput(op, 2, count, count, count);
  if (failed(position))
    return failure();
  Value added = op.input(1);
  if (position->known) {
    elements->insert(elements->begin() + *position->known, added);
    return op.bindResult(0, *elements);
  }
  Value place = position->value;
  Elements result;
  for (int64_t i = 0; i <= count; ++i) {
    // Before the place the old element, at it the new one, behind it the old element before.
    Value behind = i > 0 ? choose(op, isBelow(op, place, i), (*elements)[i - 1], added) : added;
    result.push_back(i < count ? choose(op, isBelow(op, place, i + 1), behind, (*elements)[i]) : behind);
    if (!result.back())
      return failure();
  }
  return op.bindResult(0, result);
}

LogicalResult erase(OpBinder &op) {
  auto elements = nonEmptySequenceInput(op, 0);
  if (failed(elements))
    return failure();
  int64_t count = elements->size();
  auto position = positionInput(op, 1, count, count - 1, count - 1);
  if (failed(position))
    return failure();
  if (position->known) {
    elements->erase(elements->begin() + *position->known);
    return op.bindResult(0, *elements);
  }
  Elements result;
  for (int64_t i = 0; i + 1 < count; ++i) {
    result.push_back(choose(op, isBelow(op, position->value, i + 1), (*elements)[i + 1], (*elements)[i]));
    if (!result.back())
      return failure();
  }
  return op.bindResult(0, result);
}

LogicalResult split(OpBinder &op) {
  Value x = op.input(0);
  int64_t rank = op.rank(x), axis = op.intAttr("axis", 0);
  if (axis < -rank || axis >= rank)
    return op.error("E-ATTR", "axis is " + Twine(axis) + "; expected " + Twine(-rank) + " to " + Twine(rank - 1));
  axis = axis < 0 ? axis + rank : axis;
  auto size = op.shapes().dim(x, axis).constant();
  DimContext &d = op.dims();
  SmallVector<Dim> lengths;
  if (op.hasInput(1) && op.rank(op.input(1)) == 1) {
    auto given = op.shapes().elements(op.input(1));
    if (!given)
      return op.error("E-SHAPE",
                      "the number of entries of split is not known at compile time, so neither is the length of the "
                      "sequence; fix it with --dim");
    lengths.assign(given->begin(), given->end());
  } else {
    if (!size)
      return op.error("E-SHAPE", "the size of axis " + Twine(axis) +
                                     " is not known at compile time, so neither is the length "
                                     "of the sequence; fix it with --dim");
    int64_t piece = 1;
    if (op.hasInput(1)) {
      auto given = op.constantInput(1, "split");
      if (failed(given))
        return failure();
      piece = given->front();
      if (piece < 1)
        return op.error("E-SHAPE", "split is " + Twine(piece) + "; expected 1 or more");
    }
    if (failed(op.checkSequenceLength(*size / piece)))
      return failure();
    for (int64_t left = *size; left > 0; left -= piece)
      lengths.push_back(d.constant(std::min(left, piece)));
  }
  if (failed(op.checkSequenceLength(lengths.size())))
    return failure();
  Dim sum = d.constant(0), whole = op.shapes().dim(x, axis);
  for (Dim length : lengths) {
    if (length.constant() && *length.constant() < 0)
      return op.error("E-SHAPE", "split has the entry " + Twine(*length.constant()) + "; expected 0 or more");
    sum = d.add(sum, length);
  }
  if (sum.constant() && size && *sum.constant() != *size)
    return op.error("E-SHAPE", "split has a sum of " + Twine(*sum.constant()) + ", but axis " + Twine(axis) +
                                   " has size " + Twine(*size));
  Compose c{op};
  if (sum != whole) // only the run can tell
    x = c.make<RequireOp>(x, c.squeeze(c.make<EqualOp>(op.sizes({sum}), op.sizes({whole})), {0}), true,
                          "the sum of split is not the size of the axis that it splits");
  bool dropsAxis = !op.hasInput(1) && op.intAttr("keepdims", 1) == 0;
  Elements elements;
  Dim start = d.constant(0);
  for (Dim length : lengths) {
    Dim end = d.add(start, length);
    Value piece = c.make<SliceOp>(x, op.sizes({start}), op.sizes({end}), op.i64({1}), ArrayRef<int64_t>{axis});
    if (!piece)
      return failure();
    elements.push_back(dropsAxis ? op.squeeze(piece, {axis}) : piece);
    start = end;
  }
  return op.bindResult(0, elements);
}

LogicalResult concat(OpBinder &op) {
  auto elements = sequenceInput(op, 0);
  if (failed(elements))
    return failure();
  if (elements->empty())
    return op.error("E-SHAPE", "the sequence is empty; expected at least one element");
  auto axis = op.node.getInt("axis");
  if (!axis)
    return op.error("E-ATTR", "axis is missing");
  SmallVector<Value> pieces(elements->begin(), elements->end());
  if (op.intAttr("new_axis", 0))
    for (Value &piece : pieces)
      piece = piece ? op.unsqueeze(piece, {*axis}) : piece;
  return llvm::is_contained(pieces, Value()) ? failure() : op.result(op.create<ConcatOp>(pieces, *axis));
}

/// The body once per element.
LogicalResult map(OpBinder &op) {
  const Graph *body = op.node.getGraph("body");
  auto first = sequenceInput(op, 0);
  if (!body || failed(first))
    return body ? failure() : op.error("E-ATTR", "graph attribute body is missing");
  std::vector<Elements> results(op.numOutputs());
  for (size_t i = 0; i < first->size(); ++i) {
    SmallVector<Value> arguments;
    for (size_t input = 0; input < op.numInputs(); ++input) {
      Binding given = op.binding(input);
      if (given.sequence && given.sequence->size() != first->size())
        return op.error("E-SHAPE", "input '" + op.node.inputs[input] + "' has " + Twine(given.sequence->size()) +
                                       " elements, input '" + op.node.inputs[0] + "' has " + Twine(first->size()));
      arguments.push_back(given.sequence ? (*given.sequence)[i] : given.tensor);
    }
    auto values = op.importSubgraph(*body, op.builder.getInsertionBlock(), ValueRange(arguments));
    if (failed(values))
      return failure();
    for (auto [result, value] : llvm::zip(results, *values))
      result.push_back(value);
  }
  for (auto [i, result] : llvm::enumerate(results))
    if (failed(op.bindResult(i, result)))
      return failure();
  return success();
}

// ---- optionals

LogicalResult makeOptional(OpBinder &op) { return op.bindResult(0, op.binding(0)); }

LogicalResult hasElement(OpBinder &op) { return op.result(op.scalar(op.builder.getI1Type(), op.binding(0).isGiven())); }

LogicalResult getElement(OpBinder &op) {
  Binding given = op.binding(0);
  if (!given.isGiven())
    return op.error("E-TYPE", "input '" + op.node.inputs[0] + "' is an optional without an element");
  return op.bindResult(0, given);
}

} // namespace

namespace cameo::onnx {
void registerSequencesHandlers(HandlerTable &table) {
  table.on("SequenceConstruct", 11, construct);
  table.on("SequenceEmpty", 11, empty);
  table.on("SequenceLength", 11, length);
  table.on("SequenceAt", 11, at);
  table.on("SequenceInsert", 11, insert);
  table.on("SequenceErase", 11, erase);
  table.on("SplitToSequence", 11, split);
  table.on("ConcatFromSequence", 11, concat);
  table.on("SequenceMap", 17, map);
  table.on("Optional", 15, makeOptional);
  table.on("OptionalHasElement", 15, hasElement);
  table.on("OptionalGetElement", 15, getElement);
}
} // namespace cameo::onnx
