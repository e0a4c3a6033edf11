// Sorting.cpp - loops of top_k, unique and non_max_suppression, and the merge sort that the first two share.
#include "IndexHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/SortingOps.cpp.inc"

namespace cameo {
void registerSortingOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/SortingOps.cpp.inc"
      >();
}
} // namespace cameo

static SmallVector<Value> with(ValueRange prefix, Value last) {
  SmallVector<Value> indices(prefix);
  indices.push_back(last);
  return indices;
}

static Value loadPosition(OpBuilder &b, Location loc, const KernelTensor &positions, ValueRange at) {
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), positions.load(b, loc, at));
}

using Before = llvm::function_ref<Value(OpBuilder &, Location, Value, Value)>;

/// A loop that doubles an index value from 1 while it is below `limit`.
static void doublingLoop(OpBuilder &b, Location loc, Value limit,
                         llvm::function_ref<void(OpBuilder &, Location, Value)> body) {
  Value one = constantIndex(b, loc, 1);
  scf::WhileOp::create(
      b, loc, TypeRange{b.getIndexType()}, ValueRange{one},
      [&](OpBuilder &b, Location loc, ValueRange args) {
        scf::ConditionOp::create(b, loc, isLess(b, loc, args[0], limit), args);
      },
      [&](OpBuilder &b, Location loc, ValueRange args) {
        body(b, loc, args[0]);
        scf::YieldOp::create(b, loc, ValueRange{addIndex(b, loc, args[0], args[0])});
      });
}

/// Fills `order[prefix.., 0..count)` with 0..count sorted so that `before` holds from one to the next; stable.
/// Bottom-up merge sort: runs of 1, 2, 4, .. are merged from `order` into `scratch` and copied back.
static void sortPositions(OpBuilder &b, Location loc, const KernelTensor &order, const KernelTensor &scratch,
                          ValueRange prefix, Value count, Before before) {
  Value zero = constantIndex(b, loc, 0), one = constantIndex(b, loc, 1);
  loopNest(b, loc, count, [&](OpBuilder &b, Location loc, ValueRange at) {
    order.store(b, loc, indexToI64(b, loc, at[0]), with(prefix, at[0]));
  });
  doublingLoop(b, loc, count, [&](OpBuilder &b, Location loc, Value width) {
    Value step = addIndex(b, loc, width, width);
    auto runs = scf::ForOp::create(b, loc, zero, count, step);
    OpBuilder inRun = OpBuilder::atBlockTerminator(runs.getBody());
    Value low = runs.getInductionVar();
    Value middle = minIndex(inRun, loc, addIndex(inRun, loc, low, width), count);
    Value high = minIndex(inRun, loc, addIndex(inRun, loc, low, step), count);
    auto merge = scf::ForOp::create(inRun, loc, low, high, one, ValueRange{low, middle});
    {
      OpBuilder m = OpBuilder::atBlockEnd(merge.getBody());
      Value left = merge.getRegionIterArg(0), right = merge.getRegionIterArg(1);
      Value last = subIndex(m, loc, high, one);
      // A run that is used up reads its last element again, which keeps the address inside.
      Value a = loadPosition(m, loc, order, with(prefix, minIndex(m, loc, left, last)));
      Value c = loadPosition(m, loc, order, with(prefix, minIndex(m, loc, right, last)));
      Value leftLives = isLess(m, loc, left, middle), rightLives = isLess(m, loc, right, high);
      Value rightFirst = arith::AndIOp::create(m, loc, rightLives, before(m, loc, c, a));
      Value noLeft = isEqual(m, loc, leftLives, constantInt(m, loc, m.getI1Type(), 0));
      Value takeRight = arith::OrIOp::create(m, loc, noLeft, rightFirst);
      Value taken = arith::SelectOp::create(m, loc, takeRight, c, a);
      scratch.store(m, loc, indexToI64(m, loc, taken), with(prefix, merge.getInductionVar()));
      Value nextLeft = arith::SelectOp::create(m, loc, takeRight, left, addIndex(m, loc, left, one));
      Value nextRight = arith::SelectOp::create(m, loc, takeRight, addIndex(m, loc, right, one), right);
      scf::YieldOp::create(m, loc, ValueRange{nextLeft, nextRight});
    }
    loopNest(b, loc, count, [&](OpBuilder &b, Location loc, ValueRange at) {
      order.store(b, loc, scratch.load(b, loc, with(prefix, at[0])), with(prefix, at[0]));
    });
  });
}

/// x < y in the order where NaN is above all numbers.
static Value isBelow(OpBuilder &b, Location loc, Value x, Value y, Type element) {
  Value less = lessThan(b, loc, x, y, element);
  if (!isa<FloatType>(element))
    return less;
  Value xIsNumber = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, x, x);
  Value yIsNaN = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, y, y);
  return arith::OrIOp::create(b, loc, less, arith::AndIOp::create(b, loc, xIsNumber, yIsNaN));
}

// ---- top_k

/// Up to this k, k scans of the row beat sorting it and need no memory.
constexpr int64_t kScanLimit = 16;

LogicalResult TopKOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  auto axis = normalizeAxis(getOperation(), getAxis(), x.rank()); // C1
  if (failed(axis))
    return failure();
  auto k = shapes.elements(getK());
  if (!k || k->size() != 1)
    return emitOpError("k is not a tensor of one element"); // C2
  auto known = k->front().constant(), n = x.dims[*axis].constant();
  if (known && (*known < 0 || (n && *known > *n)))
    return emitOpError("k is ") << *known << ", but axis " << *axis << " has size "
                                << (n ? std::to_string(*n) : std::string("?")) << "; expected 0 to that size"; // C2
  ShapeInfo info{x.elementType, x.dims, std::nullopt};
  info.dims[*axis] = shapes.dims().max(k->front(), shapes.dims().constant(0));
  results.push_back(info);
  info.elementType = IntegerType::get(getContext(), 64);
  results.push_back(std::move(info));
  return success();
}

LogicalResult TopKOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  const KernelTensor &x = operands[0], &values = results[0], &positions = results[1];
  int64_t axis = axisFromFront(getAxis(), x.rank());
  Dim n = x.dims[axis], wanted = values.dims[axis];
  SmallVector<Dim, 6> outerDims(x.dims);
  outerDims.erase(outerDims.begin() + axis);
  bool scans = wanted.constant() && *wanted.constant() <= kScanLimit;

  if (!wanted.constant() || !n.constant()) {
    Value bad = isLess(b, loc, k.size(n), k.size(wanted));
    k.failIf(b, loc, bad, CAMEO_OUT_OF_RANGE, "k is %lld, more than the axis has elements",
             indexToI64(b, loc, k.size(wanted)));
  }
  // Whether a value comes before another.
  auto better = [&](OpBuilder &b, Location loc, Value p, Value q) {
    return getLargest() ? isBelow(b, loc, q, p, x.elementType) : isBelow(b, loc, p, q, x.elementType);
  };
  auto at = [&](ValueRange outer, Value i) {
    SmallVector<Value> indices(outer);
    indices.insert(indices.begin() + axis, i);
    return indices;
  };
  KernelTensor order, scratch;
  if (!scans) {
    SmallVector<Dim, 6> dims(outerDims);
    dims.push_back(n);
    order = k.temporary(b, loc, b.getI64Type(), dims);
    scratch = k.temporary(b, loc, b.getI64Type(), dims);
  }
  k.parallelNest(b, loc, outerDims, [&](OpBuilder &b, Location loc, ValueRange outer) {
    Value zero = constantIndex(b, loc, 0), none = constantIndex(b, loc, -1);
    Value count = minIndex(b, loc, k.size(wanted), k.size(n));
    if (!scans) {
      sortPositions(b, loc, order, scratch, outer, k.size(n), [&](OpBuilder &b, Location loc, Value i, Value j) {
        return better(b, loc, x.load(b, loc, at(outer, i)), x.load(b, loc, at(outer, j)));
      });
      loopNest(b, loc, count, [&](OpBuilder &b, Location loc, ValueRange rank) {
        Value position = loadPosition(b, loc, order, with(outer, rank[0]));
        values.store(b, loc, x.load(b, loc, at(outer, position)), at(outer, rank[0]));
        positions.store(b, loc, indexToI64(b, loc, position), at(outer, rank[0]));
      });
      return;
    }
    // Scan r finds the best element after the one found before: strictly worse, or equal and further on.
    Value noValue = constantScalar(b, loc, computeType(x.elementType), 0);
    reduceNest(b, loc, count, {noValue, none}, [&](OpBuilder &b, Location loc, ValueRange rank, ValueRange previous) {
      Value isFirst = isEqual(b, loc, rank[0], zero);
      auto best = reduceNest(
          b, loc, k.size(n), {noValue, none}, [&](OpBuilder &b, Location loc, ValueRange i, ValueRange found) {
            Value candidate = x.load(b, loc, at(outer, i[0]));
            Value worse = better(b, loc, previous[0], candidate), above = better(b, loc, candidate, previous[0]);
            Value notAbove = isEqual(b, loc, above, constantInt(b, loc, b.getI1Type(), 0));
            Value further = arith::AndIOp::create(b, loc, notAbove, isLess(b, loc, previous[1], i[0]));
            Value remains = arith::OrIOp::create(b, loc, isFirst, arith::OrIOp::create(b, loc, worse, further));
            Value beats =
                arith::OrIOp::create(b, loc, isLess(b, loc, found[1], zero), better(b, loc, candidate, found[0]));
            Value take = arith::AndIOp::create(b, loc, remains, beats);
            return SmallVector<Value>{arith::SelectOp::create(b, loc, take, candidate, found[0]),
                                      arith::SelectOp::create(b, loc, take, i[0], found[1])};
          });
      values.store(b, loc, best[0], at(outer, rank[0]));
      positions.store(b, loc, indexToI64(b, loc, best[1]), at(outer, rank[0]));
      return best;
    });
  });
  return success();
}

// ---- unique

LogicalResult UniqueOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  auto axis = normalizeAxis(getOperation(), getAxis(), x.rank()); // C1
  if (failed(axis))
    return failure();
  Type i64 = IntegerType::get(getContext(), 64);
  ShapeInfo y{x.elementType, x.dims, std::nullopt};
  y.dims[*axis] = shapes.dims().sizeOf(getOperation()->getResult(0), *axis);
  results.push_back(std::move(y));
  results.push_back({i64, {shapes.dims().sizeOf(getOperation()->getResult(1), 0)}, std::nullopt});
  results.push_back({i64, {x.dims[*axis]}, std::nullopt});
  results.push_back({i64, {shapes.dims().sizeOf(getOperation()->getResult(3), 0)}, std::nullopt});
  return success();
}

Dim UniqueOp::sizeBound(ShapeAnalysis &shapes, unsigned result, int64_t axis) {
  int64_t own = axisFromFront(getAxis(), shapes.rank(getX()));
  bool depends = result == 0 ? axis == own : result != 2;
  return depends ? shapes.dim(getX(), own) : Dim();
}

LogicalResult UniqueOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  const KernelTensor &x = operands[0];
  int64_t axis = axisFromFront(getAxis(), x.rank());
  Dim n = x.dims[axis];
  Value count = k.size(n), zero = constantIndex(b, loc, 0), one = constantIndex(b, loc, 1);
  Type i64 = b.getI64Type();
  // order: positions sorted; first[i]: first position with the same slice as i; place[i]: where such a first one goes
  // in y.
  KernelTensor order = k.temporary(b, loc, i64, {n}), scratch = k.temporary(b, loc, i64, {n});
  KernelTensor first = k.temporary(b, loc, i64, {n}), place = k.temporary(b, loc, i64, {n}),
               counts = k.temporary(b, loc, i64, {n});
  SmallVector<Value> restSizes = sizesOf(k, x.dims);
  restSizes.erase(restSizes.begin() + axis);
  auto at = [&](ValueRange rest, Value i) {
    SmallVector<Value> indices(rest);
    indices.insert(indices.begin() + axis, i);
    return indices;
  };
  auto comesBefore = [&](OpBuilder &b, Location loc, Value p, Value q) -> Value {
    if (!isa<StringType>(x.elementType))
      return isBelow(b, loc, p, q, x.elementType);
    return arith::TruncIOp::create(b, loc, b.getI1Type(), k.callService(b, loc, Service::TextLess, {p, q}));
  };
  // Slices compare by their first elements that differ: 0 until then, 1 when below, 2 when above.
  auto before = [&](OpBuilder &b, Location loc, Value i, Value j) -> Value {
    Value undecided = constantInt(b, loc, b.getI8Type(), 0);
    Value state =
        reduceNest(b, loc, restSizes, undecided, [&](OpBuilder &b, Location loc, ValueRange rest, ValueRange state) {
          Value p = x.load(b, loc, at(rest, i)), q = x.load(b, loc, at(rest, j));
          Value below = comesBefore(b, loc, p, q), above = comesBefore(b, loc, q, p);
          Value one = constantInt(b, loc, b.getI8Type(), 1), two = constantInt(b, loc, b.getI8Type(), 2);
          Value next =
              arith::SelectOp::create(b, loc, below, one, arith::SelectOp::create(b, loc, above, two, state[0]));
          Value open = isEqual(b, loc, state[0], constantInt(b, loc, b.getI8Type(), 0));
          return SmallVector<Value>{arith::SelectOp::create(b, loc, open, next, state[0])};
        })[0];
    return isEqual(b, loc, state, constantInt(b, loc, b.getI8Type(), 1));
  };
  sortPositions(b, loc, order, scratch, {}, count, before);

  // Equal slices are neighbours in `order`, the earliest first. Counts the distinct ones and numbers them ascending.
  auto scan =
      reduceNest(b, loc, count, {zero, zero}, [&](OpBuilder &b, Location loc, ValueRange t, ValueRange carried) {
        Value position = loadPosition(b, loc, order, t);
        Value previous = loadPosition(b, loc, order, ValueRange{maxIndex(b, loc, subIndex(b, loc, t[0], one), zero)});
        Value isNew = arith::OrIOp::create(b, loc, isEqual(b, loc, t[0], zero), before(b, loc, previous, position));
        Value leader = arith::SelectOp::create(b, loc, isNew, position, carried[1]);
        first.store(b, loc, indexToI64(b, loc, leader), ValueRange{position});
        place.store(b, loc, indexToI64(b, loc, carried[0]), ValueRange{position}); // read at leaders only
        Value next = addIndex(b, loc, carried[0], one);
        return SmallVector<Value>{arith::SelectOp::create(b, loc, isNew, next, carried[0]), leader};
      });
  Value distinct = scan[0];
  if (!getSorted())
    reduceNest(b, loc, count, zero, [&](OpBuilder &b, Location loc, ValueRange i, ValueRange number) {
      Value isLeader = isEqual(b, loc, loadPosition(b, loc, first, i), i[0]);
      place.store(b, loc, indexToI64(b, loc, number[0]), i);
      return SmallVector<Value>{arith::SelectOp::create(b, loc, isLeader, addIndex(b, loc, number[0], one), number[0])};
    });
  k.setResultSize(b, loc, getOperation()->getResult(0), axis, distinct);
  k.setResultSize(b, loc, getOperation()->getResult(1), 0, distinct);
  k.setResultSize(b, loc, getOperation()->getResult(3), 0, distinct);
  loopNest(b, loc, distinct, [&](OpBuilder &b, Location loc, ValueRange g) {
    counts.store(b, loc, constantInt(b, loc, b.getI64Type(), 0), g);
  });
  loopNest(b, loc, count, [&](OpBuilder &b, Location loc, ValueRange i) {
    Value leader = loadPosition(b, loc, first, i), g = loadPosition(b, loc, place, ValueRange{leader});
    results[2].store(b, loc, indexToI64(b, loc, g), i);
    Value more =
        arith::AddIOp::create(b, loc, counts.load(b, loc, ValueRange{g}), constantInt(b, loc, b.getI64Type(), 1));
    counts.store(b, loc, more, ValueRange{g});
    auto branch = scf::IfOp::create(b, loc, isEqual(b, loc, leader, i[0]), /*withElseRegion=*/false);
    OpBuilder inside = branch.getThenBodyBuilder();
    results[1].store(inside, loc, indexToI64(inside, loc, i[0]), ValueRange{g});
    loopNest(inside, loc, restSizes, [&](OpBuilder &b, Location loc, ValueRange rest) {
      results[0].store(b, loc, x.load(b, loc, at(rest, i[0])), at(rest, g));
    });
  });
  loopNest(b, loc, distinct,
           [&](OpBuilder &b, Location loc, ValueRange g) { results[3].store(b, loc, counts.load(b, loc, g), g); });
  return success();
}

// ---- non_max_suppression

LogicalResult NonMaxSuppressionOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &boxes = shapes.get(getBoxes()), &scores = shapes.get(getScores());
  Operation *op = getOperation();
  if (boxes.rank() != 3 || scores.rank() != 3)
    return emitOpError("boxes have shape ") << formatShape(boxes.dims) << ", scores " << formatShape(scores.dims)
                                            << "; expected batch x n x 4 and batch x classes x n"; // C1
  DimContext &d = shapes.dims();
  if (failed(verifySameSize(op, boxes.dims[2], d.constant(4), "the last size of boxes")) ||
      failed(verifySameSize(op, scores.dims[0], boxes.dims[0], "the batch size of scores")) ||
      failed(verifySameSize(op, scores.dims[2], boxes.dims[1], "the number of scores per class")))
    return failure(); // C1
  for (auto [name, operand] : {std::pair<StringRef, Value>{"maxBoxes", getMaxBoxes()},
                               {"iouThreshold", getIouThreshold()},
                               {"scoreThreshold", getScoreThreshold()}})
    if (failed(verifyOneElement(op, shapes, operand, name)))
      return failure(); // C2
  results.push_back(
      {IntegerType::get(getContext(), 64), {d.sizeOf(getOperation()->getResult(0), 0), d.constant(3)}, std::nullopt});
  return success();
}

Dim NonMaxSuppressionOp::sizeBound(ShapeAnalysis &shapes, unsigned, int64_t axis) {
  if (axis != 0)
    return {};
  DimContext &d = shapes.dims();
  ArrayRef<Dim> scores = shapes.dimsOf(getScores());
  Dim perClass = scores[2];
  if (auto limit = shapes.constantElements(getMaxBoxes()); limit && limit->size() == 1)
    perClass = d.min(perClass, d.constant(std::max<int64_t>(limit->front(), 0)));
  return d.product({scores[0], scores[1], perClass});
}

namespace {
/// A box by its corners, low before high.
struct Box {
  Value y0, x0, y1, x1;
};
} // namespace

static Box loadBox(OpBuilder &b, Location loc, const KernelTensor &boxes, Value batch, Value box, bool centered) {
  auto part = [&](int64_t i) { return boxes.load(b, loc, ValueRange{batch, box, constantIndex(b, loc, i)}); };
  Value p = part(0), q = part(1), r = part(2), s = part(3);
  if (centered) {
    Value half = constantScalar(b, loc, p.getType(), 0.5);
    Value w = arith::MulFOp::create(b, loc, r, half), h = arith::MulFOp::create(b, loc, s, half);
    return {arith::SubFOp::create(b, loc, q, h), arith::SubFOp::create(b, loc, p, w),
            arith::AddFOp::create(b, loc, q, h), arith::AddFOp::create(b, loc, p, w)};
  }
  return {arith::MinimumFOp::create(b, loc, p, r), arith::MinimumFOp::create(b, loc, q, s),
          arith::MaximumFOp::create(b, loc, p, r), arith::MaximumFOp::create(b, loc, q, s)};
}

/// Whether the intersection over union of two boxes is above `threshold`.
static Value overlaps(OpBuilder &b, Location loc, const Box &p, const Box &q, Value threshold) {
  Value zero = constantScalar(b, loc, threshold.getType(), 0);
  auto extent = [&](Value low, Value high) -> Value {
    return arith::MaximumFOp::create(b, loc, arith::SubFOp::create(b, loc, high, low), zero);
  };
  auto area = [&](const Box &box) -> Value {
    return arith::MulFOp::create(b, loc, extent(box.y0, box.y1), extent(box.x0, box.x1));
  };
  Box common{arith::MaximumFOp::create(b, loc, p.y0, q.y0), arith::MaximumFOp::create(b, loc, p.x0, q.x0),
             arith::MinimumFOp::create(b, loc, p.y1, q.y1), arith::MinimumFOp::create(b, loc, p.x1, q.x1)};
  Value intersection = area(common);
  Value both = arith::SubFOp::create(b, loc, arith::AddFOp::create(b, loc, area(p), area(q)), intersection);
  // False where both boxes are empty: 0 / 0 compares as unordered.
  Value ratio = arith::DivFOp::create(b, loc, intersection, both);
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, ratio, threshold);
}

namespace {
/// The candidates of a class in a binary heap: at 0 the one of the highest score, of equal ones the one that comes
/// first.
class CandidateHeap {
public:
  struct Candidate {
    Value score, number; ///< number of the box, i64
  };

  CandidateHeap(KernelEmitter &k, OpBuilder &b, Location loc, Type scoreType, Dim most)
      : scores(k.temporary(b, loc, scoreType, {most})), numbers(k.temporary(b, loc, b.getI64Type(), {most})) {}

  Candidate load(OpBuilder &b, Location loc, Value at) const {
    return {scores.load(b, loc, at), numbers.load(b, loc, at)};
  }
  void store(OpBuilder &b, Location loc, Candidate candidate, Value at) const {
    scores.store(b, loc, candidate.score, at);
    numbers.store(b, loc, candidate.number, at);
  }
  /// Makes a heap of the first `size` entries.
  void build(OpBuilder &b, Location loc, Value size) const;
  /// The first of the heap of `size` entries, which has one less then.
  Candidate pop(OpBuilder &b, Location loc, Value size) const;

private:
  /// Puts `candidate` at `hole` or below, where heaps begin, moving better ones up.
  void sink(OpBuilder &b, Location loc, Value hole, Candidate candidate, Value size) const;

  KernelTensor scores, numbers;
};
} // namespace

static Value comesBefore(OpBuilder &b, Location loc, CandidateHeap::Candidate x, CandidateHeap::Candidate y) {
  Value higher = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x.score, y.score);
  Value equal = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x.score, y.score);
  Value first = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, x.number, y.number);
  return arith::OrIOp::create(b, loc, higher, arith::AndIOp::create(b, loc, equal, first));
}

void CandidateHeap::sink(OpBuilder &b, Location loc, Value hole, Candidate candidate, Value size) const {
  Value zero = constantIndex(b, loc, 0), one = constantIndex(b, loc, 1);
  Type index = b.getIndexType();
  Value last = maxIndex(b, loc, subIndex(b, loc, size, one), zero);
  SmallVector<Type> types{index, candidate.score.getType(), candidate.number.getType(), index};
  auto loop = scf::WhileOp::create(
      b, loc, types, ValueRange{hole},
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value left = addIndex(b, loc, addIndex(b, loc, args[0], args[0]), one), right = addIndex(b, loc, left, one);
        Candidate onLeft = load(b, loc, minIndex(b, loc, left, last)),
                  onRight = load(b, loc, minIndex(b, loc, right, last));
        Value goesRight =
            arith::AndIOp::create(b, loc, isLess(b, loc, right, size), comesBefore(b, loc, onRight, onLeft));
        auto choose = [&](Value x, Value y) { return arith::SelectOp::create(b, loc, goesRight, x, y); };
        Candidate child{choose(onRight.score, onLeft.score), choose(onRight.number, onLeft.number)};
        Value rises = arith::AndIOp::create(b, loc, isLess(b, loc, left, size), comesBefore(b, loc, child, candidate));
        scf::ConditionOp::create(b, loc, rises, ValueRange{choose(right, left), child.score, child.number, args[0]});
      },
      [&](OpBuilder &b, Location loc, ValueRange args) {
        store(b, loc, {args[1], args[2]}, args[3]);
        scf::YieldOp::create(b, loc, args[0]);
      });
  store(b, loc, candidate, loop.getResult(3));
}

void CandidateHeap::build(OpBuilder &b, Location loc, Value size) const {
  Value half = arith::DivUIOp::create(b, loc, size, constantIndex(b, loc, 2)), one = constantIndex(b, loc, 1);
  loopNest(b, loc, half, [&](OpBuilder &b, Location loc, ValueRange i) {
    Value at = subIndex(b, loc, subIndex(b, loc, half, one), i[0]);
    sink(b, loc, at, load(b, loc, at), size);
  });
}

auto CandidateHeap::pop(OpBuilder &b, Location loc, Value size) const -> Candidate {
  Value zero = constantIndex(b, loc, 0), rest = subIndex(b, loc, size, constantIndex(b, loc, 1));
  Candidate first = load(b, loc, zero);
  sink(b, loc, zero, load(b, loc, rest), rest);
  return first;
}

LogicalResult NonMaxSuppressionOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                             ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  const KernelTensor &boxes = operands[0], &scores = operands[1];
  Value zero = constantIndex(b, loc, 0), one = constantIndex(b, loc, 1);
  Type i64 = b.getI64Type();
  Dim n = boxes.dims[1];
  KernelTensor rows = k.temporary(b, loc, i64, {sizeBound(k.shapes(), 0, 0), k.dims().constant(3)});
  Type boxType = computeType(boxes.elementType), scoreType = computeType(scores.elementType);
  CandidateHeap heap(k, b, loc, scoreType, n);
  // No box count below 0 or above n, so that the rows have room.
  Value limit = loadScalarIndex(k, b, loc, getMaxBoxes(), operands[2]);
  limit = maxIndex(b, loc, minIndex(b, loc, limit, k.size(n)), zero);
  Value iouThreshold = loadScalar(b, loc, operands[3]), scoreThreshold = loadScalar(b, loc, operands[4]);
  iouThreshold = convertScalar(b, loc, iouThreshold, operands[3].elementType, boxType);
  scoreThreshold = convertScalar(b, loc, scoreThreshold, operands[4].elementType, scoreType);
  Value no = constantInt(b, loc, b.getI1Type(), 0);
  Value total = reduceNest(
      b, loc, {k.size(scores.dims[0]), k.size(scores.dims[1])}, zero,
      [&](OpBuilder &b, Location loc, ValueRange outer, ValueRange filled) {
        Value candidates =
            reduceNest(b, loc, k.size(n), zero, [&](OpBuilder &b, Location loc, ValueRange i, ValueRange count) {
              Value score = scores.load(b, loc, ValueRange{outer[0], outer[1], i[0]});
              heap.store(b, loc, {score, indexToI64(b, loc, i[0])}, count[0]);
              Value counts = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, score, scoreThreshold);
              return SmallVector<Value>{
                  addIndex(b, loc, count[0], arith::IndexCastUIOp::create(b, loc, b.getIndexType(), counts))};
            })[0];
        heap.build(b, loc, candidates);
        // Carried: boxes taken, and candidates left.
        auto loop = scf::WhileOp::create(
            b, loc, TypeRange{b.getIndexType(), b.getIndexType()}, ValueRange{zero, candidates},
            [&](OpBuilder &b, Location loc, ValueRange args) {
              Value goesOn =
                  arith::AndIOp::create(b, loc, isLess(b, loc, args[0], limit), isLess(b, loc, zero, args[1]));
              scf::ConditionOp::create(b, loc, goesOn, args);
            },
            [&](OpBuilder &b, Location loc, ValueRange args) {
              Value number = heap.pop(b, loc, args[1]).number;
              auto boxOf = [&](OpBuilder &b, Value number) {
                return loadBox(b, loc, boxes, outer[0], arith::IndexCastOp::create(b, loc, b.getIndexType(), number),
                               getCentered());
              };
              Box box = boxOf(b, number);
              Value dropped =
                  reduceNest(b, loc, args[0], no, [&](OpBuilder &b, Location loc, ValueRange i, ValueRange any) {
                    Value row = addIndex(b, loc, filled[0], i[0]);
                    Box taken = boxOf(b, rows.load(b, loc, ValueRange{row, constantIndex(b, loc, 2)}));
                    return SmallVector<Value>{
                        arith::OrIOp::create(b, loc, any[0], overlaps(b, loc, taken, box, iouThreshold))};
                  })[0];
              // What is dropped leaves the row to the next one.
              Value row = addIndex(b, loc, filled[0], args[0]);
              std::array<Value, 3> columns{indexToI64(b, loc, outer[0]), indexToI64(b, loc, outer[1]), number};
              for (auto [column, value] : llvm::enumerate(columns))
                rows.store(b, loc, value, ValueRange{row, constantIndex(b, loc, column)});
              Value taken = arith::SelectOp::create(b, loc, dropped, args[0], addIndex(b, loc, args[0], one));
              scf::YieldOp::create(b, loc, ValueRange{taken, subIndex(b, loc, args[1], one)});
            });
        return SmallVector<Value>{addIndex(b, loc, filled[0], loop.getResult(0))};
      })[0];
  k.setResultSize(b, loc, getOperation()->getResult(0), 0, total);
  loopNest(b, loc, {total, constantIndex(b, loc, 3)},
           [&](OpBuilder &b, Location loc, ValueRange at) { results[0].store(b, loc, rows.load(b, loc, at), at); });
  return success();
}
