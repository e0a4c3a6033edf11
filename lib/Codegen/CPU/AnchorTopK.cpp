// AnchorTopK.cpp - cameo.top_k without sorting rows: what is no better than the worst of the k best so far is skipped a
// vector at a time, the rest is collected, and when enough has come together it is sorted and merged with those k.
//
// A row is read in pieces, and entries are compared by keys, integers of which the least is the best. A few best ones
// are kept in a vector register in order, into which others are inserted. More are kept in memory: positions are
// appended to a list that begins with the k best, in order; behind them there is room for as many newcomers, so that a
// row of n random elements is sorted about log(n / k) times. Sorting is stable, and newcomers come in the order of
// their positions.
#include "Anchors.h"
#include "cameo/Runtime/KernelABI.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// Elements of a row that are skipped or looked at together.
constexpr int64_t kPiece = 32;
/// Newcomers that are sorted by counting, for each, how many come before it.
constexpr int64_t kRun = 32;
/// As many lists at most serve all rows.
constexpr int64_t kMostLists = 64;
/// As many of the best are kept in registers.
constexpr int64_t kMostInRegisters = 16;
/// Elements of rows of which only the run knows how long they are.
constexpr int64_t kLongRow = 1 << 20;

namespace {

class RowSelector {
public:
  RowSelector(const Anchor &a, TopKOp op)
      : a(a), k(a.k), x(a.operands[0]), values(a.results[0]), positions(a.results[1]), largest(op.getLargest()),
        axis(*normalizeAxis(op, op.getAxis(), x.rank())) {}

  void emit();

private:
  /// Keys and positions of the best, as vectors.
  struct Best {
    Value keys, positions;
    SmallVector<Value> values() const { return {keys, positions}; }
  };
  /// Keys and positions of a list, [list, entry].
  struct Entries {
    KernelTensor keys, positions;
  };

  SmallVector<Dim> rowDims() const;
  void emitInRegisters(int64_t count);
  void emitRowInRegisters(OpBuilder &b, Location loc, int64_t count);
  Best insert(OpBuilder &b, Location loc, Best best, Value position, Value valid);
  void emitInLists(Dim best);
  void emitRowInList(OpBuilder &b, Location loc);
  Value append(OpBuilder &b, Location loc, ValueRange state, Value start, Value size);
  Value anyBetter(OpBuilder &b, Location loc, Value start, Value worst);
  void storeResult(OpBuilder &b, Location loc, Value rank, Value position);
  void sort(OpBuilder &b, Location loc, Value from, Value count);
  void sortRun(OpBuilder &b, Location loc, Value start);
  void merge(OpBuilder &b, Location loc, Value low, Value middle, Value high, Value count);
  void copyBack(OpBuilder &b, Location loc, Value from, Value count);
  Value load(OpBuilder &b, Location loc, Value position);
  Value positionAt(OpBuilder &b, Location loc, Value entry);
  Value keyOf(OpBuilder &b, Location loc, Value element);
  Value mayBeBetter(OpBuilder &b, Location loc, Value element, Value worst);
  Value worstKey(OpBuilder &b, Location loc) { return constantInt(b, loc, keyType(), maxKey()); }
  unsigned keyBits() const { return computeType(x.elementType).getIntOrFloatBitWidth(); }
  Type keyType() const { return IntegerType::get(x.elementType.getContext(), keyBits()); }
  int64_t maxKey() const { return llvm::maxIntN(keyBits()); }

  const Anchor &a;
  KernelBuilder &k;
  const KernelTensor &x, &values, &positions;
  bool largest;
  int64_t axis;
  Entries entries, merged;
  Type positionType;
  Value list, wanted, length;    ///< of the row at hand: its list; k; elements
  SmallVector<Value> rowIndices; ///< without `axis`
};

} // namespace

static Value add(OpBuilder &b, Location loc, Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }
static Value sub(OpBuilder &b, Location loc, Value x, Value y) { return b.createOrFold<arith::SubIOp>(loc, x, y); }
static Value min(OpBuilder &b, Location loc, Value x, Value y) { return b.createOrFold<arith::MinSIOp>(loc, x, y); }
static Value isLess(OpBuilder &b, Location loc, Value x, Value y) {
  return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt, x, y);
}
static Value choose(OpBuilder &b, Location loc, Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, loc, condition, x, y);
}

Value RowSelector::load(OpBuilder &b, Location loc, Value position) {
  SmallVector<Value> indices(rowIndices);
  indices.insert(indices.begin() + axis, position);
  return x.load(b, loc, indices);
}

Value RowSelector::positionAt(OpBuilder &b, Location loc, Value entry) {
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), entries.positions.load(b, loc, {list, entry}));
}

/// An integer that is less where the element comes before; NaN is above all numbers.
Value RowSelector::keyOf(OpBuilder &b, Location loc, Value element) {
  Type type = keyType();
  Value key = element;
  if (isa<FloatType>(element.getType())) {
    // The bits of positive numbers are in their order, those of negative ones in reverse.
    Value number = arith::AddFOp::create(b, loc, element, constantScalar(b, loc, element.getType(), 0)); // no -0
    Value bits = arith::BitcastOp::create(b, loc, type, number);
    Value sign = arith::ShRSIOp::create(b, loc, bits, constantInt(b, loc, type, keyBits() - 1));
    Value flips = arith::AndIOp::create(b, loc, sign, worstKey(b, loc));
    Value isNaN = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, element, element);
    key = choose(b, loc, isNaN, worstKey(b, loc), arith::XOrIOp::create(b, loc, bits, flips));
  } else if (x.elementType.isUnsignedInteger()) {
    key = arith::XOrIOp::create(b, loc, element, constantInt(b, loc, type, llvm::minIntN(keyBits())));
  }
  return largest ? arith::XOrIOp::create(b, loc, key, constantInt(b, loc, type, -1)) : key;
}

/// False only where the element is not better than `worst`; one comparison, so true wherever there is a NaN.
Value RowSelector::mayBeBetter(OpBuilder &b, Location loc, Value element, Value worst) {
  if (isa<FloatType>(element.getType()))
    return arith::CmpFOp::create(b, loc, largest ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::ULT, element,
                                 worst);
  return largest ? lessThan(b, loc, worst, element, x.elementType) : lessThan(b, loc, element, worst, x.elementType);
}

/// Appends the positions in [start, start + size) that may be among the best; returns the number of entries then.
Value RowSelector::append(OpBuilder &b, Location loc, ValueRange state, Value start, Value size) {
  return reduceNest(
      b, loc, size, state[0], [&](OpBuilder &b, Location loc, ValueRange at, ValueRange count) -> SmallVector<Value> {
        Value position = add(b, loc, start, at[0]);
        entries.positions.store(b, loc, arith::IndexCastOp::create(b, loc, positionType, position), {list, count[0]});
        Value stays = arith::OrIOp::create(b, loc, state[2], mayBeBetter(b, loc, load(b, loc, position), state[1]));
        return {add(b, loc, count[0], arith::IndexCastUIOp::create(b, loc, b.getIndexType(), stays))};
      })[0];
}

void RowSelector::copyBack(OpBuilder &b, Location loc, Value from, Value count) {
  loopNest(b, loc, count, [&](OpBuilder &b, Location loc, ValueRange at) {
    Value entry = add(b, loc, from, at[0]);
    entries.keys.store(b, loc, merged.keys.load(b, loc, {list, entry}), {list, entry});
    entries.positions.store(b, loc, merged.positions.load(b, loc, {list, entry}), {list, entry});
  });
}

/// Sorts the entries [start, start + kRun).
void RowSelector::sortRun(OpBuilder &b, Location loc, Value start) {
  Value size = constantIndex(b, loc, kRun);
  Type i32 = b.getI32Type();
  Value one = constantInt(b, loc, i32, 1), none = constantInt(b, loc, i32, 0);
  loopNest(b, loc, size, [&](OpBuilder &b, Location loc, ValueRange own) {
    Value entry = add(b, loc, start, own[0]), key = entries.keys.load(b, loc, {list, entry});
    Value number = arith::IndexCastOp::create(b, loc, i32, own[0]);
    Value before = reduceNest(
        b, loc, size, none, [&](OpBuilder &b, Location loc, ValueRange at, ValueRange sum) -> SmallVector<Value> {
          Value other = entries.keys.load(b, loc, {list, add(b, loc, start, at[0])});
          Value isEqual = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, other, key);
          Value isEarlier = isLess(b, loc, arith::IndexCastOp::create(b, loc, i32, at[0]), number);
          Value isBefore = arith::OrIOp::create(b, loc, isLess(b, loc, other, key),
                                                arith::AndIOp::create(b, loc, isEqual, isEarlier));
          return {arith::AddIOp::create(b, loc, sum[0], choose(b, loc, isBefore, one, none))};
        })[0];
    Value to = add(b, loc, start, arith::IndexCastOp::create(b, loc, b.getIndexType(), before));
    merged.keys.store(b, loc, key, {list, to});
    merged.positions.store(b, loc, entries.positions.load(b, loc, {list, entry}), {list, to});
  });
}

/// The first `count` of the sorted entries [low, middle) and [middle, high), merged, at `low` of the other list.
void RowSelector::merge(OpBuilder &b, Location loc, Value low, Value middle, Value high, Value count) {
  Value one = constantIndex(b, loc, 1), last = sub(b, loc, high, one);
  reduceNest(b, loc, count, {low, middle}, [&](OpBuilder &b, Location loc, ValueRange at, ValueRange next) {
    // A side that is used up reads the last entry, which keeps the address inside.
    Value left = min(b, loc, next[0], last), right = min(b, loc, next[1], last);
    Value leftKey = entries.keys.load(b, loc, {list, left}), rightKey = entries.keys.load(b, loc, {list, right});
    Value leftEnded = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, next[0], middle);
    Value takesRight =
        arith::AndIOp::create(b, loc, isLess(b, loc, next[1], high),
                              Value(arith::OrIOp::create(b, loc, leftEnded, isLess(b, loc, rightKey, leftKey))));
    Value to = add(b, loc, low, at[0]), from = choose(b, loc, takesRight, right, left);
    merged.keys.store(b, loc, choose(b, loc, takesRight, rightKey, leftKey), {list, to});
    merged.positions.store(b, loc, entries.positions.load(b, loc, {list, from}), {list, to});
    Value step = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), takesRight);
    return SmallVector<Value>{add(b, loc, next[0], sub(b, loc, one, step)), add(b, loc, next[1], step)};
  });
}

/// Has the list begin with the best of its `count` entries, in order; those before `from` are in order.
void RowSelector::sort(OpBuilder &b, Location loc, Value from, Value count) {
  Value zero = constantIndex(b, loc, 0), run = constantIndex(b, loc, kRun), added = sub(b, loc, count, from);
  loopNest(b, loc, added, [&](OpBuilder &b, Location loc, ValueRange at) {
    Value entry = add(b, loc, from, at[0]);
    entries.keys.store(b, loc, keyOf(b, loc, load(b, loc, positionAt(b, loc, entry))), {list, entry});
  });
  // What fills the last run comes behind all others.
  loopNest(b, loc, run, [&](OpBuilder &b, Location loc, ValueRange at) {
    entries.keys.store(b, loc, worstKey(b, loc), {list, add(b, loc, count, at[0])});
  });
  auto runs = scf::ForOp::create(b, loc, from, count, run);
  OpBuilder inRuns = OpBuilder::atBlockTerminator(runs.getBody());
  sortRun(inRuns, loc, runs.getInductionVar());
  copyBack(b, loc, from, added);
  scf::WhileOp::create(
      b, loc, TypeRange{b.getIndexType()}, ValueRange{run},
      [&](OpBuilder &b, Location loc, ValueRange width) {
        scf::ConditionOp::create(b, loc, isLess(b, loc, width[0], added), width);
      },
      [&](OpBuilder &b, Location loc, ValueRange width) {
        Value both = add(b, loc, width[0], width[0]);
        auto pairs = scf::ForOp::create(b, loc, from, count, both);
        OpBuilder in = OpBuilder::atBlockTerminator(pairs.getBody());
        Value low = pairs.getInductionVar(), high = min(in, loc, add(in, loc, low, both), count);
        Value middle = min(in, loc, add(in, loc, low, width[0]), count);
        merge(in, loc, low, middle, high, sub(in, loc, high, low));
        copyBack(b, loc, from, added);
        scf::YieldOp::create(b, loc, both);
      });
  Value kept = min(b, loc, wanted, count);
  merge(b, loc, zero, from, count, kept);
  copyBack(b, loc, zero, kept);
}

/// Whether one of the elements of a piece may be better than `worst`. Where they are not neighbours, a second look at
/// each would cost as much as the first.
Value RowSelector::anyBetter(OpBuilder &b, Location loc, Value start, Value worst) {
  if (!llvm::all_of(ArrayRef(x.dims).drop_front(axis + 1), [](Dim d) { return d.isConstant(1); }))
    return constantInt(b, loc, b.getI1Type(), 1);
  Type i32 = b.getI32Type();
  Value none = constantInt(b, loc, i32, 0), one = constantInt(b, loc, i32, 1);
  Value count = reduceNest(b, loc, constantIndex(b, loc, kPiece), none,
                           [&](OpBuilder &b, Location loc, ValueRange at, ValueRange sum) -> SmallVector<Value> {
                             Value better = mayBeBetter(b, loc, load(b, loc, add(b, loc, start, at[0])), worst);
                             return {arith::AddIOp::create(b, loc, sum[0], choose(b, loc, better, one, none))};
                           })[0];
  return isLess(b, loc, none, count);
}

void RowSelector::storeResult(OpBuilder &b, Location loc, Value rank, Value position) {
  SmallVector<Value> at(rowIndices);
  at.insert(at.begin() + axis, rank);
  values.store(b, loc, load(b, loc, position), at);
  positions.store(b, loc, arith::IndexCastOp::create(b, loc, b.getI64Type(), position), at);
}

SmallVector<Dim> RowSelector::rowDims() const {
  SmallVector<Dim> dims(x.dims);
  dims.erase(dims.begin() + axis);
  return dims;
}

// ---- in registers

/// Puts the element at `position` where it belongs; `valid` of the best are there (null: all).
auto RowSelector::insert(OpBuilder &b, Location loc, Best best, Value position, Value valid) -> Best {
  auto type = cast<VectorType>(best.keys.getType());
  int64_t lanes = type.getNumElements();
  auto everywhere = [&](Value v) { return vector::BroadcastOp::create(b, loc, type.clone(v.getType()), v); };
  SmallVector<int64_t> oneUp{lanes};
  llvm::append_range(oneUp, llvm::seq<int64_t>(0, lanes - 1));
  auto previous = [&](Value v, Value first) { return vector::ShuffleOp::create(b, loc, v, everywhere(first), oneUp); };
  Value key = everywhere(keyOf(b, loc, load(b, loc, position)));
  Value place = everywhere(arith::IndexCastOp::create(b, loc, positionType, position));
  Value first = constantInt(b, loc, keyType(), llvm::minIntN(keyBits()));
  Value previousKeys = previous(best.keys, first);
  auto stays = [&](Value keys, int64_t shift) -> Value { // those that are as good
    Value asGood = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, keys, key);
    if (!valid)
      return asGood;
    SmallVector<int32_t> numbers = llvm::to_vector(llvm::seq<int32_t>(-shift, lanes - shift));
    Value number = arith::ConstantOp::create(b, loc, DenseIntElementsAttr::get(type.clone(b.getI32Type()), numbers));
    Value isThere = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, number,
                                          everywhere(arith::IndexCastOp::create(b, loc, b.getI32Type(), valid)));
    return arith::AndIOp::create(b, loc, asGood, isThere);
  };
  Value here = stays(best.keys, 0), before = stays(previousKeys, 1);
  auto moved = [&](Value v, Value previous, Value inserted) {
    return choose(b, loc, here, v, choose(b, loc, before, inserted, previous));
  };
  Value noPlace = constantInt(b, loc, positionType, 0);
  return {moved(best.keys, previousKeys, key), moved(best.positions, previous(best.positions, noPlace), place)};
}

/// if (condition) then, else the values that are carried on.
static SmallVector<Value> when(OpBuilder &b, Location loc, Value condition, ValueRange carried,
                               llvm::function_ref<SmallVector<Value>(OpBuilder &)> then) {
  auto branch = scf::IfOp::create(b, loc, carried.getTypes(), condition, /*withElseRegion=*/true);
  OpBuilder inThen = branch.getThenBodyBuilder(), inElse = branch.getElseBodyBuilder();
  scf::YieldOp::create(inThen, loc, then(inThen));
  scf::YieldOp::create(inElse, loc, carried);
  return SmallVector<Value>(branch.getResults());
}

/// Hands `carried` through a loop from `from` to `to`.
static SmallVector<Value> loop(OpBuilder &b, Location loc, Value from, Value to, int64_t step, ValueRange carried,
                               llvm::function_ref<SmallVector<Value>(OpBuilder &, Value, ValueRange)> body) {
  auto built = scf::ForOp::create(b, loc, from, to, constantIndex(b, loc, step), carried);
  OpBuilder in = OpBuilder::atBlockEnd(built.getBody());
  scf::YieldOp::create(in, loc, body(in, built.getInductionVar(), built.getRegionIterArgs()));
  return SmallVector<Value>(built.getResults());
}

void RowSelector::emitRowInRegisters(OpBuilder &b, Location loc, int64_t count) {
  int64_t lanes = std::max<int64_t>(4, llvm::PowerOf2Ceil(count));
  Value filled = constantIndex(b, loc, count), piece = constantIndex(b, loc, kPiece);
  Best best{constantInt(b, loc, VectorType::get({lanes}, keyType()), maxKey()),
            constantInt(b, loc, VectorType::get({lanes}, positionType), 0)};
  SmallVector<Value> state = loop(b, loc, constantIndex(b, loc, 0), filled, 1, best.values(),
                                  [&](OpBuilder &b, Value position, ValueRange state) {
                                    return insert(b, loc, {state[0], state[1]}, position, position).values();
                                  });
  auto placeOf = [&](OpBuilder &b, Value positions, int64_t rank) {
    return arith::IndexCastOp::create(b, loc, b.getIndexType(),
                                      Value(vector::ExtractOp::create(b, loc, positions, rank)));
  };
  state.push_back(load(b, loc, placeOf(b, state[1], count - 1))); // the worst
  auto look = [&](OpBuilder &b, Value from, Value to, ValueRange state) {
    return loop(b, loc, from, to, 1, state, [&](OpBuilder &b, Value position, ValueRange state) {
      Value better = mayBeBetter(b, loc, load(b, loc, position), state[2]);
      return when(b, loc, better, state, [&](OpBuilder &b) -> SmallVector<Value> {
        Best next = insert(b, loc, {state[0], state[1]}, position, {});
        return {next.keys, next.positions, load(b, loc, placeOf(b, next.positions, count - 1))};
      });
    });
  };
  Value left = arith::RemUIOp::create(b, loc, sub(b, loc, length, filled), piece), whole = sub(b, loc, length, left);
  state = loop(b, loc, filled, whole, kPiece, state, [&](OpBuilder &b, Value start, ValueRange state) {
    return when(b, loc, anyBetter(b, loc, start, state[2]), state,
                [&](OpBuilder &b) { return look(b, start, add(b, loc, start, piece), state); });
  });
  state = look(b, whole, length, state);
  for (int64_t rank = 0; rank < count; ++rank)
    storeResult(b, loc, constantIndex(b, loc, rank), placeOf(b, state[1], rank));
}

void RowSelector::emitInRegisters(int64_t count) {
  k.parallelNest(
      a.b, a.loc(), rowDims(),
      [&](OpBuilder &b, Location loc, ValueRange indices) {
        rowIndices.assign(indices.begin(), indices.end());
        auto branch = scf::IfOp::create(b, loc, isLess(b, loc, length, constantIndex(b, loc, count)), true);
        OpBuilder in = branch.getElseBodyBuilder();
        emitRowInRegisters(in, loc, count);
      },
      x.dims[axis]);
}

// ---- in lists

void RowSelector::emitRowInList(OpBuilder &b, Location loc) {
  Value zero = constantIndex(b, loc, 0), piece = constantIndex(b, loc, kPiece);
  Value full = k.size(k.dims().sub(entries.keys.dims[1], kPiece + kRun)); // more entries are sorted
  // Entries of the list, the worst of the k best, and whether there are fewer than k so far.
  SmallVector<Value> state{zero, constantScalar(b, loc, computeType(x.elementType), 0),
                           constantInt(b, loc, b.getI1Type(), 1)};
  auto sorted = [&](OpBuilder &b, ValueRange state) { return choose(b, loc, state[2], zero, wanted); };
  Value left = arith::RemUIOp::create(b, loc, length, piece), whole = sub(b, loc, length, left);
  state = loop(b, loc, zero, whole, kPiece, state, [&](OpBuilder &b, Value start, ValueRange state) {
    Value matters = arith::OrIOp::create(b, loc, state[2], anyBetter(b, loc, start, state[1]));
    return when(b, loc, matters, state, [&](OpBuilder &b) {
      Value count = append(b, loc, state, start, piece);
      return when(b, loc, isLess(b, loc, full, count), {count, state[1], state[2]},
                  [&](OpBuilder &b) -> SmallVector<Value> {
                    sort(b, loc, sorted(b, state), count);
                    Value last = arith::MaxSIOp::create(b, loc, sub(b, loc, wanted, constantIndex(b, loc, 1)), zero);
                    return {wanted, load(b, loc, positionAt(b, loc, last)), constantInt(b, loc, b.getI1Type(), 0)};
                  });
    });
  });
  sort(b, loc, sorted(b, state), append(b, loc, state, whole, left));
  loopNest(b, loc, wanted, [&](OpBuilder &b, Location loc, ValueRange rank) {
    storeResult(b, loc, rank[0], positionAt(b, loc, rank[0]));
  });
}

void RowSelector::emitInLists(Dim best) {
  OpBuilder &b = a.b;
  Location loc = a.loc();
  DimContext &d = k.dims();
  SmallVector<Dim> outer = rowDims();
  Dim n = x.dims[axis], rows = d.product(outer), lists = d.min(rows, d.constant(kMostLists));
  Dim perList = d.ceilDiv(rows, kMostLists), room = d.add(d.min(d.add(d.mul(best, 2), kRun), n), kPiece + kRun);
  for (Entries *e : {&entries, &merged})
    *e = {k.temporary(b, loc, keyType(), {lists, room}), k.temporary(b, loc, positionType, {lists, room})};
  a.setTiles(lists, d.mul(n, perList).constant().value_or(kLongRow));
  wanted = k.size(best);
  auto shares = scf::ForOp::create(b, loc, k.sliceBegin(), k.sliceEnd(), constantIndex(b, loc, 1));
  OpBuilder in = OpBuilder::atBlockTerminator(shares.getBody());
  list = shares.getInductionVar();
  // Neighbouring rows by one list: along an inner axis they share lines of the cache.
  Value first = arith::MulIOp::create(in, loc, list, k.size(perList));
  Value end = min(in, loc, add(in, loc, first, k.size(perList)), k.size(rows));
  auto inList = scf::ForOp::create(in, loc, first, end, constantIndex(in, loc, 1));
  OpBuilder inRow = OpBuilder::atBlockTerminator(inList.getBody());
  Value row = inList.getInductionVar();
  rowIndices.assign(outer.size(), row);
  for (int64_t i = int64_t(outer.size()) - 1; i > 0; --i) {
    rowIndices[i] = arith::RemUIOp::create(inRow, loc, row, k.size(outer[i]));
    rowIndices[0] = row = arith::DivUIOp::create(inRow, loc, row, k.size(outer[i]));
  }
  emitRowInList(inRow, loc);
}

void RowSelector::emit() {
  DimContext &d = k.dims();
  Dim n = x.dims[axis], asked = values.dims[axis], best = d.min(asked, n);
  length = k.size(n);
  if (best != asked)
    k.failIf(a.b, a.loc(), isLess(a.b, a.loc(), length, k.size(asked)), CAMEO_OUT_OF_RANGE,
             "k is %lld, more than the axis has elements", k.size(asked));
  bool isShort = n.constant() && *n.constant() <= std::numeric_limits<int32_t>::max();
  positionType = isShort ? a.b.getI32Type() : a.b.getI64Type();
  if (auto count = asked.constant(); count && *count <= kMostInRegisters)
    *count > 0 ? emitInRegisters(*count) : void();
  else
    emitInLists(best);
}

namespace {
class TunedTopK final : public TunedOpOf<TopKOp> {
  std::optional<LogicalResult> emitOp(const Anchor &a, TopKOp op) const override {
    RowSelector(a, op).emit();
    return success();
  }
};
} // namespace

const TunedOp &cameo::codegen::tunedTopK() {
  static const TunedTopK code;
  return code;
}
