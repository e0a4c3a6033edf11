// AttentionSingle.cpp - one query alone, as in decoding: lanes are keys. A score is a dot product of a key where it
// lies with the query in registers; as many of them as there are lanes are summed across lanes together. What follows
// is read from memory once, in order, so that long caches are as fast as memory is.
#include "AttentionEmitter.h"

using namespace mlir;
using namespace cameo::codegen;

/// The sums of as many vectors as they have lanes, one per lane. Each round adds halves of what is left of two vectors.
static Value sumsOf(Emit &e, SmallVector<Value> vectors) {
  int64_t lanes = vectors.size();
  for (int64_t group = lanes; group > 1; group /= 2) {
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

Value AttentionEmitter::reduced(Value vector, vector::CombiningKind kind) {
  auto order = kind == vector::CombiningKind::ADD ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none;
  return vector::ReductionOp::create(e.b, e.loc, kind, vector, order);
}

void AttentionEmitter::packQuery(QueryBlock &block) {
  int64_t lanes = spec.target.lanes(), width = spec.shape.depth;
  AttentionRow row = rowAt(block.row);
  Value from = tokens(spec.q, spec.qStrides, block.batch, queryHead(block, row), row.query);
  for (int64_t at = 0; at < width; at += lanes) {
    Value mask = at + lanes > width ? e.mask(lanes, e.number(at), e.number(width)) : Value();
    Value vector = emitLoad(e.b, e.loc, spec.type, e.offset(from, at * bytes), lanes, mask);
    store(mul(vector, splat(scale(), lanes)), e.offset(scratch.q, at * 4));
  }
}

void AttentionEmitter::emitSingleScores(QueryBlock &block, const KeyBlock &keys) {
  int64_t lanes = spec.target.lanes(), width = spec.shape.depth, whole = width / lanes * lanes;
  Value base = tokens(spec.k, spec.kStrides, block.batch, block.group, keys.key), count = e.value(keys.count);
  Value maskRow = spec.mask ? spec.mask->rowPointer(e, block.batch, block.group, rowAt(block.row)) : Value();
  SmallVector<Value> top =
      e.loop(e.number(0), count, lanes, ValueRange{splat(kLowest, lanes)}, [&](Value key, ValueRange carried) {
        SmallVector<Value> pointers, sums(lanes, splat(0, lanes));
        for (int64_t i = 0; i < lanes; ++i) { // where there is no key, the last one again
          Value at = e.min(e.add(key, i), e.add(count, -1));
          pointers.push_back(e.offset(base, elements(e.mul(at, spec.kStrides.token))));
        }
        auto accumulate = [&](Value column, Value mask, ValueRange sums) {
          SmallVector<Value> next;
          Value query = load(e.offset(scratch.q, e.mul(column, 4)), lanes);
          for (auto [pointer, sum] : llvm::zip(pointers, sums)) {
            Value part = emitLoad(e.b, e.loc, spec.type, e.offset(pointer, elements(column)), lanes, mask);
            next.push_back(vector::FMAOp::create(e.b, e.loc, part, query, sum));
          }
          return next;
        };
        sums = e.loop(e.number(0), e.number(whole), lanes, sums,
                      [&](Value column, ValueRange carried) { return accumulate(column, Value(), carried); });
        if (whole < width)
          sums = accumulate(e.number(whole), e.mask(lanes, e.number(whole), e.number(width)), sums);
        Value s = sumsOf(e, sums), exist = e.mask(lanes, key, count);
        if (spec.softcap)
          s = mul(math::TanhOp::create(e.b, e.loc, s), splat(*spec.softcap * unit(), lanes));
        if (spec.mask)
          s = add(s, maskVector(maskRow, e.add(keys.key, key), lanes, exist));
        s = arith::SelectOp::create(e.b, e.loc, exist, s, splat(kLowest, lanes));
        store(s, e.offset(scratch.scores, e.mul(key, 4)));
        return SmallVector<Value>{max(s, carried[0])};
      });
  Value old = loadScalar(e.b.getF32Type(), scratch.top, 4);
  LLVM::StoreOp::create(e.b, e.loc, old, scratch.factor, 4);
  LLVM::StoreOp::create(e.b, e.loc, max(reduced(top[0], vector::CombiningKind::MAXNUMF), old), scratch.top, 4);
}

void AttentionEmitter::emitSingleSoftmax(QueryBlock &, const KeyBlock &keys) {
  int64_t lanes = spec.target.lanes();
  Type f32 = e.b.getF32Type();
  Value top = finite(wide(loadScalar(f32, scratch.top, 4), lanes), lanes);
  Value alpha = power(sub(wide(loadScalar(f32, scratch.factor, 4), lanes), top), lanes);
  SmallVector<Value> sums =
      e.loop(e.number(0), e.value(keys.count), lanes, ValueRange{splat(0, lanes)}, [&](Value key, ValueRange carried) {
        Value weight = power(sub(load(e.offset(scratch.scores, e.mul(key, 4)), lanes), top), lanes);
        // Of pairs the weights follow each other as bf16, in what was read already.
        emitStore(e.b, e.loc, pairs ? spec.type : Type(), weight, e.offset(scratch.scores, e.mul(key, pairs ? 2 : 4)));
        return SmallVector<Value>{add(carried[0], weight)};
      });
  Value factor = vector::ExtractOp::create(e.b, e.loc, alpha, 0);
  Value sum = mul(loadScalar(f32, scratch.sum, 4), factor);
  LLVM::StoreOp::create(e.b, e.loc, factor, scratch.factor, 4);
  LLVM::StoreOp::create(e.b, e.loc, add(sum, reduced(sums[0], vector::CombiningKind::ADD)), scratch.sum, 4);
}
