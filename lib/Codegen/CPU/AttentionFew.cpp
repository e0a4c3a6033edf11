// AttentionFew.cpp - few queries that see the same keys, as in decoding: lanes are keys. A score is a dot product of a
// key where it lies with a query; as many of them as there are lanes are summed across lanes together. What follows is
// read from memory once, key after key, and serves all queries: keys side by side, column by column, come at half the
// speed.
#include "AttentionEmitter.h"
#include "FewRows.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo::codegen;

Value AttentionEmitter::reduced(Value vector, vector::CombiningKind kind) {
  auto order = kind == vector::CombiningKind::ADD ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none;
  return vector::ReductionOp::create(e.b, e.loc, kind, vector, order);
}

Value AttentionEmitter::queryAt(int64_t row) {
  return e.offset(scratch.q, row * llvm::alignTo(spec.shape.depth, spec.target.lanes()) * 4);
}

void AttentionEmitter::packFew(QueryBlock &block) {
  int64_t lanes = spec.target.lanes(), width = spec.shape.depth;
  for (int64_t i = 0; i < block.width; ++i) {
    AttentionRow row = rowAt(e.add(block.row, i));
    Value from = tokens(spec.q, spec.qStrides, block.batch, queryHead(block, row), row.query);
    for (int64_t at = 0; at < width; at += lanes) {
      Value mask = at + lanes > width ? e.mask(lanes, e.number(at), e.number(width)) : Value();
      Value vector = emitLoad(e.b, e.loc, spec.type, e.offset(from, at * bytes), lanes, mask);
      store(mul(vector, splat(scale(), lanes)), e.offset(queryAt(i), at * 4));
    }
  }
}

Value AttentionEmitter::fewScoresAt(Value row) { return e.offset(scratch.scores, e.mul(row, spec.tile.keys * 4)); }

void AttentionEmitter::emitFewScores(QueryBlock &block, const KeyBlock &keys) {
  int64_t lanes = spec.target.lanes(), square = lanes * lanes * 4;
  Value base = tokens(spec.k, spec.kStrides, block.batch, block.group, keys.key), count = e.value(keys.count);
  SmallVector<Value> queries;
  for (int64_t row = 0; row < block.width; ++row)
    queries.push_back(queryAt(row));
  e.loop(e.number(0), count, lanes, [&](Value key) {
    // A key at a time, or LLVM reads them side by side. Where there is none, the last one again.
    e.loop(e.number(0), e.number(lanes), 1, [&](Value lane) {
      Value at = e.min(e.add(key, lane), e.add(count, -1));
      Value to = e.offset(scratch.partial, e.mul(lane, lanes * 4));
      Value pointer = e.offset(base, elements(e.mul(at, spec.kStrides.token)));
      for (auto [row, dot] : llvm::enumerate(emitDots(e, lanes, spec.type, pointer, Type(), queries, spec.shape.depth)))
        store(dot, e.offset(to, int64_t(row) * square));
    });
    e.loop(e.number(0), e.number(block.width), 1, [&](Value row) {
      SmallVector<Value> sums;
      for (int64_t lane = 0; lane < lanes; ++lane)
        sums.push_back(load(e.offset(e.offset(scratch.partial, e.mul(row, square)), lane * lanes * 4), lanes));
      Value s = emitLaneSums(e, sums), exist = e.mask(lanes, key, count);
      if (spec.softcap)
        s = mul(math::TanhOp::create(e.b, e.loc, s), splat(*spec.softcap * unit(), lanes));
      if (spec.mask) {
        Value maskRow = spec.mask->rowPointer(e, block.batch, block.group, rowAt(e.add(block.row, row)));
        s = add(s, maskVector(maskRow, e.add(keys.key, key), lanes, exist));
      }
      s = arith::SelectOp::create(e.b, e.loc, exist, s, splat(kLowest, lanes));
      store(s, e.offset(fewScoresAt(row), e.mul(key, 4)));
    });
  });
}

void AttentionEmitter::emitFewSoftmax(QueryBlock &block, const KeyBlock &keys) {
  int64_t lanes = spec.target.lanes();
  Type f32 = e.b.getF32Type();
  Value zero = e.number(0), count = e.value(keys.count);
  e.loop(zero, e.number(block.width), 1, [&](Value row) {
    auto stateAt = [&](Value piece) { return e.offset(piece, e.mul(row, 4)); };
    Value scores = fewScoresAt(row), old = loadScalar(f32, stateAt(scratch.top), 4);
    Value greatest = e.loop(zero, count, lanes, ValueRange{splat(kLowest, lanes)}, [&](Value key, ValueRange carried) {
      return SmallVector<Value>{max(load(e.offset(scores, e.mul(key, 4)), lanes), carried[0])};
    })[0];
    Value top = max(reduced(greatest, vector::CombiningKind::MAXNUMF), old);
    LLVM::StoreOp::create(e.b, e.loc, top, stateAt(scratch.top), 4);
    top = finite(wide(top, lanes), lanes);
    Value sums = e.loop(zero, count, lanes, ValueRange{splat(0, lanes)}, [&](Value key, ValueRange carried) {
      Value at = e.offset(scores, e.mul(key, 4)), weight = power(sub(load(at, lanes), top), lanes);
      store(weight, at);
      return SmallVector<Value>{add(carried[0], weight)};
    })[0];
    Value factor = vector::ExtractOp::create(e.b, e.loc, power(sub(wide(old, lanes), top), lanes), 0);
    Value sum = mul(loadScalar(f32, stateAt(scratch.sum), 4), factor);
    LLVM::StoreOp::create(e.b, e.loc, factor, stateAt(scratch.factor), 4);
    LLVM::StoreOp::create(e.b, e.loc, add(sum, reduced(sums, vector::CombiningKind::ADD)), stateAt(scratch.sum), 4);
  });
}

void AttentionEmitter::emitFewValues(QueryBlock &block, const KeyBlock &keys) {
  int64_t lanes = spec.target.lanes(), all = llvm::divideCeil(spec.shape.width, lanes);
  // Registers of a pass: a sum for each vector of each row, the weight of each row, and what is read of a value;
  // without FMA also the product and what LLVM copies for it.
  int64_t registers = spec.target.numRegisters - (spec.target.fusesAdd ? 2 : 4);
  int64_t vectors = llvm::divideCeil(all, llvm::divideCeil(all, registers - 1));
  int64_t rows = llvm::divideCeil(block.width, llvm::divideCeil(block.width, registers / (vectors + 1)));
  Value base = tokens(spec.v, spec.vStrides, block.batch, block.group, keys.key);
  for (int64_t panel = 0; panel < all; panel += vectors)
    for (int64_t row = 0; row < block.width; row += rows)
      addValues(base, keys, {panel, std::min(vectors, all - panel)}, {row, std::min(rows, block.width - row)});
}

void AttentionEmitter::addValues(Value base, const KeyBlock &keys, Lanes vectors, Lanes rows) {
  int64_t lanes = spec.target.lanes(), width = spec.shape.width;
  struct Piece {
    int64_t column;
    Value mask;
  };
  SmallVector<Piece> pieces;
  for (int64_t at = vectors.first * lanes; at < width && int64_t(pieces.size()) < vectors.count; at += lanes)
    pieces.push_back({at, at + lanes > width ? e.mask(lanes, e.number(at), e.number(width)) : Value()});
  auto outputOf = [&](int64_t row, const Piece &piece) { return outputAt(e.number(row), e.number(piece.column)); };
  SmallVector<Value> sums;
  for (int64_t row = rows.first; row < rows.first + rows.count; ++row) {
    Value factor = wide(loadScalar(e.b.getF32Type(), e.offset(scratch.factor, row * 4), 4), lanes);
    for (const Piece &piece : pieces)
      sums.push_back(mul(emitLoad(e.b, e.loc, Type(), outputOf(row, piece), lanes, piece.mask), factor));
  }
  sums = e.loop(e.number(0), e.value(keys.count), 1, sums, [&](Value key, ValueRange carried) {
    SmallVector<Value> next, weights;
    for (int64_t row = rows.first; row < rows.first + rows.count; ++row) {
      Value weight = e.offset(fewScoresAt(e.number(row)), e.mul(key, 4));
      weights.push_back(wide(loadScalar(e.b.getF32Type(), weight, 4), lanes));
    }
    Value value = e.offset(base, elements(e.mul(key, spec.vStrides.token)));
    next.assign(carried.begin(), carried.end());
    for (auto [i, piece] : llvm::enumerate(pieces)) {
      Value part = emitLoad(e.b, e.loc, spec.type, e.offset(value, piece.column * bytes), lanes, piece.mask);
      for (auto [row, weight] : llvm::enumerate(weights)) {
        Value &sum = next[row * pieces.size() + i];
        sum = vector::FMAOp::create(e.b, e.loc, weight, part, sum);
      }
    }
    return next;
  });
  for (auto [i, sum] : llvm::enumerate(sums)) {
    const Piece &piece = pieces[i % pieces.size()];
    emitStore(e.b, e.loc, Type(), sum, outputOf(rows.first + int64_t(i / pieces.size()), piece), piece.mask);
  }
}
