// AttentionScores.cpp - products of keys and queries, scaled, capped and masked, transposed: rows are keys.
#include "AttentionEmitter.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo::codegen;

std::pair<Value, Extent> AttentionEmitter::asFloats(Value source, const TokenStrides &strides, const QueryBlock &block,
                                                    const KeyBlock &keys, int64_t width) {
  Value from = tokens(source, strides, block.batch, block.group, keys.key);
  if (bytes == 4)
    return {from, strides.token};
  int64_t lanes = spec.target.lanes();
  e.loop(e.number(0), e.value(keys.count), 1, [&](Value row) {
    Value in = e.offset(from, elements(e.mul(row, strides.token)));
    Value out = e.offset(scratch.converted, e.mul(row, width * 4));
    for (int64_t at = 0; at < width; at += lanes) {
      Value mask = at + lanes > width ? e.mask(lanes, e.number(at), e.number(width)) : Value();
      Value vector = emitLoad(e.b, e.loc, spec.type, e.offset(in, at * bytes), lanes, mask);
      emitStore(e.b, e.loc, Type(), vector, e.offset(out, at * 4), mask);
    }
  });
  return {scratch.converted, Extent(width)};
}

std::pair<Value, Extent> AttentionEmitter::asPairs(Value source, const TokenStrides &strides, const QueryBlock &block,
                                                   const KeyBlock &keys) {
  Extent stride =
      strides.token.isStatic() ? Extent(strides.token.fixed / 2) : Extent(e.div(strides.token.value, e.number(2)));
  return {tokens(source, strides, block.batch, block.group, keys.key), stride};
}

void AttentionEmitter::emitScores(QueryBlock &block, const KeyBlock &keys) {
  if (spec.mask && spec.mask->perRow)
    fillMask(block, keys);
  auto [pointer, stride] = pairs ? asPairs(spec.k, spec.kStrides, block, keys)
                                 : asFloats(spec.k, spec.kStrides, block, keys, spec.shape.depth);
  ContractionSpec s;
  s.tile = block.scores;
  s.tile.mBlock = llvm::alignTo(spec.tile.keys, s.tile.mr);
  s.target = spec.target;
  s.m = keys.count;
  s.n = block.width;
  s.k = depth;
  s.bf16Pairs = pairs;
  s.lhs = pointer;
  s.lhsRowStride = stride;
  s.rhs = scratch.q;
  s.resultRowStride = block.width;
  Value maskRow;
  if (spec.mask && !spec.mask->perRow) {
    AttentionRow row = rowAt(block.row);
    maskRow = spec.mask->rowPointer(e, block.batch, block.group, row);
  }
  auto emit = [&](bool checked) {
    s.epilogue = [&, checked](OpBuilder &b, Location loc, Value vector, const TilePosition &at) {
      Emit inner(b, loc);
      return AttentionEmitter(*this, inner).finishScore(block, keys, vector, at, maskRow, checked);
    };
    s.store = [&](OpBuilder &b, Location loc, Value vector, const TilePosition &at) {
      Emit inner(b, loc);
      Value column = inner.mul(at.col, 4), top = inner.offset(scratch.top, column);
      AttentionEmitter self(*this, inner);
      self.store(self.max(vector, self.load(top, at.lanes)), top);
      self.store(vector, self.scoreAt(block, at.row, column));
    };
    emitContraction(e.b, e.loc, s, e.number(0), e.number(panelCount(s.tile, block.width)));
  };
  // The largest score so far stays at hand in `factor` until the softmax turns it into one.
  for (Lanes v : block.vectors)
    store(load(e.offset(scratch.top, v.first * 4), v.count), e.offset(scratch.factor, v.first * 4));
  if (!hasWindow())
    return emit(false);
  Value inside = e.both(e.compare(Emit::Pred::sge, keys.key, block.firstInside),
                        e.compare(Emit::Pred::sle, e.add(keys.key, e.value(keys.count)), block.lastInside));
  e.when(inside, [&] { emit(false); }, [&] { emit(true); });
}

Value AttentionEmitter::finishScore(const QueryBlock &block, const KeyBlock &keys, Value s, const TilePosition &at,
                                    Value maskRow, bool checked) {
  int64_t lanes = at.lanes;
  Value column = e.mul(at.col, 4);
  if (pairs)
    s = mul(s, splat(scale(), lanes));
  if (spec.softcap)
    s = mul(math::TanhOp::create(e.b, e.loc, s), splat(*spec.softcap * unit(), lanes));
  if (spec.mask && spec.mask->perRow)
    s = add(s, load(scoreAt(block, at.row, column), lanes));
  else if (spec.mask)
    s = add(s, wide(maskElement(maskRow, e.add(keys.key, at.row)), lanes));
  if (!checked)
    return s;
  Value key = wide(arith::TruncIOp::create(e.b, e.loc, i32(), e.add(keys.key, at.row)), lanes);
  auto bound = [&](Value from) {
    return LLVM::LoadOp::create(e.b, e.loc, VectorType::get({lanes}, i32()), e.offset(from, column), 4);
  };
  Value lowest = splat(kLowest, lanes);
  auto keep = [&](Emit::Pred predicate, Value limit) {
    s = arith::SelectOp::create(e.b, e.loc, arith::CmpIOp::create(e.b, e.loc, predicate, key, limit), s, lowest);
  };
  if (spec.left)
    keep(Emit::Pred::sge, bound(scratch.first));
  if (spec.right)
    keep(Emit::Pred::sle, bound(scratch.last));
  return s;
}

Value AttentionEmitter::maskColumn(Value key) {
  if (spec.mask->oneColumn)
    return e.number(0);
  return spec.mask->isOneColumn ? e.select(spec.mask->isOneColumn, e.number(0), key) : key;
}

Value AttentionEmitter::addend(Value stored) {
  Type element = getElementTypeOrSelf(stored);
  auto shaped = dyn_cast<VectorType>(stored.getType());
  auto like = [&](Type type) { return shaped ? Type(shaped.clone(type)) : type; };
  auto number = [&](double v) -> Value {
    Type type = like(e.b.getF32Type());
    FloatAttr attr = e.b.getF32FloatAttr(v);
    if (shaped)
      return arith::ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(cast<ShapedType>(type), attr));
    return arith::ConstantOp::create(e.b, e.loc, attr);
  };
  if (element.isInteger(8)) {
    Value zero = arith::ConstantOp::create(e.b, e.loc, e.b.getZeroAttr(stored.getType()));
    Value counts = arith::CmpIOp::create(e.b, e.loc, Emit::Pred::ne, stored, zero);
    return arith::SelectOp::create(e.b, e.loc, counts, number(0), number(kLowest));
  }
  if (!element.isF32())
    stored = arith::ExtFOp::create(e.b, e.loc, like(e.b.getF32Type()), stored);
  return stored;
}

Value AttentionEmitter::maskElement(Value row, Value key) {
  Value pointer = e.offset(row, e.mul(maskColumn(key), maskBytes()));
  return addend(loadScalar(maskStorage(), pointer, maskBytes()));
}

Value AttentionEmitter::maskVector(Value row, Value key, int64_t lanes, Value exist) {
  Type stored = maskStorage();
  Type loaded = stored.isInteger(8) ? stored : Type(e.b.getF32Type());
  auto several = [&]() -> SmallVector<Value> {
    Value pointer = e.offset(row, e.mul(key, maskBytes()));
    if (!stored.isInteger(8))
      return {emitLoad(e.b, e.loc, stored, pointer, lanes, exist)};
    auto type = VectorType::get({lanes}, stored);
    Value zero = arith::ConstantOp::create(e.b, e.loc, e.b.getZeroAttr(type));
    return {LLVM::MaskedLoadOp::create(e.b, e.loc, type, pointer, exist, zero, 1).getResult()};
  };
  auto one = [&]() -> SmallVector<Value> {
    Value element = loadScalar(stored, row, maskBytes());
    if (stored != loaded && !stored.isInteger(8))
      element = arith::ExtFOp::create(e.b, e.loc, loaded, element);
    return {wide(element, lanes)};
  };
  if (spec.mask->oneColumn)
    return addend(one()[0]);
  if (!spec.mask->isOneColumn)
    return addend(several()[0]);
  return addend(e.choose(spec.mask->isOneColumn, TypeRange{VectorType::get({lanes}, loaded)}, one, several)[0]);
}

void AttentionEmitter::fillMask(QueryBlock &block, const KeyBlock &keys) {
  for (Lanes v : block.vectors) {
    SmallVector<Value> pointers;
    for (int64_t lane = 0; lane < v.count; ++lane)
      pointers.push_back(
          spec.mask->rowPointer(e, block.batch, block.group, rowAt(existing(block, e.number(v.first + lane)))));
    e.loop(e.number(0), e.value(keys.count), v.count, [&](Value key) {
      Value exist = e.mask(v.count, key, e.value(keys.count));
      SmallVector<Value> square;
      for (Value pointer : pointers)
        square.push_back(maskVector(pointer, e.add(keys.key, key), v.count, exist));
      square = emitTransposedSquare(e, square);
      Value to = scoreAt(block, key, e.number(v.first * 4));
      for (auto [i, vector] : llvm::enumerate(square))
        store(vector, e.offset(to, i * block.width * 4));
    });
  }
}
