// Ragged.cpp - the functions declared in Ragged.h.
#include "Ragged.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// Elements [start, end) of a vector; the bounds are scalars.
Value rangeOf(Compose c, Value vector, Value start, Value end) {
  return c.make<SliceOp>(vector, c.unsqueeze(start, {0}), c.unsqueeze(end, {0}), c.op.i64({1}), ArrayRef<int64_t>{0});
}
Value before(Compose c, Value vector, Value end) { return rangeOf(c, vector, c.op.i64Scalar(0), end); }
Value from(Compose c, Value vector, Value start) {
  return rangeOf(c, vector, start, c.op.i64Scalar(std::numeric_limits<int64_t>::max()));
}

/// All elements of x as a vector.
Value flat(Compose c, Value x) { return x ? c.op.reshape(x, ArrayRef<int64_t>{-1}) : x; }

Value concat(Compose c, ArrayRef<Value> pieces, int64_t axis = 0) {
  if (llvm::is_contained(pieces, Value()))
    return {};
  return pieces.size() == 1 ? pieces.front() : c.op.create<ConcatOp>(pieces, axis);
}

Value expand(Compose c, Value x, ArrayRef<Dim> sizes) {
  Value shape = c.op.sizes(sizes);
  return c.make<ExpandOp>(x, shape);
}

/// Whether all elements of a tensor of bools are true, as a scalar.
Value all(Compose c, Value x) {
  SmallVector<int64_t> axes = x ? c.axesFrom(x, 0) : SmallVector<int64_t>();
  Value least = c.reduce(c.cast(x, c.op.builder.getI64Type()), axes, "min", /*keepDims=*/false);
  return c.make<LessOp>(c.like(least, 0), least);
}

/// A number that the run has computed as a size.
Dim sizeIn(OpBinder &op, Value vector, int64_t index) {
  return op.dims().max((*op.shapes().elements(vector))[index], op.dims().constant(0));
}

/// Sizes as RaggedSequence has them.
SmallVector<int64_t, 4> knownSizes(ArrayRef<Dim> dims) {
  return SmallVector<int64_t, 4>(llvm::map_range(dims, [](Dim d) { return d.constant().value_or(-1); }));
}

/// The number of elements of each entry.
Value counts(Compose c, const RaggedSequence &s) {
  Value sizes = s.shapes;
  if (!s.hasOneRank)
    sizes = c.where(c.make<LessOp>(sizes, c.like(sizes, 0)), c.like(sizes, 1), sizes);
  return c.reduce(sizes, {1}, "prod", /*keepDims=*/false);
}

Value runningSum(Compose c, Value numbers) {
  return c.make<CumulateOp>(numbers, c.op.i64Scalar(0), "sum", /*exclusive=*/false, /*reverse=*/false);
}

/// Where the entry at `position` begins and ends in the elements.
std::pair<Value, Value> boundsAt(Compose c, const RaggedSequence &s, Value position) {
  Value sizes = counts(c, s);
  Value end = c.make<GatherOp>(runningSum(c, sizes), position, int64_t(0));
  return {c.sub(end, c.make<GatherOp>(sizes, position, int64_t(0))), end};
}

/// Its shape as a row of a sequence whose elements have up to `rank` axes.
Value shapeRow(OpBinder &op, Value x, int64_t rank) {
  SmallVector<Dim> sizes(op.shapes().dimsOf(x));
  sizes.resize(rank, op.dims().constant(-1));
  return Compose{op}.unsqueeze(op.sizes(sizes), {0});
}

/// A tensor as one of three axes, whose middle one is `axis`.
struct Folded {
  Folded(OpBinder &op, ArrayRef<Dim> dims, int64_t axis)
      : outer(op.dims().product(dims.take_front(axis))), size(dims[axis]),
        inner(op.dims().product(dims.drop_front(axis + 1))) {}
  Dim outer, size, inner;
};

/// Where each element of a tensor lies in the sequence of its pieces along the middle axis, whose lengths have that
/// size as their sum: indices of the tensor's shape.
Value placesInPieces(OpBinder &op, Value lengths, const Folded &t) {
  Compose c{op};
  DimContext &d = op.dims();
  Value ends = runningSum(c, lengths), one = op.i64Scalar(1), zero = op.i64Scalar(0);
  // The piece that a position belongs to: how many pieces end at or before it.
  Value marks = c.make<ScatterElementsOp>(expand(c, zero, {d.add(t.size, 1)}), ends,
                                          expand(c, one, {op.shapes().dim(lengths, 0)}), int64_t(0), "add");
  Value piece = before(c, runningSum(c, marks), c.squeeze(op.sizes({t.size}), {0}));
  Value length = c.make<GatherOp>(lengths, piece, int64_t(0));
  Value begin = c.make<GatherOp>(c.sub(ends, lengths), piece, int64_t(0));
  auto count = [&](Dim size) { return c.make<RangeOp>(zero, one, op.sizes({size})); };
  // Pieces before, rows of this piece, entries of this row, and what lies behind the axis.
  Value place = c.add(c.mul(begin, op.sizes({t.outer})), c.sub(count(t.size), begin));
  Value middle = c.add(c.unsqueeze(place, {0}), c.mul(c.unsqueeze(count(t.outer), {1}), c.unsqueeze(length, {0})));
  return c.add(c.mul(c.unsqueeze(middle, {2}), op.sizes({t.inner})), count(t.inner));
}

} // namespace

int64_t cameo::onnx::raggedRank(OpBinder &op, const RaggedSequence &sequence) {
  return *op.shapes().dim(sequence.shapes, 1).constant();
}

Value cameo::onnx::raggedLength(OpBinder &op, const RaggedSequence &sequence) {
  return Compose{op}.squeeze(op.create<ShapeOfOp>(sequence.shapes, int64_t(0), int64_t(1)), {0});
}

RaggedSequence cameo::onnx::raggedOf(OpBinder &op, ArrayRef<Value> list, Type elementType, int64_t rank) {
  Compose c{op};
  if (list.empty())
    return {op.splat(elementType, {0}, 0), op.splat(op.builder.getI64Type(), {0, rank}, 0)};
  RaggedSequence result;
  SmallVector<Value> elements, rows;
  for (Value x : list) {
    elements.push_back(flat(c, x));
    rows.push_back(shapeRow(op, x, rank));
    result.hasOneRank &= op.rank(x) == rank;
  }
  result.elements = concat(c, elements);
  result.shapes = concat(c, rows);
  return result;
}

RaggedSequence cameo::onnx::withRank(OpBinder &op, const RaggedSequence &sequence, int64_t rank) {
  int64_t own = raggedRank(op, sequence);
  if (own == rank)
    return sequence;
  Compose c{op};
  Value none = expand(c, op.i64Scalar(-1), {op.shapes().dim(sequence.shapes, 0), op.dims().constant(rank - own)});
  return {sequence.elements, concat(c, {sequence.shapes, none}, 1), false};
}

Value cameo::onnx::raggedAt(OpBinder &op, const RaggedSequence &sequence, Value position) {
  Compose c{op};
  if (!sequence.hasOneRank) {
    (void)op.unsupported("it takes an element out of a sequence whose elements differ in rank, and only the run knows "
                         "which; supported are sequences of one rank");
    return {};
  }
  auto [start, end] = boundsAt(c, sequence, position);
  Value piece = start && end ? rangeOf(c, sequence.elements, start, end) : Value();
  Value shape = c.make<GatherOp>(sequence.shapes, position, int64_t(0));
  if (!piece || !shape)
    return {};
  SmallVector<Dim> dims;
  for (int64_t axis = 0; axis < raggedRank(op, sequence); ++axis)
    dims.push_back(sequence.knownSizes.empty() || sequence.knownSizes[axis] < 0
                       ? sizeIn(op, shape, axis)
                       : op.dims().constant(sequence.knownSizes[axis]));
  return op.reshape(piece, dims);
}

Value cameo::onnx::positionIn(OpBinder &op, Value position, Value length, bool mayBeEnd) {
  Compose c{op};
  Value isNegative = c.make<LessOp>(position, c.like(position, 0));
  Value end = mayBeEnd ? c.add(length, 1) : length;
  auto fromFront = [&](Value p) { return c.where(isNegative, c.add(p, length), p); };
  Value place = fromFront(position);
  Value isThere = c.make<AndOp>(c.make<LessOp>(op.i64Scalar(-1), place), c.make<LessOp>(place, end));
  auto count = length ? op.shapes().constantElements(length) : std::nullopt;
  std::string wanted = count && count->front() + mayBeEnd > 0 ? "expected " + std::to_string(-count->front()) + " to " +
                                                                    std::to_string(count->front() - !mayBeEnd)
                                                              : "the sequence has no such place";
  return fromFront(c.require(position, isThere, "position is %lld; " + wanted));
}

RaggedSequence cameo::onnx::raggedInsert(OpBinder &op, const RaggedSequence &sequence, Value added, Value place) {
  Compose c{op};
  int64_t rank = std::max(raggedRank(op, sequence), op.rank(added));
  RaggedSequence s = withRank(op, sequence, rank);
  Value starts = concat(c, {op.i64({0}), runningSum(c, counts(c, s))});
  Value start = c.make<GatherOp>(starts, place, int64_t(0));
  auto between = [&](Value vector, Value at, Value what) {
    return concat(c, {before(c, vector, at), what, from(c, vector, at)});
  };
  return {between(s.elements, start, flat(c, added)), between(s.shapes, place, shapeRow(op, added, rank)),
          s.hasOneRank && op.rank(added) == rank};
}

RaggedSequence cameo::onnx::raggedAppend(OpBinder &op, const RaggedSequence &sequence, Value added) {
  Compose c{op};
  int64_t rank = std::max(raggedRank(op, sequence), op.rank(added));
  RaggedSequence s = withRank(op, sequence, rank);
  return {concat(c, {s.elements, flat(c, added)}), concat(c, {s.shapes, shapeRow(op, added, rank)}),
          s.hasOneRank && op.rank(added) == rank};
}

RaggedSequence cameo::onnx::raggedErase(OpBinder &op, const RaggedSequence &sequence, Value place) {
  Compose c{op};
  auto [start, end] = boundsAt(c, sequence, place);
  auto without = [&](Value vector, Value first, Value next) {
    return concat(c, {before(c, vector, first), from(c, vector, next)});
  };
  return {without(sequence.elements, start, end), without(sequence.shapes, place, c.add(place, 1)),
          sequence.hasOneRank};
}

Value cameo::onnx::raggedConcat(OpBinder &op, const RaggedSequence &sequence, int64_t axis, bool isNew) {
  Compose c{op};
  if (!sequence.hasOneRank) {
    (void)op.unsupported(
        "it joins the elements of a sequence that may differ in rank; supported are those of one rank");
    return {};
  }
  int64_t rank = raggedRank(op, sequence);
  Value length = raggedLength(op, sequence), isThere = c.make<LessOp>(op.i64Scalar(0), length);
  StringRef isEmpty = "the sequence is empty; expected at least one element";
  if (rank == 0) // they are as many numbers, and the axis is new
    return c.require(sequence.elements, isThere, isEmpty);
  Value shapes = c.require(sequence.shapes, isThere, isEmpty);
  Value sizes = c.reduce(shapes, {0}, "max", /*keepDims=*/false);
  SmallVector<int64_t> alike;
  for (int64_t i = 0; i < rank; ++i)
    if (isNew || i != axis)
      alike.push_back(i);
  if (!alike.empty()) {
    auto others = [&](Value v, int64_t axis) { return c.make<GatherOp>(v, op.i64(alike), axis); };
    Value same = all(c, c.make<EqualOp>(others(shapes, 1), others(sizes, 0)));
    sizes = c.require(sizes, same,
                      isNew ? "the elements of the sequence differ in shape"
                            : "the elements of the sequence differ in a size other than that of axis " + Twine(axis));
  }
  if (!sizes)
    return {};
  SmallVector<Dim> dims;
  for (int64_t i = 0; i < rank; ++i)
    dims.push_back(sizeIn(op, sizes, i));
  if (isNew) {
    dims.insert(dims.begin(), op.shapes().dim(shapes, 0));
    Value stacked = op.reshape(sequence.elements, dims);
    SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(1, rank + 1));
    permutation.insert(permutation.begin() + axis, 0);
    return stacked && axis != 0 ? op.transpose(stacked, permutation) : stacked;
  }
  Value lengths = c.make<GatherOp>(shapes, op.i64Scalar(axis), int64_t(1));
  Value sum = c.reduce(lengths, {0}, "sum", /*keepDims=*/false);
  if (!sum)
    return {};
  dims[axis] = sizeIn(op, sum, 0);
  if (axis == 0)
    return op.reshape(sequence.elements, dims);
  Value places = placesInPieces(op, lengths, Folded(op, dims, axis));
  Value joined = c.make<GatherOp>(sequence.elements, places, int64_t(0));
  return joined ? op.reshape(joined, dims) : joined;
}

RaggedSequence cameo::onnx::raggedSplit(OpBinder &op, Value x, Value lengths, int64_t axis) {
  Compose c{op};
  SmallVector<Dim> dims(op.shapes().dimsOf(x));
  Dim length = op.shapes().dim(lengths, 0), one = op.dims().constant(1);
  SmallVector<Value> columns;
  for (auto [i, dim] : llvm::enumerate(dims))
    columns.push_back(int64_t(i) == axis ? c.unsqueeze(lengths, {1}) : expand(c, op.sizes({dim}), {length, one}));
  Value elements = flat(c, x);
  Folded folded(op, dims, axis);
  if (elements && folded.outer != one) {
    Value places = placesInPieces(op, lengths, folded);
    elements = c.make<ScatterElementsOp>(elements, flat(c, places), elements, int64_t(0), "none");
  }
  SmallVector<int64_t, 4> known = knownSizes(dims);
  known[axis] = -1;
  return {elements, concat(c, columns, 1), true, std::move(known)};
}

RaggedSequence cameo::onnx::raggedSlices(OpBinder &op, Value x, int64_t axis, bool keepAxis) {
  Compose c{op};
  SmallVector<Dim> row(op.shapes().dimsOf(x));
  Dim length = row[axis];
  if (keepAxis)
    row[axis] = op.dims().constant(1);
  else
    row.erase(row.begin() + axis);
  SmallVector<int64_t> permutation{axis};
  for (int64_t i = 0; i < op.rank(x); ++i)
    if (i != axis)
      permutation.push_back(i);
  Value shapes = expand(c, op.sizes(row), {length, op.dims().constant(row.size())});
  return {flat(c, axis == 0 ? x : op.transpose(x, permutation)), shapes, true, knownSizes(row)};
}
