// AttentionWeights.cpp - the online softmax, and the sum of values by its weights.
#include "AttentionEmitter.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo::codegen;

std::pair<Value, Extent> AttentionEmitter::pairedRows(const QueryBlock &block, const KeyBlock &keys) {
  int64_t width = spec.shape.width, lanes = spec.target.lanes();
  Value from = tokens(spec.v, spec.vStrides, block.batch, block.group, keys.key);
  forPairs(keys.count, [&](Value key, bool hasSecond) {
    Value first = e.offset(from, elements(e.mul(key, spec.vStrides.token)));
    Value second = e.offset(first, elements(e.value(spec.vStrides.token)));
    Value to = e.offset(scratch.converted, e.mul(key, width * 2));
    for (int64_t at = 0; at < width; at += lanes) {
      Value mask = at + lanes > width ? e.mask(lanes, e.number(at), e.number(width)) : Value();
      auto part = [&](Value row) { return emitLoad(e.b, e.loc, spec.type, e.offset(row, at * bytes), lanes, mask); };
      Value low = part(first), high = hasSecond ? part(second) : Value();
      emitStore(e.b, e.loc, Type(), paired(low, high), e.offset(to, at * 4), mask);
    }
  });
  return {scratch.converted, Extent(width)};
}

Value AttentionEmitter::paired(Value low, Value high) {
  auto type = cast<VectorType>(low.getType()).clone(i32());
  auto bitsOf = [&](Value v) -> Value { return LLVM::BitcastOp::create(e.b, e.loc, type, v); };
  Value shift = arith::ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(cast<ShapedType>(type), int32_t(16)));
  Value pair = arith::ShRUIOp::create(e.b, e.loc, bitsOf(low), shift);
  if (high)
    pair = arith::OrIOp::create(e.b, e.loc, pair, bitsOf(high));
  return LLVM::BitcastOp::create(e.b, e.loc, low.getType(), pair);
}

void AttentionEmitter::forPairs(const Extent &count, llvm::function_ref<void(Value, bool)> body) {
  Value all = e.value(count), whole = e.sub(all, e.rem(all, e.number(2)));
  e.loop(e.number(0), whole, 2, [&](Value key) { body(key, true); });
  e.when(e.compare(Emit::Pred::slt, whole, all), [&] { body(whole, false); });
}

void AttentionEmitter::emitSoftmax(QueryBlock &block, const KeyBlock &keys) {
  SmallVector<Value> tops, sums;
  for (Lanes v : block.vectors) {
    Value factor = e.offset(scratch.factor, v.first * 4);
    Value top = finite(load(e.offset(scratch.top, v.first * 4), v.count), v.count);
    Value alpha = power(sub(load(factor, v.count), top), v.count);
    store(alpha, factor);
    tops.push_back(top);
    sums.push_back(mul(load(e.offset(scratch.sum, v.first * 4), v.count), alpha));
  }
  if (pairs)
    return emitPairedWeights(block, keys, tops, sums);
  sums = e.loop(e.number(0), e.value(keys.count), 1, sums, [&](Value key, ValueRange carried) {
    SmallVector<Value> next;
    Value row = e.offset(scratch.scores, e.mul(key, block.width * 4));
    for (auto [i, v] : llvm::enumerate(block.vectors)) {
      Value pointer = e.offset(row, v.first * 4);
      Value weight = power(sub(load(pointer, v.count), tops[i]), v.count);
      store(weight, pointer);
      next.push_back(add(carried[i], weight));
    }
    return next;
  });
  for (auto [sum, v] : llvm::zip(sums, block.vectors))
    store(sum, e.offset(scratch.sum, v.first * 4));
}

void AttentionEmitter::emitPairedWeights(QueryBlock &block, const KeyBlock &keys, ArrayRef<Value> tops,
                                         ArrayRef<Value> sums) {
  auto emitPair = [&](Value key, bool hasSecond, ValueRange carried) {
    SmallVector<Value> next;
    for (auto [i, v] : llvm::enumerate(block.vectors)) {
      auto weightOf = [&](Value row) {
        return power(sub(load(scoreAt(block, row, e.number(v.first * 4)), v.count), tops[i]), v.count);
      };
      auto rounded = [&](Value weight) -> Value {
        auto narrow = cast<VectorType>(weight.getType()).clone(e.b.getBF16Type());
        Value bf16 = arith::TruncFOp::create(e.b, e.loc, narrow, weight);
        return arith::ExtFOp::create(e.b, e.loc, weight.getType(), bf16);
      };
      Value first = weightOf(key), second = hasSecond ? weightOf(e.add(key, 1)) : Value();
      Value to = e.offset(e.offset(scratch.scores, e.mul(key, block.width * 2)), v.first * 4);
      store(paired(rounded(first), second ? rounded(second) : Value()), to);
      Value sum = add(carried[i], first);
      next.push_back(second ? add(sum, second) : sum);
    }
    return next;
  };
  Value all = e.value(keys.count), whole = e.sub(all, e.rem(all, e.number(2)));
  SmallVector<Value> totals =
      e.loop(e.number(0), whole, 2, sums, [&](Value key, ValueRange carried) { return emitPair(key, true, carried); });
  totals = e.choose(
      e.compare(Emit::Pred::slt, whole, all), ValueRange(totals).getTypes(),
      [&] { return emitPair(whole, false, totals); }, [&] { return totals; });
  for (auto [sum, v] : llvm::zip(totals, block.vectors))
    store(sum, e.offset(scratch.sum, v.first * 4));
}

void AttentionEmitter::emitValues(QueryBlock &block, const KeyBlock &keys) {
  auto [pointer, stride] =
      pairs ? pairedRows(block, keys) : asFloats(spec.v, spec.vStrides, block, keys, spec.shape.width);
  ContractionSpec s;
  s.tile = block.values;
  s.tile.mBlock = llvm::alignTo(block.width, s.tile.mr);
  s.tile.panelOuter = true;
  s.target = spec.target;
  s.m = block.count;
  s.n = spec.shape.width;
  s.k = !pairs                  ? keys.count
        : keys.count.isStatic() ? Extent(llvm::divideCeil(keys.count.fixed, 2))
                                : Extent(e.ceilDiv(keys.count.value, 2));
  s.bf16Pairs = pairs;
  s.lhs = scratch.scores;
  s.lhsRowStride = 1;
  s.lhsKStride = block.width;
  s.rhs = pointer;
  s.rhsLayout = RhsLayout::RowMajor;
  s.rhsRowStride = stride;
  s.resultRowStride = spec.shape.width;
  s.epilogue = [&](OpBuilder &b, Location loc, Value vector, const TilePosition &at) -> Value {
    Emit inner(b, loc);
    AttentionEmitter self(*this, inner);
    Value alpha = self.loadScalar(b.getF32Type(), inner.offset(scratch.factor, inner.mul(at.row, 4)), 4);
    Value old = emitLoad(b, loc, Type(), self.outputAt(at.row, at.col), at.lanes, at.mask);
    return vector::FMAOp::create(b, loc, self.wide(alpha, at.lanes), old, vector);
  };
  s.store = [&](OpBuilder &b, Location loc, Value vector, const TilePosition &at) {
    Emit inner(b, loc);
    emitStore(b, loc, Type(), vector, AttentionEmitter(*this, inner).outputAt(at.row, at.col), at.mask);
  };
  emitContraction(e.b, e.loc, s, e.number(0), e.number(panelCount(s.tile, spec.shape.width)));
}
