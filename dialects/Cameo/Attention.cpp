// Attention.cpp - shapes and loops of attention, linear_attention and rotary_embedding.
#include "cameo/Dialect/Cameo/Attention.h"
#include "Interpolation.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/AttentionOps.cpp.inc"

namespace cameo {
void registerAttentionOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/AttentionOps.cpp.inc"
      >();
}
} // namespace cameo

// ---- what the shape functions share

/// Requires an operand of `rank` axes whose element type is `type`.
static LogicalResult verifyOperand(Operation *op, ShapeAnalysis &shapes, Value operand, StringRef name, int64_t rank,
                                   Type type) {
  const ShapeInfo &info = shapes.get(operand);
  if (info.rank() != rank)
    return op->emitOpError("operand ") << name << " has shape " << formatShape(info.dims) << "; expected rank " << rank;
  if (info.elementType != type)
    return op->emitOpError("operand ") << name << " has element type " << info.elementType << "; expected " << type
                                       << ", as the first operand has";
  return success();
}

/// Requires `wanted` sizes, of which `mayBeOne` may be 1 instead; emits an op error with both shapes.
static LogicalResult verifySizes(Operation *op, ShapeAnalysis &shapes, Value operand, StringRef name,
                                 ArrayRef<Dim> wanted, ArrayRef<int64_t> mayBeOne = {}) {
  ArrayRef<Dim> dims = shapes.dimsOf(operand);
  bool fits = dims.size() == wanted.size();
  for (size_t i = 0; fits && i < dims.size(); ++i)
    fits = !dims[i].constant() || !wanted[i].constant() || dims[i] == wanted[i] ||
           (dims[i].isConstant(1) && llvm::is_contained(mayBeOne, i));
  if (!fits)
    return op->emitOpError("operand ") << name << " has shape " << formatShape(dims) << "; expected "
                                       << formatShape(wanted);
  return success();
}

static LogicalResult verifyGroups(Operation *op, Dim queryHeads, Dim keyHeads) {
  auto heads = queryHeads.constant(), groups = keyHeads.constant();
  if (heads && groups && (*groups < 1 || *heads % *groups))
    return op->emitOpError("has ") << *heads << " query heads and " << *groups
                                   << " key heads; expected a multiple of the key heads";
  return success();
}

/// Where `index` lies along an axis that may have size 1, whose only element all share.
static Value ownOrOnly(KernelEmitter &k, OpBuilder &b, Location loc, Dim size, Value index) {
  Value one = constantIndex(b, loc, 1);
  if (size.constant())
    return size.isConstant(1) ? constantIndex(b, loc, 0) : index;
  return minIndex(b, loc, index, subIndex(b, loc, k.size(size), one));
}

/// The key head that a query head reads.
static Value keyHead(KernelEmitter &k, OpBuilder &b, Location loc, Value head, Dim queryHeads, Dim keyHeads) {
  Dim group = k.dims().floorDiv(queryHeads, keyHeads);
  return group.isConstant(1) ? head : Value(arith::DivUIOp::create(b, loc, head, k.size(group)));
}

// ---- attention

LogicalResult AttentionOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &q = shapes.get(getQ());
  if (q.rank() != 4 || failed(verifyOperand(*this, shapes, getK(), "k", 4, q.elementType)) ||
      failed(verifyOperand(*this, shapes, getV(), "v", 4, q.elementType)))
    return q.rank() == 4 ? failure()
                         : emitOpError("operand q has shape ") << formatShape(q.dims) << "; expected rank 4"; // C1
  ArrayRef<Dim> k = shapes.dimsOf(getK()), v = shapes.dimsOf(getV());
  if (failed(verifySizes(*this, shapes, getK(), "k", {q.dims[0], k[1], k[2], q.dims[3]})) || // C1
      failed(verifySizes(*this, shapes, getV(), "v", {q.dims[0], k[1], k[2], v[3]})) ||      // C1
      failed(verifyGroups(*this, q.dims[1], k[1])))                                          // C2
    return failure();
  SmallVector<Dim, 6> scores{q.dims[0], q.dims[1], q.dims[2], k[2]};
  if (Value mask = getMask()) {
    const ShapeInfo &info = shapes.get(mask);
    if (info.elementType != q.elementType && !info.elementType.isInteger(1) && !info.elementType.isF32())
      return emitOpError("operand mask has element type ")
             << info.elementType << "; expected i1, 'f32' or " << q.elementType; // C3
    bool fits = info.rank() <= 4;
    for (int64_t i = 1; fits && i <= info.rank(); ++i) {
      auto own = info.dims[info.rank() - i].constant(), wanted = scores[4 - i].constant();
      fits = !own || !wanted || *own == *wanted || *own == 1 || (i == 1 && *own < *wanted);
    }
    if (!fits)
      return emitOpError("operand mask has shape ")
             << formatShape(info.dims) << ", which does not broadcast to the scores' " << formatShape(scores); // C3
  }
  for (auto [name, operand] : {std::pair("lengths", getLengths()), std::pair("offsets", getOffsets())})
    if (operand && failed(verifySizes(*this, shapes, operand, name, {q.dims[0]}, {0}))) // C4
      return failure();
  if (Value sinks = getSinks()) {
    Type own = shapes.get(sinks).elementType, type = own.isF32() ? own : q.elementType;
    if (failed(verifyOperand(*this, shapes, sinks, "sinks", 1, type)) ||
        failed(verifySizes(*this, shapes, sinks, "sinks", {q.dims[1]}))) // C5
      return failure();
  }
  bool known = getStage() && llvm::is_contained({"product", "capped", "masked", "weights"}, *getStage());
  // The accessor would ask for the result's type, which is yet to come.
  bool wanted = getOperation()->getNumResults() > 1;
  if (getStage() ? !known : wanted)
    return emitOpError("stage is '") << getStage().value_or("")
                                     << "'; expected product, capped, masked or weights"; // C6
  for (auto [name, bound] : {std::pair("left", getLeft()), std::pair("right", getRight())})
    if (bound && (int64_t(*bound) < 0 || int64_t(*bound) > kMostAttentionWindow))
      return emitOpError() << name << " is " << int64_t(*bound) << "; expected 0 to " << kMostAttentionWindow; // C7
  results.push_back({q.elementType, {q.dims[0], q.dims[1], q.dims[2], v[3]}, std::nullopt});
  if (wanted)
    results.push_back({q.elementType, scores, std::nullopt});
  return success();
}

bool AttentionOp::allowsEpilogue() { return !getScores(); }

/// Keys that the rows of one head see, all together. Sizes that only data tell (offsets, lengths) count as if they left
/// out none.
static Dim visibleKeys(AttentionOp op, DimContext &d, Dim rows, Dim keys) {
  auto triangle = [&](Dim n) { return d.floorDiv(d.mul(n, d.add(n, 1)), 2); }; // 1 + ... + n
  // Row i sees min(keys, i + right + 1) keys less the min(keys, max(0, i - left)) that lie too far behind.
  Dim seen = d.mul(rows, keys);
  if (op.getOffsets())
    return seen;
  if (auto right = op.getRight()) {
    Dim short_ = d.min(rows, d.max(d.sub(keys, int64_t(*right) + 1), d.constant(0)));
    seen =
        d.add(d.add(triangle(d.sub(short_, 1)), d.mul(short_, int64_t(*right) + 1)), d.mul(d.sub(rows, short_), keys));
  }
  if (auto left = op.getLeft()) {
    Dim some = d.max(d.sub(rows, int64_t(*left) + 1), d.constant(0)), few = d.min(some, keys);
    seen = d.sub(seen, d.add(triangle(few), d.mul(d.sub(some, few), keys)));
  }
  return seen;
}

// Keys are read once per query: few of these, as where one token is appended to a cache, are not worth a pass over all
// keys.
SmallVector<unsigned> AttentionOp::factorsWorthRounding(ShapeAnalysis &shapes) {
  constexpr int64_t kManyQueries = 16;
  Dim queries = shapes.dimsOf(getQ())[2];
  bool pays = queries == shapes.dimsOf(getK())[2] || queries.constant().value_or(0) >= kManyQueries;
  return pays && !getScores() ? SmallVector<unsigned>{0, 1, 2} : SmallVector<unsigned>{};
}

Dim AttentionOp::flops(ShapeAnalysis &shapes) {
  ArrayRef<Dim> q = shapes.dimsOf(getQ()), v = shapes.dimsOf(getV());
  DimContext &d = shapes.dims();
  Dim heads = d.mul(q[0], q[1]), pairs = d.mul(heads, visibleKeys(*this, d, q[2], v[2]));
  // A score: the product, its scale, cap and mask. A weight: maximum, difference, exponential and sum.
  bool isAdded = getMask() && isa<FloatType>(getElementTypeOrSelf(getMask().getType()));
  Dim perScore = d.add(d.mul(q[3], 2), getSoftcap() ? 4 : 1);
  Dim scores = d.mul(getScores() ? d.mul(d.mul(heads, q[2]), v[2]) : pairs, perScore);
  Dim weights = d.mul(pairs, d.add(d.mul(v[3], 2), 4 + isAdded));
  Dim rows = d.mul(d.mul(heads, q[2]), d.add(v[3], getSinks() ? 3 : 1));
  Dim reported = getStage() == "weights" ? d.mul(d.mul(heads, q[2]), v[2]) : d.constant(0);
  return d.add(d.add(scores, weights), d.add(rows, reported));
}

namespace {

/// Emits the rows of one head.
class AttentionRows {
public:
  AttentionRows(AttentionOp op, KernelEmitter &k, ArrayRef<KernelTensor> operands, ArrayRef<KernelTensor> results)
      : op(op), k(k), loc(op.getLoc()), q(operands[0]), keys(operands[1]), values(operands[2]), result(results[0]),
        mask(operandTensor(op, operands, op.getMask())), lengths(operandTensor(op, operands, op.getLengths())),
        offsets(operandTensor(op, operands, op.getOffsets())), sinks(operandTensor(op, operands, op.getSinks())),
        scores(op.getScores() ? results[1] : KernelTensor()), stage(op.getStage().value_or("")),
        type(computeType(q.elementType)) {}

  void run(OpBuilder &b) {
    Dim batch = q.dims[0], heads = q.dims[1], length = keys.dims[2], width = values.dims[3];
    // A row of scores and the sum of values, one of each per head so that threads share nothing.
    row = k.temporary(b, loc, type, {batch, heads, length});
    sum = k.temporary(b, loc, type, {batch, heads, width});
    DimContext &d = k.dims();
    Dim work = d.mul(d.mul(q.dims[2], length), d.add(q.dims[3], width));
    k.parallelNest(
        b, loc, {batch, heads},
        [&](OpBuilder &b, Location, ValueRange at) {
          this->at.assign(at.begin(), at.end());
          head = keyHead(k, b, loc, at[1], q.dims[1], keys.dims[1]);
          zeroIndex = constantIndex(b, loc, 0);
          end = limitOfKeys(b);
          loopNest(b, loc, {k.size(q.dims[2])}, [&](OpBuilder &b, Location, ValueRange i) { emitRow(b, i[0]); });
        },
        work);
  }

private:
  Value perBatch(OpBuilder &b, const KernelTensor &t) {
    return toIndex(b, loc, t.load(b, loc, {ownOrOnly(k, b, loc, t.dims[0], at[0])}), t.elementType);
  }

  /// Keys from here on are out for every row.
  Value limitOfKeys(OpBuilder &b) {
    Value limit = k.size(keys.dims[2]);
    if (lengths)
      limit = maxIndex(b, loc, minIndex(b, loc, limit, perBatch(b, lengths)), zeroIndex);
    if (!mask || mask.rank() == 0 || mask.dims.back() == keys.dims[2] || mask.dims.back().isConstant(1))
      return limit;
    Value columns = k.size(mask.dims.back()), one = constantIndex(b, loc, 1);
    Value isOne = isEqual(b, loc, columns, one);
    return arith::SelectOp::create(b, loc, isOne, limit, minIndex(b, loc, limit, columns));
  }

  Value maskAt(OpBuilder &b, Value i, Value j) {
    SmallVector<Dim> sizes{q.dims[0], q.dims[1], q.dims[2], keys.dims[2]};
    // A mask that ends early is read within its own columns only: what is behind them is out before it is asked for.
    if (mask.rank() && !mask.dims.back().isConstant(1))
      sizes.back() = mask.dims.back().constant() ? mask.dims.back() : sizes.back();
    return mask.load(b, loc, broadcastIndices(b, loc, k, mask, sizes, {at[0], at[1], i, j}));
  }

  /// s before the mask; stores it where the second result asks for it.
  Value score(OpBuilder &b, Value i, Value j) {
    FloatMath m(b, loc, type);
    Value product = reduceNest(b, loc, {k.size(q.dims[3])}, {m.constant(0)},
                               [&](OpBuilder &b, Location, ValueRange d, ValueRange carried) -> SmallVector<Value> {
                                 Value x = q.load(b, loc, {at[0], at[1], i, d[0]}),
                                       y = keys.load(b, loc, {at[0], head, j, d[0]});
                                 return {multiplyAdd(k, b, loc, carried[0], x, y)};
                               })[0];
    Value s = m.mul(product, op.getScale().convertToDouble());
    report(b, "product", s, i, j);
    if (op.getSoftcap()) {
      double cap = op.getSoftcap()->convertToDouble();
      s = m.mul(math::TanhOp::create(b, loc, m.mul(s, 1 / cap)), cap);
    }
    report(b, "capped", s, i, j);
    return s;
  }
  Value masked(OpBuilder &b, Value s, Value i, Value j) {
    FloatMath m(b, loc, type);
    if (mask && mask.elementType.isInteger(1))
      return m.select(maskAt(b, i, j), s, m.constant(-std::numeric_limits<double>::infinity()));
    return mask ? m.add(s, maskAt(b, i, j)) : s;
  }
  void report(OpBuilder &b, StringRef which, Value s, Value i, Value j) {
    if (scores && stage == which)
      scores.store(b, loc, s, {at[0], at[1], i, j});
  }

  /// [first, last): the keys that row i sees.
  std::pair<Value, Value> window(OpBuilder &b, Value i) {
    Value first = zeroIndex, last = end;
    if (!op.getLeft() && !op.getRight())
      return {first, last};
    Value position = offsets ? addIndex(b, loc, i, perBatch(b, offsets)) : i;
    if (auto left = op.getLeft())
      first = maxIndex(b, loc, first, subIndex(b, loc, position, constantIndex(b, loc, *left)));
    if (auto right = op.getRight())
      last = minIndex(b, loc, last, addIndex(b, loc, position, constantIndex(b, loc, int64_t(*right) + 1)));
    first = minIndex(b, loc, first, end);
    return {first, maxIndex(b, loc, last, first)};
  }

  void emitRow(OpBuilder &b, Value i) {
    FloatMath m(b, loc, type);
    Value lowest = m.constant(-std::numeric_limits<double>::infinity()), zero = m.constant(0);
    auto [first, last] = window(b, i);
    if (scores) {
      // All columns are asked for: those outside the window count as masked.
      auto [from, to] = std::pair(first, last);
      loopNest(b, loc, {k.size(keys.dims[2])}, [&](OpBuilder &b, Location, ValueRange j) {
        Value s = score(b, i, j[0]);
        Value below = isLess(b, loc, j[0], from), within = isLess(b, loc, j[0], to);
        Value inside = arith::AndIOp::create(
            b, loc, within, arith::XOrIOp::create(b, loc, below, constantInt(b, loc, b.getI1Type(), 1)));
        auto branch = scf::IfOp::create(b, loc, TypeRange{type}, inside, /*withElseRegion=*/true);
        OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
        scf::YieldOp::create(thenBuilder, loc, masked(thenBuilder, s, i, j[0]));
        scf::YieldOp::create(elseBuilder, loc, lowest);
        row.store(b, loc, branch.getResult(0), {at[0], at[1], j[0]});
        report(b, "masked", branch.getResult(0), i, j[0]);
      });
    }
    Value count = subIndex(b, loc, last, first);
    auto forKeys = [&](OpBuilder &b, ValueRange init,
                       llvm::function_ref<SmallVector<Value>(OpBuilder &, Value j, ValueRange)> body) {
      return reduceNest(b, loc, {count}, init, [&](OpBuilder &b, Location, ValueRange n, ValueRange carried) {
        return body(b, addIndex(b, loc, first, n[0]), carried);
      });
    };
    auto cell = [&](Value j) { return SmallVector<Value>{at[0], at[1], j}; };
    Value sink = sinks ? sinks.load(b, loc, {at[1]}) : Value();
    Value maximum =
        forKeys(b, {sink ? sink : lowest}, [&](OpBuilder &b, Value j, ValueRange carried) -> SmallVector<Value> {
          Value s = scores ? row.load(b, loc, cell(j)) : masked(b, score(b, i, j), i, j);
          if (!scores)
            row.store(b, loc, s, cell(j));
          return {maxScalar(b, loc, carried[0], s, type)};
        })[0];
    // Where everything is out the maximum is -inf: with 0 in its place each weight is e^-inf = 0.
    maximum = m.select(m.equal(maximum, lowest), zero, maximum);
    Value total = sink ? Value(math::ExpOp::create(b, loc, m.sub(sink, maximum))) : zero;
    total = forKeys(b, {total}, [&](OpBuilder &b, Value j, ValueRange carried) -> SmallVector<Value> {
      Value weight = math::ExpOp::create(b, loc, FloatMath(b, loc, type).sub(row.load(b, loc, cell(j)), maximum));
      row.store(b, loc, weight, cell(j));
      return {addScalar(b, loc, carried[0], weight, k.mayReassociate())};
    })[0];
    Value factor = m.select(m.equal(total, zero), zero, m.div(m.constant(1), total));
    if (scores && stage == "weights")
      loopNest(b, loc, {k.size(keys.dims[2])}, [&](OpBuilder &b, Location, ValueRange j) {
        Value below = isLess(b, loc, j[0], first), within = isLess(b, loc, j[0], last);
        Value inside = arith::AndIOp::create(
            b, loc, within, arith::XOrIOp::create(b, loc, below, constantInt(b, loc, b.getI1Type(), 1)));
        FloatMath m(b, loc, type);
        report(b, "weights", m.select(inside, m.mul(row.load(b, loc, cell(j[0])), factor), m.constant(0)), i, j[0]);
      });

    Value width = k.size(values.dims[3]);
    loopNest(b, loc, {width}, [&](OpBuilder &b, Location, ValueRange e) {
      sum.store(b, loc, constantScalar(b, loc, type, 0), {at[0], at[1], e[0]});
    });
    forKeys(b, {}, [&](OpBuilder &b, Value j, ValueRange) -> SmallVector<Value> {
      Value weight = row.load(b, loc, cell(j));
      loopNest(b, loc, {width}, [&](OpBuilder &b, Location, ValueRange e) {
        Value old = sum.load(b, loc, {at[0], at[1], e[0]}), v = values.load(b, loc, {at[0], head, j, e[0]});
        sum.store(b, loc, multiplyAdd(k, b, loc, old, weight, v), {at[0], at[1], e[0]});
      });
      return {};
    });
    loopNest(b, loc, {width}, [&](OpBuilder &b, Location, ValueRange e) {
      Value v = sum.load(b, loc, {at[0], at[1], e[0]});
      result.store(b, loc, FloatMath(b, loc, type).mul(v, factor), {at[0], at[1], i, e[0]});
    });
  }

  AttentionOp op;
  KernelEmitter &k;
  Location loc;
  const KernelTensor &q, &keys, &values, &result;
  KernelTensor mask, lengths, offsets, sinks, scores, row, sum;
  StringRef stage;
  Type type;
  SmallVector<Value> at; ///< batch entry and query head
  Value head, end, zeroIndex;
};

} // namespace

/// Keys and values, which may be those of a cache.
bool AttentionOp::readsStrided(unsigned operand) {
  return operand == getKMutable().getOperandNumber() || operand == getVMutable().getOperandNumber();
}

LogicalResult AttentionOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                     ArrayRef<KernelTensor> results) {
  AttentionRows(*this, k, operands, results).run(b);
  return success();
}

// ---- linear_attention

LogicalResult LinearAttentionOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &q = shapes.get(getQ());
  if (q.rank() != 4)
    return emitOpError("operand q has shape ") << formatShape(q.dims) << "; expected rank 4"; // C1
  for (auto [name, operand, rank] :
       {std::tuple("k", Value(getK()), 4), std::tuple("v", Value(getV()), 4), std::tuple("decay", Value(getDecay()), 4),
        std::tuple("beta", Value(getBeta()), 3)})
    if (operand && failed(verifyOperand(*this, shapes, operand, name, rank, q.elementType))) // C1, C3, C4, C5
      return failure();
  if (!isa<FloatType>(getState()) || (getInitial() && shapes.get(getInitial()).elementType != getState()))
    return emitOpError("state is ") << getState() << "; expected a float type, that of the initial state"; // C5
  ArrayRef<Dim> k = shapes.dimsOf(getK()), v = shapes.dimsOf(getV());
  Dim batch = q.dims[0], steps = q.dims[1], groups = k[2], depth = q.dims[3], width = v[3];
  SmallVector<Dim, 6> state{batch, groups, depth, width};
  if (failed(verifySizes(*this, shapes, getK(), "k", {batch, steps, groups, depth})) ||       // C1
      failed(verifySizes(*this, shapes, getV(), "v", {batch, steps, groups, width})) ||       // C1
      failed(verifyGroups(*this, q.dims[2], groups)) ||                                       // C2
      (getInitial() && failed(verifySizes(*this, shapes, getInitial(), "initial", state))) || // C1
      (getDecay() &&
       failed(verifySizes(*this, shapes, getDecay(), "decay", {batch, steps, groups, depth}, {3}))) ||   // C3
      (getBeta() && failed(verifySizes(*this, shapes, getBeta(), "beta", {batch, steps, groups}, {2})))) // C4
    return failure();
  results.push_back({q.elementType, {batch, steps, q.dims[2], width}, std::nullopt});
  results.push_back({getState(), state, std::nullopt});
  return success();
}

LogicalResult LinearAttentionOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                           ArrayRef<KernelTensor> results) {
  const KernelTensor &q = operands[0], &key = operands[1], &value = operands[2], &result = results[0],
                     &last = results[1];
  KernelTensor initial = operandTensor(*this, operands, getInitial()),
               decay = operandTensor(*this, operands, getDecay()), beta = operandTensor(*this, operands, getBeta());
  Location loc = getLoc();
  Type type = computeType(q.elementType), stateType = computeType(getState());
  if (stateType.getIntOrFloatBitWidth() > type.getIntOrFloatBitWidth())
    type = stateType;
  Dim batch = q.dims[0], steps = q.dims[1], groups = key.dims[2], depth = q.dims[3], width = value.dims[3];
  DimContext &d = k.dims();
  KernelTensor state = k.temporary(b, loc, type, {batch, groups, depth, width}),
               update = k.temporary(b, loc, type, {batch, groups, width});
  Dim group = d.floorDiv(q.dims[2], groups);
  Value rows = k.size(depth), columns = k.size(width);
  auto load = [&](OpBuilder &b, const KernelTensor &t, ValueRange at) {
    return convertScalar(b, loc, t.load(b, loc, at), computeType(t.elementType), type);
  };
  auto store = [&](OpBuilder &b, const KernelTensor &t, Value v, ValueRange at) {
    t.store(b, loc, convertScalar(b, loc, v, type, computeType(t.elementType)), at);
  };
  Dim work = d.mul(d.mul(steps, d.mul(depth, width)), d.add(group, 2));
  k.parallelNest(
      b, loc, {batch, groups},
      [&](OpBuilder &b, Location, ValueRange at) {
        auto stateAt = [&](Value row, Value column) { return SmallVector<Value>{at[0], at[1], row, column}; };
        loopNest(b, loc, {rows, columns}, [&](OpBuilder &b, Location, ValueRange i) {
          state.store(b, loc, initial ? load(b, initial, stateAt(i[0], i[1])) : constantScalar(b, loc, type, 0),
                      stateAt(i[0], i[1]));
        });
        loopNest(b, loc, {k.size(steps)}, [&](OpBuilder &b, Location, ValueRange t) {
          auto keyAt = [&](OpBuilder &b, Value row) { return load(b, key, {at[0], t[0], at[1], row}); };
          if (decay)
            loopNest(b, loc, {rows}, [&](OpBuilder &b, Location, ValueRange r) {
              Value g = load(b, decay, {at[0], t[0], at[1], ownOrOnly(k, b, loc, decay.dims[3], r[0])});
              Value factor = math::ExpOp::create(b, loc, g);
              loopNest(b, loc, {columns}, [&](OpBuilder &b, Location, ValueRange c) {
                Value old = state.load(b, loc, stateAt(r[0], c[0]));
                state.store(b, loc, mulScalar(b, loc, old, factor), stateAt(r[0], c[0]));
              });
            });
          // u = v, or beta (v - S^T k)
          auto updateAt = [&](Value column) { return SmallVector<Value>{at[0], at[1], column}; };
          loopNest(b, loc, {columns}, [&](OpBuilder &b, Location, ValueRange c) {
            update.store(b, loc, load(b, value, {at[0], t[0], at[1], c[0]}), updateAt(c[0]));
          });
          if (beta) {
            loopNest(b, loc, {rows}, [&](OpBuilder &b, Location, ValueRange r) {
              Value x = arith::NegFOp::create(b, loc, keyAt(b, r[0]));
              loopNest(b, loc, {columns}, [&](OpBuilder &b, Location, ValueRange c) {
                Value old = update.load(b, loc, updateAt(c[0])), s = state.load(b, loc, stateAt(r[0], c[0]));
                update.store(b, loc, multiplyAdd(k, b, loc, old, x, s), updateAt(c[0]));
              });
            });
            Value rate = load(b, beta, {at[0], t[0], ownOrOnly(k, b, loc, beta.dims[2], at[1])});
            loopNest(b, loc, {columns}, [&](OpBuilder &b, Location, ValueRange c) {
              update.store(b, loc, mulScalar(b, loc, update.load(b, loc, updateAt(c[0])), rate), updateAt(c[0]));
            });
          }
          loopNest(b, loc, {rows}, [&](OpBuilder &b, Location, ValueRange r) {
            Value x = keyAt(b, r[0]);
            loopNest(b, loc, {columns}, [&](OpBuilder &b, Location, ValueRange c) {
              Value old = state.load(b, loc, stateAt(r[0], c[0])), u = update.load(b, loc, updateAt(c[0]));
              state.store(b, loc, multiplyAdd(k, b, loc, old, x, u), stateAt(r[0], c[0]));
            });
          });
          loopNest(b, loc, {k.size(group), columns}, [&](OpBuilder &b, Location, ValueRange hc) {
            Value head = addIndex(b, loc, mulIndex(b, loc, at[1], k.size(group)), hc[0]);
            Value sum = reduceNest(b, loc, {rows}, {constantScalar(b, loc, type, 0)},
                                   [&](OpBuilder &b, Location, ValueRange r, ValueRange carried) -> SmallVector<Value> {
                                     Value x = load(b, q, {at[0], t[0], head, r[0]}),
                                           s = state.load(b, loc, stateAt(r[0], hc[1]));
                                     return {multiplyAdd(k, b, loc, carried[0], x, s)};
                                   })[0];
            sum = mulScalar(b, loc, sum, constantScalar(b, loc, type, getScale().convertToDouble()));
            store(b, result, sum, {at[0], t[0], head, hc[1]});
          });
        });
        loopNest(b, loc, {rows, columns}, [&](OpBuilder &b, Location, ValueRange i) {
          store(b, last, state.load(b, loc, stateAt(i[0], i[1])), stateAt(i[0], i[1]));
        });
      },
      work);
  return success();
}

// ---- rotary_embedding

LogicalResult RotaryEmbeddingOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  int64_t axis = getAxis();
  if (x.rank() != 4 || (axis != 1 && axis != 2))
    return emitOpError("operand x has shape ")
           << formatShape(x.dims) << " and axis is " << axis << "; expected rank 4 and axis 1 or 2"; // C1
  int64_t rank = getPositions() ? 2 : 3;
  for (auto [name, operand] : {std::pair("cos", getCos()), std::pair("sin", getSin())})
    if (failed(verifyOperand(*this, shapes, operand, name, rank, x.elementType))) // C2, C5
      return failure();
  ArrayRef<Dim> cos = shapes.dimsOf(getCos());
  Dim batch = x.dims[0], steps = x.dims[axis], half = cos.back();
  SmallVector<Dim> wanted = getPositions() ? SmallVector<Dim>{cos[0], half} : SmallVector<Dim>{batch, steps, half};
  if (failed(verifySizes(*this, shapes, getCos(), "cos", wanted)) ||
      failed(verifySizes(*this, shapes, getSin(), "sin", wanted))) // C2
    return failure();
  if (getPositions() && failed(verifySizes(*this, shapes, getPositions(), "positions", {batch, steps}, {0}))) // C3
    return failure();
  if (half.constant() && x.dims[3].constant() && 2 * *half.constant() > *x.dims[3].constant())
    return emitOpError("rotates ") << 2 * *half.constant() << " elements of " << *x.dims[3].constant()
                                   << "; expected no more than there are"; // C4
  results.push_back({x.elementType, x.dims, std::nullopt});
  return success();
}

Value RotaryEmbeddingOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                   ArrayRef<Dim> resultDims, ValueRange indices) {
  const KernelTensor &x = operands[0], &cos = operands[1], &sin = operands[2];
  KernelTensor positions = operandTensor(*this, operands, getPositions());
  Location loc = getLoc();
  Type type = computeType(x.elementType);
  Dim half = cos.dims.back(), rotated = k.dims().mul(half, 2);
  Value element = indices[3], halfSize = k.size(half);
  auto at = [&](Value i) { return SmallVector<Value>{indices[0], indices[1], indices[2], i}; };
  auto rotate = [&](OpBuilder &b) -> Value {
    // `pair` of the table, whether this is its second element, and where the other one is.
    Value pair, second, partner;
    if (getInterleaved()) {
      Value two = constantIndex(b, loc, 2), one = constantIndex(b, loc, 1);
      Value odd = arith::RemUIOp::create(b, loc, element, two);
      pair = arith::DivUIOp::create(b, loc, element, two);
      second = isEqual(b, loc, odd, one);
      partner = arith::SelectOp::create(b, loc, second, subIndex(b, loc, element, one), addIndex(b, loc, element, one));
    } else {
      Value first = isLess(b, loc, element, halfSize);
      second = arith::XOrIOp::create(b, loc, first, constantInt(b, loc, b.getI1Type(), 1));
      partner = arith::SelectOp::create(b, loc, first, addIndex(b, loc, element, halfSize),
                                        subIndex(b, loc, element, halfSize));
      pair = arith::SelectOp::create(b, loc, first, element, partner);
    }
    SmallVector<Value> angle;
    Value ok;
    if (positions) {
      Value row = ownOrOnly(k, b, loc, positions.dims[0], indices[0]);
      Value position = toIndex(b, loc, positions.load(b, loc, {row, indices[getAxis()]}), positions.elementType);
      CheckedIndex checked = checkIndex(k, b, loc, position, cos.dims[0], "position", /*allowNegative=*/false);
      angle = {checked.index, pair};
      ok = checked.ok;
    } else {
      angle = {indices[0], indices[getAxis()], pair};
    }
    Value c = loadIf(b, loc, cos, angle, ok), s = loadIf(b, loc, sin, angle, ok);
    // first: x1 c - x2 s; second: x2 c + x1 s
    FloatMath m(b, loc, type);
    Value turned = m.mul(x.load(b, loc, at(partner)), s), own = m.mul(x.load(b, loc, at(element)), c);
    return m.select(second, m.add(own, turned), m.sub(own, turned));
  };
  if (rotated == resultDims[3])
    return rotate(b);
  auto branch =
      scf::IfOp::create(b, loc, TypeRange{type}, isLess(b, loc, element, k.size(rotated)), /*withElseRegion=*/true);
  OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
  scf::YieldOp::create(thenBuilder, loc, rotate(thenBuilder));
  scf::YieldOp::create(elseBuilder, loc, x.load(elseBuilder, loc, at(element)));
  return branch.getResult(0);
}
