// FewRows.cpp - see FewRows.h.
#include "FewRows.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;
using namespace cameo::codegen;

/// What the sums of a step take of L1.
constexpr int64_t kSumsBytes = 16 << 10;
/// Lines along K of a step.
constexpr int64_t kLinesOfStep = 64;

Value cameo::codegen::emitLaneSums(Emit &e, SmallVector<Value> vectors) {
  int64_t lanes = int64_t(vectors.size());
  for (int64_t group = lanes; group > 1; group /= 2) { // adds halves of what is left of two vectors
    SmallVector<int64_t> low, high;
    for (int64_t vector = 0; vector < 2; ++vector)
      for (int64_t first = 0; first < lanes; first += group)
        for (int64_t i = 0; i < group / 2; ++i) {
          low.push_back(vector * lanes + first + i);
          high.push_back(vector * lanes + first + group / 2 + i);
        }
    SmallVector<Value> next;
    for (size_t i = 0; i < vectors.size(); i += 2)
      next.push_back(arith::AddFOp::create(e.b, e.loc,
                                           vector::ShuffleOp::create(e.b, e.loc, vectors[i], vectors[i + 1], low),
                                           vector::ShuffleOp::create(e.b, e.loc, vectors[i], vectors[i + 1], high)));
    vectors = next;
  }
  return vectors[0];
}

static Value zeros(Emit &e, int64_t lanes) {
  return arith::ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(e.vectorType(lanes), e.b.getF32FloatAttr(0)));
}

SmallVector<Value> cameo::codegen::emitDots(Emit &e, int64_t lanes, Type lineType, Value line, Type xType,
                                            ArrayRef<Value> x, const Extent &k) {
  constexpr int64_t kUnrolled = 16; // vectors of a line
  auto accumulate = [&](Value column, Value mask, ValueRange sums) {
    auto load = [&](Type type, Value pointer) {
      return emitLoad(e.b, e.loc, type, e.offset(pointer, e.mul(column, elementBytes(type))), lanes, mask);
    };
    SmallVector<Value> next;
    Value part = load(lineType, line);
    for (auto [pointer, sum] : llvm::zip(x, sums))
      next.push_back(vector::FMAOp::create(e.b, e.loc, part, load(xType, pointer), sum));
    return next;
  };
  SmallVector<Value> sums(x.size(), zeros(e, lanes));
  Value all = e.value(k), whole = e.sub(all, e.rem(all, e.number(lanes)));
  if (k.isStatic() && k.fixed <= kUnrolled * lanes + lanes - 1)
    for (int64_t column = 0; column + lanes <= k.fixed; column += lanes)
      sums = accumulate(e.number(column), Value(), sums);
  else
    sums = e.loop(e.number(0), whole, lanes, sums,
                  [&](Value column, ValueRange carried) { return accumulate(column, Value(), carried); });
  if (k.isStatic() && k.fixed % lanes == 0)
    return sums;
  return e.choose(
      e.compare(Emit::Pred::slt, whole, all), ValueRange(sums).getTypes(),
      [&] { return accumulate(whole, e.mask(lanes, whole, all), sums); }, [&] { return sums; });
}

namespace {

class Emitter {
public:
  Emitter(Emit &e, const FewRowsSpec &spec)
      : e(e), spec(spec), lanes(spec.target.lanes()), bytes(elementBytes(spec.type)),
        scratch(e.stack(spec.linesAlongK ? spec.rows * lanes * lanes * 4 : spec.rows * spec.columns() * 4)) {}

  void emitStep(Value step) {
    Value blocks = e.ceilDiv(e.value(spec.n), spec.columns());
    batch = e.div(step, blocks);
    first = e.mul(e.rem(step, blocks), spec.columns());
    count = e.min(e.sub(e.value(spec.n), first), e.number(spec.columns()));
    pointers = spec.pointers(e.b, e.loc, batch);
    spec.linesAlongK ? emitLinesAlongK() : emitLinesAlongN();
  }

private:
  Value load(Type type, Value pointer, Value mask = {}) { return emitLoad(e.b, e.loc, type, pointer, lanes, mask); }
  void store(Value vector, Value pointer) { emitStore(e.b, e.loc, Type(), vector, pointer); }
  Value xAt(int64_t row, Value k) {
    return e.offset(pointers.lhs, e.mul(e.add(e.mul(e.number(row), spec.k), k), bytes));
  }
  void storeResult(Value vector, Value row, Value column, Value mask) {
    spec.store(e.b, e.loc, vector, {batch, row, e.add(first, column), lanes, mask});
  }

  void emitLinesAlongK() {
    SmallVector<Value> x;
    for (int64_t row = 0; row < spec.rows; ++row)
      x.push_back(xAt(row, e.number(0)));
    int64_t square = lanes * lanes * 4;
    e.loop(e.number(0), count, lanes, [&](Value column) {
      // A line at a time, or LLVM reads them side by side. Where there is none, the last one again.
      e.loop(e.number(0), e.number(lanes), 1, [&](Value lane) {
        Value line = e.add(first, e.min(e.add(column, lane), e.add(count, -1)));
        Value pointer = e.offset(pointers.rhs, e.mul(e.mul(line, spec.k), bytes));
        Value to = e.offset(scratch, e.mul(lane, lanes * 4));
        for (auto [row, dot] : llvm::enumerate(emitDots(e, lanes, spec.type, pointer, spec.type, x, spec.k)))
          store(dot, e.offset(to, int64_t(row) * square));
      });
      Value exist = e.mask(lanes, column, count);
      e.loop(e.number(0), e.number(spec.rows), 1, [&](Value row) {
        SmallVector<Value> dots;
        for (int64_t lane = 0; lane < lanes; ++lane)
          dots.push_back(load(Type(), e.offset(e.offset(scratch, e.mul(row, square)), lane * lanes * 4)));
        storeResult(emitLaneSums(e, dots), row, column, exist);
      });
    });
  }

  Value sumsAt(Value row, Value column) {
    return e.offset(scratch, e.mul(e.add(e.mul(row, spec.columns()), column), 4));
  }

  /// body(first column, mask) for vectors of the step's columns; without a mask all lanes exist.
  void forVectors(llvm::function_ref<void(Value, Value)> body) {
    Value whole = e.sub(count, e.rem(count, e.number(lanes)));
    e.loop(e.number(0), whole, lanes, [&](Value column) { body(column, Value()); });
    e.when(e.compare(Emit::Pred::slt, whole, count), [&] { body(whole, e.mask(lanes, whole, count)); });
  }

  /// Adds `lines` lines from `k` on.
  void addLines(Value k, int64_t lines) {
    SmallVector<Value> weights;
    for (int64_t row = 0; row < spec.rows; ++row)
      for (int64_t i = 0; i < lines; ++i) {
        Value x = LLVM::LoadOp::create(e.b, e.loc, spec.type, xAt(row, e.add(k, i)), unsigned(bytes));
        if (!x.getType().isF32())
          x = arith::ExtFOp::create(e.b, e.loc, e.b.getF32Type(), x);
        weights.push_back(vector::BroadcastOp::create(e.b, e.loc, e.vectorType(lanes), x));
      }
    SmallVector<Value> starts;
    for (int64_t i = 0; i < lines; ++i)
      starts.push_back(e.offset(pointers.rhs, e.mul(e.add(e.mul(e.add(k, i), spec.n), first), bytes)));
    forVectors([&](Value column, Value mask) {
      SmallVector<Value> parts;
      for (Value start : starts)
        parts.push_back(load(spec.type, e.offset(start, e.mul(column, bytes)), mask));
      for (int64_t row = 0; row < spec.rows; ++row) {
        Value pointer = sumsAt(e.number(row), column), sum = load(Type(), pointer);
        for (int64_t i = 0; i < lines; ++i)
          sum = vector::FMAOp::create(e.b, e.loc, weights[size_t(row * lines + i)], parts[size_t(i)], sum);
        store(sum, pointer);
      }
    });
  }

  void emitLinesAlongN() {
    e.loop(e.number(0), e.number(spec.rows), 1, [&](Value row) {
      e.loop(e.number(0), count, lanes, [&](Value column) { store(zeros(e, lanes), sumsAt(row, column)); });
    });
    // In registers: the weights of each row, what is read of each line, and a sum; without FMA a product, too.
    int64_t registers = spec.target.numRegisters - (spec.target.fusesAdd ? 2 : 4);
    int64_t lines = std::clamp<int64_t>(registers / (spec.rows + 1), 1, 4);
    // Of lines that share a page no prefetcher follows more than one.
    constexpr int64_t kPage = 4096;
    Value isLong = e.compare(Emit::Pred::sge, e.value(spec.n), e.number(kPage / bytes));
    Value all = e.value(spec.k), whole = e.select(isLong, e.sub(all, e.rem(all, e.number(lines))), e.number(0));
    e.loop(e.number(0), whole, lines, [&](Value k) { addLines(k, lines); });
    e.loop(whole, all, 1, [&](Value k) { addLines(k, 1); });
    e.loop(e.number(0), e.number(spec.rows), 1, [&](Value row) {
      forVectors([&](Value column, Value mask) { storeResult(load(Type(), sumsAt(row, column)), row, column, mask); });
    });
  }

  Emit &e;
  const FewRowsSpec &spec;
  int64_t lanes, bytes;
  Value scratch;
  Value batch, first, count; ///< of a step, and its columns
  BatchPointers pointers;
};

} // namespace

int64_t FewRowsSpec::columns() const {
  int64_t most = linesAlongK ? kLinesOfStep : kSumsBytes / 4 / int64_t(llvm::PowerOf2Ceil(uint64_t(rows)));
  return n.isStatic() ? std::min<int64_t>(most, llvm::alignTo(std::max<int64_t>(n.fixed, 1), target.lanes())) : most;
}

void cameo::codegen::emitFewRows(OpBuilder &b, Location loc, const FewRowsSpec &spec, Value begin, Value end) {
  Emit e(b, loc);
  Emitter emitter(e, spec);
  e.loop(begin, end, 1, [&](Value step) { emitter.emitStep(step); });
}
