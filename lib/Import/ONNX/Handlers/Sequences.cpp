// Sequences.cpp - sequences and optionals. As long as the length is known at compile time, the program has the elements
// as tensors and nothing of the sequence is left at run time; a position that only the run knows chooses among them.
// Otherwise the sequence is ragged (Ragged.h).
#include "Loops.h"
#include "cameo/Import/ONNX/Reader.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

using Elements = std::vector<Value>;

FailureOr<Binding> sequenceInput(OpBinder &op, size_t i) {
  Binding given = op.binding(i);
  if (!given.isSequence())
    return op.error("E-TYPE", "input '" + op.node.inputs[i] + "' is not a sequence");
  if (given.present)
    return op.error("E-TYPE", "input '" + op.node.inputs[i] +
                                  "' is an optional, and only the run knows whether it has an element; take it with "
                                  "OptionalGetElement");
  return given;
}

LogicalResult bindRagged(OpBinder &op, const RaggedSequence &sequence) {
  return sequence.elements && sequence.shapes ? op.bindResult(0, sequence) : failure();
}

constexpr StringLiteral kWrongSum = "the sum of split is not the size of the axis that it splits";

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

/// Input `i` as an i64 scalar.
Value openPosition(OpBinder &op, size_t i) {
  return Compose{op}.cast(scalarOf(op, op.input(i)), op.builder.getI64Type());
}

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
  Value position = openPosition(op, i);
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
  auto sequence = sequenceInput(op, 0);
  if (failed(sequence))
    return failure();
  return op.result(sequence->list ? op.i64Scalar(sequence->list->size()) : raggedLength(op, *sequence->ragged));
}

LogicalResult checkNotEmpty(OpBinder &op, const Elements &elements) {
  return elements.empty() ? op.error("E-INDEX", "the sequence is empty") : success();
}

LogicalResult at(OpBinder &op) {
  auto sequence = sequenceInput(op, 0);
  if (failed(sequence))
    return failure();
  if (sequence->ragged)
    return op.result(raggedAt(op, *sequence->ragged, openPosition(op, 1)));
  Elements &elements = *sequence->list;
  int64_t count = elements.size();
  if (failed(checkNotEmpty(op, elements)))
    return failure();
  auto position = positionInput(op, 1, count, count - 1, 0);
  if (failed(position))
    return failure();
  if (position->known)
    return op.result(elements[*position->known]);
  Value chosen = elements.back();
  for (int64_t i = count - 2; i >= 0; --i)
    chosen = choose(op, isBelow(op, position->value, i + 1), elements[i], chosen);
  return op.result(chosen);
}

LogicalResult insert(OpBinder &op) {
  auto sequence = sequenceInput(op, 0);
  if (failed(sequence))
    return failure();
  Value added = op.input(1);
  if (sequence->ragged)
    return bindRagged(op, raggedInsert(op, *sequence->ragged, added, op.hasInput(2) ? openPosition(op, 2) : Value()));
  Elements &elements = *sequence->list;
  int64_t count = elements.size();
  auto position = positionInput(op, 2, count, count, count);
  if (failed(position))
    return failure();
  if (position->known) {
    elements.insert(elements.begin() + *position->known, added);
    return op.bindResult(0, elements);
  }
  Value place = position->value;
  Elements result;
  for (int64_t i = 0; i <= count; ++i) {
    // Before the place the old element, at it the new one, behind it the old element before.
    Value behind = i > 0 ? choose(op, isBelow(op, place, i), elements[i - 1], added) : added;
    result.push_back(i < count ? choose(op, isBelow(op, place, i + 1), behind, elements[i]) : behind);
    if (!result.back())
      return failure();
  }
  return op.bindResult(0, result);
}

LogicalResult erase(OpBinder &op) {
  auto sequence = sequenceInput(op, 0);
  if (failed(sequence))
    return failure();
  if (sequence->ragged)
    return bindRagged(op, raggedErase(op, *sequence->ragged, op.hasInput(1) ? openPosition(op, 1) : op.i64Scalar(-1)));
  Elements &elements = *sequence->list;
  int64_t count = elements.size();
  if (failed(checkNotEmpty(op, elements)))
    return failure();
  auto position = positionInput(op, 1, count, count - 1, count - 1);
  if (failed(position))
    return failure();
  if (position->known) {
    elements.erase(elements.begin() + *position->known);
    return op.bindResult(0, elements);
  }
  Elements result;
  for (int64_t i = 0; i + 1 < count; ++i) {
    result.push_back(choose(op, isBelow(op, position->value, i + 1), elements[i + 1], elements[i]));
    if (!result.back())
      return failure();
  }
  return op.bindResult(0, result);
}

// ---- split and join

/// x, of which the run checks `condition`.
Value require(OpBinder &op, Value x, Value condition, StringRef message) {
  return Compose{op}.make<RequireOp>(x, condition, true, message);
}

/// The pieces' lengths where they are known to be so many at compile time; nothing where only the run knows how many.
FailureOr<std::optional<SmallVector<Dim>>> knownLengths(OpBinder &op, Dim size) {
  using Result = std::optional<SmallVector<Dim>>;
  DimContext &d = op.dims();
  if (op.hasInput(1) && op.rank(op.input(1)) == 1) {
    auto given = op.shapes().elements(op.input(1));
    return given ? Result(llvm::to_vector(ArrayRef(*given))) : Result();
  }
  int64_t piece = 1;
  if (op.hasInput(1)) {
    auto given = op.shapes().constantElements(op.input(1));
    if (!given)
      return Result();
    piece = given->front();
    if (piece < 1)
      return op.error("E-SHAPE", "split is " + Twine(piece) + "; expected 1 or more");
  }
  if (!size.constant())
    return Result();
  if (failed(op.checkSequenceLength(*size.constant() / piece)))
    return failure();
  SmallVector<Dim> lengths;
  for (int64_t left = *size.constant(); left > 0; left -= piece)
    lengths.push_back(d.constant(std::min(left, piece)));
  return Result(lengths);
}

LogicalResult splitIntoList(OpBinder &op, Value x, int64_t axis, ArrayRef<Dim> lengths) {
  DimContext &d = op.dims();
  if (failed(op.checkSequenceLength(lengths.size())))
    return failure();
  Dim sum = d.constant(0), whole = op.shapes().dim(x, axis);
  for (Dim length : lengths) {
    if (length.constant() && *length.constant() < 0)
      return op.error("E-SHAPE", "split has the entry " + Twine(*length.constant()) + "; expected 0 or more");
    sum = d.add(sum, length);
  }
  if (sum.constant() && whole.constant() && sum != whole)
    return op.error("E-SHAPE", "split has a sum of " + Twine(*sum.constant()) + ", but axis " + Twine(axis) +
                                   " has size " + Twine(*whole.constant()));
  Compose c{op};
  if (sum != whole) // only the run can tell
    x = require(op, x, c.squeeze(c.make<EqualOp>(op.sizes({sum}), op.sizes({whole})), {0}), kWrongSum);
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

/// The lengths of the pieces as a vector; null on failure (reported).
Value openLengths(OpBinder &op, Dim size) {
  Compose c{op};
  Type i64 = op.builder.getI64Type();
  Value given = c.cast(op.input(1), i64), zero = op.i64Scalar(0), whole = c.squeeze(op.sizes({size}), {0});
  if (op.rank(op.input(1)) == 1) {
    Value sum = c.reduce(given, {0}, "sum", /*keepDims=*/false),
          least = c.reduce(given, {0}, "min", /*keepDims=*/false);
    given = require(op, given, c.make<EqualOp>(sum, whole), kWrongSum);
    return require(op, given, c.make<LessOp>(op.i64Scalar(-1), least), "split has a negative entry");
  }
  Value piece = require(op, scalarOf(op, given), c.make<LessOp>(zero, given), "split is below 1");
  if (!piece)
    return {};
  // A last piece that is shorter takes what is left.
  Dim length = op.dims().max((*op.shapes().elements(piece))[0], op.dims().constant(1));
  Value starts = c.make<RangeOp>(zero, piece, op.sizes({op.dims().ceilDiv(size, length)}));
  return c.min(c.sub(whole, starts), piece);
}

LogicalResult split(OpBinder &op) {
  Value x = op.input(0);
  int64_t rank = op.rank(x), axis = op.intAttr("axis", 0);
  if (axis < -rank || axis >= rank)
    return op.error("E-ATTR", "axis is " + Twine(axis) + "; expected " + Twine(-rank) + " to " + Twine(rank - 1));
  axis = axis < 0 ? axis + rank : axis;
  Dim size = op.shapes().dim(x, axis);
  auto known = knownLengths(op, size);
  if (failed(known))
    return failure();
  if (*known)
    return splitIntoList(op, x, axis, **known);
  if (!op.hasInput(1))
    return bindRagged(op, raggedSlices(op, x, axis, op.intAttr("keepdims", 1) != 0));
  Value lengths = openLengths(op, size);
  return lengths ? bindRagged(op, raggedSplit(op, x, lengths, axis)) : failure();
}

LogicalResult concat(OpBinder &op) {
  auto sequence = sequenceInput(op, 0);
  if (failed(sequence))
    return failure();
  auto axis = op.node.getInt("axis");
  if (!axis)
    return op.error("E-ATTR", "axis is missing");
  bool isNew = op.intAttr("new_axis", 0) != 0;
  if (sequence->ragged) {
    int64_t rank = raggedRank(op, *sequence->ragged) + isNew;
    if (*axis < -rank || *axis >= rank)
      return op.error("E-ATTR", "axis is " + Twine(*axis) + "; expected " + Twine(-rank) + " to " + Twine(rank - 1));
    return op.result(raggedConcat(op, *sequence->ragged, *axis < 0 ? *axis + rank : *axis, isNew));
  }
  SmallVector<Value> pieces(sequence->list->begin(), sequence->list->end());
  if (pieces.empty())
    return op.error("E-SHAPE", "the sequence is empty; expected at least one element");
  if (isNew)
    for (Value &piece : pieces)
      piece = piece ? op.unsqueeze(piece, {*axis}) : piece;
  return llvm::is_contained(pieces, Value()) ? failure() : op.result(op.create<ConcatOp>(pieces, *axis));
}

// ---- map

/// The body once per element.
LogicalResult mapList(OpBinder &op, const Graph &body, ArrayRef<Binding> inputs) {
  std::vector<Elements> results(op.numOutputs());
  for (size_t i = 0; i < inputs.front().list->size(); ++i) {
    SmallVector<Value> arguments;
    for (auto [number, given] : llvm::enumerate(inputs)) {
      if (given.list && given.list->size() != inputs.front().list->size())
        return op.error("E-SHAPE", "input '" + op.node.inputs[number] + "' has " + Twine(given.list->size()) +
                                       " elements, input '" + op.node.inputs[0] + "' has " +
                                       Twine(inputs.front().list->size()));
      arguments.push_back(given.list ? (*given.list)[i] : given.tensor);
    }
    auto values = op.importSubgraph(body, op.builder.getInsertionBlock(), ValueRange(arguments));
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

/// A loop over the elements, which carries the results and appends to them. `inputs` are ragged sequences and tensors.
LogicalResult mapRagged(OpBinder &op, const Graph &graph, MutableArrayRef<Binding> inputs) {
  Compose c{op};
  Value count = raggedLength(op, *inputs.front().ragged);
  for (auto [i, given] : llvm::enumerate(inputs.drop_front()))
    if (given.ragged) {
      Value &shapes = given.ragged->shapes;
      shapes = require(op, shapes, c.make<EqualOp>(count, raggedLength(op, *given.ragged)),
                       "input '" + escaped(op.node.inputs[i + 1]) + "' has not as many elements as input '" +
                           escaped(op.node.inputs[0]) + "'");
      if (!shapes)
        return failure();
    }
  auto body = [&](Block *block, Value i, Value, ArrayRef<Binding> carried) -> FailureOr<SmallVector<Binding>> {
    SmallVector<Value> arguments;
    for (const Binding &given : inputs)
      arguments.push_back(given.ragged ? raggedAt(op, *given.ragged, i) : given.tensor);
    if (llvm::is_contained(arguments, Value()))
      return failure();
    auto values = op.importSubgraph(graph, block, ValueRange(arguments));
    if (failed(values))
      return failure();
    SmallVector<Binding> next{op.scalar(op.builder.getI1Type(), 1)};
    for (auto [sequence, value] : llvm::zip(carried, *values)) {
      if (sequence.list) { // still empty: the first result says what the elements are
        next.push_back(raggedOf(op, value, op.elementType(value), op.rank(value)));
        continue;
      }
      RaggedSequence longer = raggedInsert(op, *sequence.ragged, value, {});
      if (!longer.elements || !longer.shapes)
        return failure();
      next.push_back(longer);
    }
    return next;
  };
  auto results = buildLoop(op, count, Value(), SmallVector<Binding>(op.numOutputs(), Elements()), 0, body);
  if (failed(results))
    return failure();
  for (auto [i, result] : llvm::enumerate(*results))
    if (failed(op.bindResult(i, result)))
      return failure();
  return success();
}

LogicalResult map(OpBinder &op) {
  const Graph *body = graphOf(op, "body");
  if (!body)
    return failure();
  auto first = sequenceInput(op, 0);
  if (failed(first))
    return failure();
  if (body->inputs.size() != op.numInputs() || body->outputs.size() != op.numOutputs())
    return op.error("E-ARITY", "the body has " + Twine(body->inputs.size()) + " inputs and " +
                                   Twine(body->outputs.size()) + " outputs; expected " + Twine(op.numInputs()) +
                                   " and " + Twine(op.numOutputs()) + ", as the node has");
  SmallVector<Binding> inputs{*first};
  for (size_t i = 1; i < op.numInputs(); ++i) {
    Binding given = op.binding(i);
    auto sequence = given.isSequence() ? sequenceInput(op, i) : FailureOr<Binding>(Binding(op.input(i)));
    if (failed(sequence) || !sequence->isGiven())
      return failure();
    inputs.push_back(std::move(*sequence));
  }
  if (llvm::none_of(inputs, [](const Binding &given) { return given.ragged.has_value(); }))
    return mapList(op, *body, inputs);
  for (auto [i, given] : llvm::enumerate(inputs)) {
    if (!given.list)
      continue;
    auto form = raggedForm(formOf(op, given));
    if (!form || !form->elementType)
      return op.error(
          "E-SHAPE",
          "input '" + op.node.inputs[i] + "' has " + Twine(given.list->size()) +
              " elements, which only the run can compare with the other inputs; expected elements of one type");
    given = convert(op, given, *form);
  }
  return mapRagged(op, *body, inputs);
}

// ---- optionals

LogicalResult makeOptional(OpBinder &op) { return op.bindResult(0, op.binding(0)); }

LogicalResult hasElement(OpBinder &op) {
  Binding given = op.binding(0);
  return op.result(given.present ? given.present : op.scalar(op.builder.getI1Type(), given.isGiven()));
}

LogicalResult getElement(OpBinder &op) {
  Binding given = op.binding(0);
  if (!given.isGiven())
    return op.error("E-TYPE", "input '" + op.node.inputs[0] + "' is an optional without an element");
  return given.present ? op.bindResult(0, op.requirePresent(0)) : op.bindResult(0, given);
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
