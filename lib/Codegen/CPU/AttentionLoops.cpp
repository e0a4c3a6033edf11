// AttentionLoops.cpp - blocks of queries, blocks of keys in each, and what surrounds them.
#include "AttentionEmitter.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo::codegen;

void AttentionEmitter::emitStep(Value step) {
  int64_t most = spec.tile.queries;
  Value blocks = e.ceilDiv(e.value(rows), most);
  Value block = e.rem(step, blocks), head = e.div(step, blocks);
  Value group = e.rem(head, e.value(spec.groups)), batch = e.div(head, e.value(spec.groups));
  Value first = e.mul(block, most);
  auto emit = [&](Value row, Extent count, int64_t width, bool isOneQuery = false) {
    isOneQuery |= (spec.queries.isStatic() && spec.queries.fixed == 1) || (count.isStatic() && count.fixed == 1);
    bool isFew = count.isStatic() && count.fixed <= kFewQueries && (isOneQuery || !hasWindow());
    isFew ? emitBlock(batch, group, row, count, count.fixed, isFew) : emitBlock(batch, group, row, count, width, isFew);
  };
  if (rows.isStatic()) {
    int64_t full = rows.fixed / most, rest = rows.fixed % most;
    auto emitRest = [&] { emit(first, rest, padded(rest)); };
    if (full == 0)
      return emitRest();
    if (rest == 0)
      return emit(first, most, most);
    return e.when(e.compare(Emit::Pred::slt, block, e.number(full)), [&] { emit(first, most, most); }, emitRest);
  }
  int64_t lanes = spec.target.lanes();
  Value left = e.min(e.sub(e.value(rows), first), e.number(most));
  // One query of few heads, or of one.
  int64_t few = spec.group.isStatic() && spec.group.fixed <= kFewQueries ? spec.group.fixed : 1;
  Value isOne =
      few > 1 ? e.compare(Emit::Pred::eq, e.value(rows), e.number(few)) : e.compare(Emit::Pred::eq, left, e.number(1));
  e.when(
      e.compare(Emit::Pred::sgt, left, e.number(most - lanes)), [&] { emit(first, left, most); },
      [&] {
        e.when(
            isOne, [&] { emit(first, few, few, /*isOneQuery=*/true); },
            [&] {
              e.loop(e.number(0), left, lanes,
                     [&](Value at) { emit(e.add(first, at), e.min(e.sub(left, at), e.number(lanes)), lanes); });
            });
      });
}

void AttentionEmitter::emitBlock(Value batch, Value group, Value row, Extent count, int64_t width, bool isFew) {
  QueryBlock block{.batch = batch,
                   .group = group,
                   .row = row,
                   .count = count,
                   .width = width,
                   .vectors = vectorsOf(isFew ? padded(width) : width),
                   .scores = spec.tile.scores,
                   .values = spec.tile.values,
                   .isFew = isFew};
  if (!isFew && width != spec.tile.queries) {
    AttentionShape shape = spec.shape;
    shape.rows = count.isStatic() ? count.fixed : width;
    AttentionTile narrow = chooseAttentionTile(spec.target, shape);
    block.scores = narrow.scores;
    block.values = narrow.values;
  }
  emitKeyRange(block);
  isFew ? packFew(block) : packQueries(block);
  start(block);
  int64_t most = spec.tile.keys;
  bool whole = !hasWindow() && !spec.keyLimit && spec.keys.isStatic() && spec.keys.fixed % most == 0;
  e.loop(block.from, block.to, most, [&](Value key) {
    KeyBlock keys{key, whole ? Extent(most) : Extent(e.min(e.sub(block.to, key), e.number(most)))};
    if (isFew) {
      emitFewScores(block, keys);
      emitFewSoftmax(block, keys);
      emitFewValues(block, keys);
    } else {
      emitScores(block, keys);
      emitSoftmax(block, keys);
      emitValues(block, keys);
    }
  });
  finish(block);
}

void AttentionEmitter::emitKeyRange(QueryBlock &block) {
  Value zero = e.number(0), limit = spec.keyLimit ? spec.keyLimit(e, block.batch) : e.value(spec.keys);
  block.from = zero;
  block.to = limit;
  if (!hasWindow())
    return;
  Value offset = spec.offset ? spec.offset(e, block.batch) : zero;
  Value end = e.add(e.add(block.row, e.value(block.count)), -1);
  AttentionRow first = rowAt(block.row), last = rowAt(end);
  Value least = first.query, greatest = last.query;
  if (first.head != last.head) { // rows of two heads: any query
    Value same = e.compare(Emit::Pred::eq, first.head, last.head);
    least = e.select(same, least, zero);
    greatest = e.select(same, greatest, e.add(e.value(spec.queries), -1));
  }
  least = e.add(least, offset);
  greatest = e.add(greatest, offset);
  block.firstInside = zero;
  block.lastInside = limit;
  // 32 bits hold any position: clamped, a bound lies beyond all keys.
  constexpr int64_t kFar = int64_t(1) << 30;
  auto narrow = [&](Value v) {
    return arith::TruncIOp::create(e.b, e.loc, i32(), e.max(e.min(v, e.number(kFar)), e.number(-kFar)));
  };
  if (spec.left) {
    block.from = e.min(e.max(e.add(least, -*spec.left), zero), limit);
    block.firstInside = e.add(greatest, -*spec.left);
  }
  if (spec.right) {
    block.to = e.max(e.min(e.add(greatest, *spec.right + 1), limit), block.from);
    block.lastInside = e.add(least, *spec.right + 1);
  }
  e.loop(zero, e.number(block.width), 1, [&](Value lane) {
    Value position = e.add(rowAt(existing(block, lane)).query, offset), at = e.mul(lane, 4);
    if (spec.left)
      LLVM::StoreOp::create(e.b, e.loc, narrow(e.add(position, -*spec.left)), e.offset(scratch.first, at), 4);
    if (spec.right)
      LLVM::StoreOp::create(e.b, e.loc, narrow(e.add(position, *spec.right)), e.offset(scratch.last, at), 4);
  });
}

void AttentionEmitter::packQueries(QueryBlock &block) {
  int64_t panels = panelCount(block.scores, block.width);
  for (int64_t panel = 0; panel < panels; ++panel) {
    int64_t width = panelWidth(block.scores, block.width, panel), lane = panel * block.scores.nr;
    Value packed = e.offset(scratch.q, lane * depth * 4);
    int64_t at = 0;
    for (int64_t lanes : panelVectors(block.scores, block.width, panel)) {
      packLanes(block, lane + at, lanes, e.offset(packed, at * 4), width * 4);
      at += lanes;
    }
  }
}

void AttentionEmitter::packLanes(QueryBlock &block, int64_t first, int64_t lanes, Value packed, int64_t stepBytes) {
  SmallVector<Value> pointers;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    AttentionRow row = rowAt(existing(block, e.number(first + lane)));
    pointers.push_back(tokens(spec.q, spec.qStrides, block.batch, queryHead(block, row), row.query));
  }
  auto square = [&](Value column, int64_t columns) {
    SmallVector<Value> values;
    Value mask = columns < lanes ? e.mask(lanes, e.number(0), e.number(columns)) : Value();
    // Pairs are moved as if they were f32.
    Type type = pairs ? Type() : spec.type;
    for (Value pointer : pointers)
      values.push_back(emitLoad(e.b, e.loc, type, e.offset(pointer, e.mul(column, elementBytes(type))), lanes, mask));
    values = emitTransposedSquare(e, values);
    Value to = e.offset(packed, e.mul(column, stepBytes));
    for (int64_t i = 0; i < columns; ++i)
      store(pairs ? values[i] : mul(values[i], splat(scale(), lanes)), e.offset(to, i * stepBytes));
  };
  int64_t whole = depth / lanes * lanes;
  e.loop(e.number(0), e.number(whole), lanes, [&](Value column) { square(column, lanes); });
  if (whole < depth)
    square(e.number(whole), depth - whole);
}

void AttentionEmitter::start(QueryBlock &block) {
  if (spec.sink) {
    e.loop(e.number(0), e.number(block.width), 1, [&](Value lane) {
      AttentionRow row = rowAt(existing(block, lane));
      Value score = spec.sink(e, queryHead(block, row));
      auto number = [&](double v) { return arith::ConstantOp::create(e.b, e.loc, e.b.getF32FloatAttr(v)); };
      Value none = arith::CmpFOp::create(e.b, e.loc, arith::CmpFPredicate::OEQ, score, number(kLowest));
      Value weight = arith::SelectOp::create(e.b, e.loc, none, number(0), number(1));
      Value at = e.mul(lane, 4);
      LLVM::StoreOp::create(e.b, e.loc, mul(score, number(unit())), e.offset(scratch.top, at), 4);
      LLVM::StoreOp::create(e.b, e.loc, weight, e.offset(scratch.sum, at), 4);
    });
  } else {
    for (Lanes v : block.vectors) {
      store(splat(kLowest, v.count), e.offset(scratch.top, v.first * 4));
      store(splat(0, v.count), e.offset(scratch.sum, v.first * 4));
    }
  }
  int64_t lanes = spec.target.lanes(), floats = block.width * spec.shape.width, whole = floats / lanes * lanes;
  e.loop(e.number(0), e.number(whole), lanes,
         [&](Value at) { store(splat(0, lanes), e.offset(scratch.o, e.mul(at, 4))); });
  for (int64_t at = whole; at < floats; at += 4) // widths of 4 lanes: a multiple of 4
    store(splat(0, 4), e.offset(scratch.o, at * 4));
}

void AttentionEmitter::finish(QueryBlock &block) {
  for (Lanes v : block.vectors) {
    Value pointer = e.offset(scratch.sum, v.first * 4), sum = load(pointer, v.count), zero = splat(0, v.count);
    Value none = arith::CmpFOp::create(e.b, e.loc, arith::CmpFPredicate::OEQ, sum, zero);
    Value inverse = arith::DivFOp::create(e.b, e.loc, splat(1, v.count), sum);
    store(arith::SelectOp::create(e.b, e.loc, none, zero, inverse), pointer);
  }
  Value heads = e.value(e.times(spec.groups, spec.group));
  Value base = e.mul(e.add(e.mul(block.batch, heads), e.mul(block.group, spec.group)), spec.queries);
  base = e.add(base, block.row);
  ContractionTile tile;
  tile.lanes = spec.target.lanes();
  tile.nr = llvm::alignTo(spec.shape.width, tile.lanes);
  e.loop(e.number(0), e.value(block.count), 1, [&](Value row) {
    Value inverse = loadScalar(e.b.getF32Type(), e.offset(scratch.sum, e.mul(row, 4)), 4);
    int64_t column = 0;
    for (int64_t lanes : panelVectors(tile, spec.shape.width, 0)) {
      Value mask =
          column + lanes > spec.shape.width ? e.mask(lanes, e.number(column), e.number(spec.shape.width)) : Value();
      Value vector = emitLoad(e.b, e.loc, Type(), outputAt(row, e.number(column)), lanes, mask);
      spec.store(e, mul(vector, wide(inverse, lanes)), e.add(base, row), e.number(column), mask);
      column += lanes;
    }
  });
}

void cameo::codegen::emitAttention(OpBuilder &b, Location loc, const AttentionSpec &spec, Value begin, Value end) {
  Emit e(b, loc);
  AttentionEmitter emitter(e, spec);
  e.loop(begin, end, 1, [&](Value step) { emitter.emitStep(step); });
}
