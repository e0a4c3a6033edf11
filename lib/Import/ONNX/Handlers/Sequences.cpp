// Sequences.cpp - sequences. As long as the length is known at compile time, the program has the elements
// as tensors and nothing of the sequence is left at run time; a position that only the run knows chooses among them.
// Otherwise the sequence is ragged (Ragged.h).
#include "Pieces.h"
#include "Ragged.h"
#include "cameo/Import/ONNX/Reader.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

using Elements = std::vector<Value>;

LogicalResult bindRagged(OpBinder &op, const RaggedSequence &sequence) {
  return sequence ? op.bindResult(0, sequence) : failure();
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

/// Input `i` as an i64 scalar.
Value openPosition(OpBinder &op, size_t i) {
  return Compose{op}.cast(op.scalarOf(op.input(i)), op.builder.getI64Type());
}

/// Input `i` as a position in a list of `count` elements, or behind the last one where it `mayBeEnd`; `fallback` where
/// it is not given.
FailureOr<Position> positionInput(OpBinder &op, size_t i, int64_t count, bool mayBeEnd, int64_t fallback) {
  if (!op.hasInput(i))
    return Position{fallback, {}};
  int64_t last = mayBeEnd ? count : count - 1;
  if (auto known = op.shapes().constantElements(op.input(i)); known && known->size() == 1) {
    int64_t position = known->front() < 0 ? known->front() + count : known->front();
    if (position < 0 || position > last)
      return op.error("E-INDEX",
                      "position is " + Twine(known->front()) + "; expected " + Twine(-count) + " to " + Twine(last));
    return Position{position, {}};
  }
  return Position{{}, positionIn(op, openPosition(op, i), op.i64Scalar(count), mayBeEnd)};
}

Value isBelow(OpBinder &op, Value position, int64_t limit) {
  Compose c{op};
  return c.make<LessOp>(position, c.like(position, double(limit)));
}

/// The only element that there is to choose at a position that only the run knows, behind the check of the position.
Value onlyChoice(OpBinder &op, Value element, Value position) {
  return Compose{op}.require(element, isBelow(op, position, 1), "the position is not that of the only element");
}

LogicalResult construct(OpBinder &op) {
  SmallVector<Value> values = op.inputs();
  return op.bindResult(0, Elements(values.begin(), values.end()));
}

LogicalResult empty(OpBinder &op) { return op.bindResult(0, Elements()); }

LogicalResult length(OpBinder &op) {
  auto sequence = op.sequenceInput(0);
  if (failed(sequence))
    return failure();
  return op.result(sequence->list ? op.i64Scalar(sequence->list->size()) : raggedLength(op, *sequence->ragged));
}

LogicalResult checkNotEmpty(OpBinder &op, const Elements &elements) {
  return elements.empty() ? op.error("E-INDEX", "the sequence is empty; expected at least one element") : success();
}

LogicalResult at(OpBinder &op) {
  auto sequence = op.sequenceInput(0);
  if (failed(sequence))
    return failure();
  if (sequence->ragged)
    return op.result(raggedAt(op, *sequence->ragged,
                              positionIn(op, openPosition(op, 1), raggedLength(op, *sequence->ragged), false)));
  Elements &elements = *sequence->list;
  int64_t count = elements.size();
  if (failed(checkNotEmpty(op, elements)))
    return failure();
  auto position = positionInput(op, 1, count, /*mayBeEnd=*/false, 0);
  if (failed(position))
    return failure();
  if (position->known)
    return op.result(elements[*position->known]);
  if (count == 1)
    return op.result(onlyChoice(op, elements.front(), position->value));
  Value chosen = elements.back();
  for (int64_t i = count - 2; i >= 0; --i)
    chosen = choose(op, isBelow(op, position->value, i + 1), elements[i], chosen);
  return op.result(chosen);
}

LogicalResult insert(OpBinder &op) {
  auto sequence = op.sequenceInput(0);
  if (failed(sequence))
    return failure();
  Value added = op.input(1);
  if (sequence->ragged || !sequence->list->empty()) {
    Type own = op.elementType(sequence->ragged ? sequence->ragged->elements : sequence->list->front());
    if (own != op.elementType(added))
      return op.error("E-TYPE", "input '" + escaped(op.node.inputs[1]) + "' has type " +
                                    op.typeName(op.elementType(added)) + ", and the elements of input '" +
                                    escaped(op.node.inputs[0]) + "' have type " + op.typeName(own) +
                                    "; expected one type");
  }
  if (const auto &ragged = sequence->ragged) {
    if (!op.hasInput(2))
      return bindRagged(op, raggedAppend(op, *ragged, added));
    Value place = positionIn(op, openPosition(op, 2), raggedLength(op, *ragged), /*mayBeEnd=*/true);
    return bindRagged(op, raggedInsert(op, *ragged, added, place));
  }
  Elements &elements = *sequence->list;
  int64_t count = elements.size();
  auto position = positionInput(op, 2, count, /*mayBeEnd=*/true, count);
  if (failed(position))
    return failure();
  if (position->known) {
    elements.insert(elements.begin() + *position->known, added);
    return op.bindResult(0, elements);
  }
  Value place = position->value;
  if (count == 0)
    added = onlyChoice(op, added, place);
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
  auto sequence = op.sequenceInput(0);
  if (failed(sequence))
    return failure();
  if (const auto &ragged = sequence->ragged) {
    Value given = op.hasInput(1) ? openPosition(op, 1) : op.i64Scalar(-1);
    return bindRagged(op, raggedErase(op, *ragged, positionIn(op, given, raggedLength(op, *ragged), false)));
  }
  Elements &elements = *sequence->list;
  int64_t count = elements.size();
  if (failed(checkNotEmpty(op, elements)))
    return failure();
  auto position = positionInput(op, 1, count, /*mayBeEnd=*/false, count - 1);
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
  x = requirePieces(op, x, axis, lengths);
  if (!x)
    return failure();
  Compose c{op};
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

/// An axis in [0, rank). Errors are reported.
FailureOr<int64_t> axisInRank(OpBinder &op, int64_t axis, int64_t rank) {
  if (rank == 0)
    return op.error("E-SHAPE", "input '" + escaped(op.node.inputs[0]) + "' is or has scalars; expected an axis");
  if (axis < -rank || axis >= rank)
    return op.error("E-ATTR", "axis is " + Twine(axis) + "; expected " + Twine(-rank) + " to " + Twine(rank - 1));
  return axis < 0 ? axis + rank : axis;
}

/// The lengths of the pieces as a vector; null on failure (reported).
Value openLengths(OpBinder &op, Dim size) {
  Compose c{op};
  Type i64 = op.builder.getI64Type();
  Value given = c.cast(op.input(1), i64), zero = op.i64Scalar(0), whole = c.squeeze(op.sizes({size}), {0});
  if (op.rank(op.input(1)) == 1) {
    Value sum = c.reduce(given, {0}, "sum", /*keepDims=*/false),
          least = c.reduce(given, {0}, "min", /*keepDims=*/false);
    given = c.require(given, c.make<EqualOp>(sum, whole), kWrongSum);
    return c.require(given, c.make<LessOp>(op.i64Scalar(-1), least), kNegativeLength);
  }
  given = c.scalarOf(given);
  Value piece = c.require(given, c.make<LessOp>(zero, given), "split is %lld; expected 1 or more");
  if (!piece)
    return {};
  // A last piece that is shorter takes what is left.
  Dim length = op.dims().max((*op.shapes().elements(piece))[0], op.dims().constant(1));
  Value starts = c.make<RangeOp>(zero, piece, op.sizes({op.dims().ceilDiv(size, length)}));
  return c.min(c.sub(whole, starts), piece);
}

/// The length of a vector that is made of ones; null for any other.
Dim numberOfOnes(OpBinder &op, Value lengths) {
  auto expand = lengths.getDefiningOp<ExpandOp>();
  auto elements = expand && op.rank(lengths) == 1 ? op.shapes().constantElements(expand.getX()) : std::nullopt;
  bool areOnes = elements && llvm::all_of(*elements, [](int64_t n) { return n == 1; });
  return areOnes ? op.shapes().dim(lengths, 0) : Dim();
}

LogicalResult split(OpBinder &op) {
  Value x = op.input(0);
  auto axis = axisInRank(op, op.intAttr("axis", 0), op.rank(x));
  if (failed(axis))
    return failure();
  Dim size = op.shapes().dim(x, *axis);
  auto known = knownLengths(op, size);
  if (failed(known))
    return failure();
  if (*known)
    return splitIntoList(op, x, *axis, **known);
  if (!op.hasInput(1))
    return bindRagged(op, raggedSlices(op, x, *axis, op.intAttr("keepdims", 1) != 0));
  if (Dim count = numberOfOnes(op, op.input(1))) {
    x = requireSum(op, x, *axis, count);
    return x ? bindRagged(op, raggedSlices(op, x, *axis, /*keepAxis=*/true)) : failure();
  }
  Value lengths = openLengths(op, size);
  return lengths ? bindRagged(op, raggedSplit(op, x, lengths, *axis)) : failure();
}

LogicalResult concat(OpBinder &op) {
  auto sequence = op.sequenceInput(0);
  if (failed(sequence))
    return failure();
  auto axis = op.node.getInt("axis");
  if (!axis)
    return op.error("E-ATTR", "axis is missing");
  bool isNew = op.intAttr("new_axis", 0) != 0;
  if (sequence->ragged) {
    auto place = axisInRank(op, *axis, raggedRank(op, *sequence->ragged) + isNew);
    return failed(place) ? failure() : op.result(raggedConcat(op, *sequence->ragged, *place, isNew));
  }
  SmallVector<Value> pieces(sequence->list->begin(), sequence->list->end());
  if (pieces.empty())
    return op.error("E-SHAPE", "the sequence is empty; expected at least one element");
  if (isNew)
    for (Value &piece : pieces)
      piece = piece ? op.unsqueeze(piece, {*axis}) : piece;
  return llvm::is_contained(pieces, Value()) ? failure() : op.result(op.create<ConcatOp>(pieces, *axis));
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
}
} // namespace cameo::onnx
