// AttentionLoops.cpp - blocks of queries, blocks of keys in each, and the online softmax between the two contractions.
#include "Attention.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"
#include <limits>
#include <numbers>

using namespace mlir;
using namespace cameo::codegen;

namespace {

constexpr double kLowest = -std::numeric_limits<double>::infinity();

/// Vectors next to each other.
struct Lanes {
  int64_t first, count;
};

/// What one block of queries lies in: distinct pieces of the stack, so that LLVM knows them apart.
struct Scratch {
  Value q, scores, o, top, sum, factor, first, last, converted;
};

/// Rows [row, row + count) of a key head; `width` of them have lanes, the last ones twice where they do not exist.
struct QueryBlock {
  Value batch, group, row;
  Extent count;
  int64_t width;
  SmallVector<Lanes> vectors;
  ContractionTile scores, values;
  Value from, to;                ///< keys that any of the rows sees
  Value firstInside, lastInside; ///< keys that all of them see; null: no window
};

/// Keys [key, key + count).
struct KeyBlock {
  Value key;
  Extent count;
};

class AttentionEmitter {
public:
  AttentionEmitter(Emit &e, const AttentionSpec &spec) : e(e), spec(spec), bytes(elementBytes(spec.type)) {
    rows = e.times(spec.queries, spec.group);
    const AttentionTile &t = spec.tile;
    auto floats = [&](int64_t count) { return e.stack(count * 4); };
    scratch.q = floats(t.queries * spec.shape.depth);
    scratch.scores = floats(t.queries * t.keys);
    scratch.o = floats(t.queries * spec.shape.width);
    scratch.top = floats(t.queries);
    scratch.sum = floats(t.queries);
    scratch.factor = floats(t.queries);
    if (hasWindow()) {
      scratch.first = floats(t.queries);
      scratch.last = floats(t.queries);
    }
    if (bytes < 4)
      scratch.converted = floats(t.keys * std::max(spec.shape.depth, spec.shape.width));
  }

  void emitStep(Value step) {
    int64_t most = spec.tile.queries;
    Value blocks = e.ceilDiv(e.value(rows), most);
    Value block = e.rem(step, blocks), head = e.div(step, blocks);
    Value group = e.rem(head, e.value(spec.groups)), batch = e.div(head, e.value(spec.groups));
    Value first = e.mul(block, most);
    auto emit = [&](Value row, Extent count, int64_t width) { emitBlock(batch, group, row, count, width); };
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
    e.when(
        e.compare(Emit::Pred::sgt, left, e.number(most - lanes)), [&] { emit(first, left, most); },
        [&] {
          e.loop(e.number(0), left, lanes,
                 [&](Value at) { emit(e.add(first, at), e.min(e.sub(left, at), e.number(lanes)), lanes); });
        });
  }

private:
  // ---- geometry

  bool hasWindow() const { return spec.left || spec.right; }
  Type i32() { return e.b.getI32Type(); }

  /// Lanes for `count` rows.
  int64_t padded(int64_t count) { return paddedLanes(spec.target, count); }
  SmallVector<Lanes> vectorsOf(int64_t count) {
    ContractionTile tile;
    tile.lanes = spec.target.lanes();
    tile.nr = llvm::alignTo(count, tile.lanes);
    SmallVector<Lanes> result;
    int64_t first = 0;
    for (int64_t lanes : panelVectors(tile, count, 0)) {
      result.push_back({first, lanes});
      first += lanes;
    }
    return result;
  }

  AttentionRow rowAt(Value row) {
    if (spec.group.isStatic() && spec.group.fixed == 1)
      return {e.number(0), row};
    return {e.div(row, e.value(spec.queries)), e.rem(row, e.value(spec.queries))};
  }
  Value queryHead(const QueryBlock &block, const AttentionRow &row) {
    return e.add(e.mul(block.group, spec.group), row.head);
  }
  /// Row `lane` of a block, or the last one there is.
  Value existing(const QueryBlock &block, Value lane) {
    bool whole = block.count.isStatic() && block.count.fixed == block.width;
    Value row = e.add(block.row, lane);
    return whole ? row : e.min(row, e.add(e.value(rows), -1));
  }
  Value elements(Value count) { return e.mul(count, bytes); }
  Value tokens(Value base, const TokenStrides &s, Value batch, Value head, Value token) {
    Value at = e.add(e.mul(batch, s.batch), e.mul(head, s.head));
    return e.offset(base, elements(e.add(at, e.mul(token, s.token))));
  }

  // ---- f32 vectors

  Value splat(double number, int64_t lanes) {
    return arith::ConstantOp::create(e.b, e.loc,
                                     DenseElementsAttr::get(e.vectorType(lanes), e.b.getF32FloatAttr(number)));
  }
  Value wide(Value scalar, int64_t lanes) {
    return vector::BroadcastOp::create(e.b, e.loc, VectorType::get({lanes}, scalar.getType()), scalar);
  }
  Value load(Value pointer, int64_t lanes) { return emitLoad(e.b, e.loc, Type(), pointer, lanes); }
  void store(Value vector, Value pointer) { emitStore(e.b, e.loc, Type(), vector, pointer); }
  Value loadScalar(Type type, Value pointer, int64_t size) {
    return LLVM::LoadOp::create(e.b, e.loc, type, pointer, size);
  }
  Value mul(Value x, Value y) { return arith::MulFOp::create(e.b, e.loc, x, y); }
  Value add(Value x, Value y) { return arith::AddFOp::create(e.b, e.loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(e.b, e.loc, x, y); }
  /// One instruction; y where x is no number.
  Value max(Value x, Value y) {
    Value greater = arith::CmpFOp::create(e.b, e.loc, arith::CmpFPredicate::OGT, x, y);
    return arith::SelectOp::create(e.b, e.loc, greater, x, y);
  }
  /// x, or 0 in its place where it is -infinity: 2^(-infinity - that) is 0.
  Value finite(Value x, int64_t lanes) {
    Value lowest = arith::CmpFOp::create(e.b, e.loc, arith::CmpFPredicate::OEQ, x, splat(kLowest, lanes));
    return arith::SelectOp::create(e.b, e.loc, lowest, splat(0, lanes), x);
  }
  /// Scores are powers of two. Not where a mask is added that may be the lowest number: a multiple would be infinity.
  double unit() const { return spec.mask && !spec.mask->type.isInteger(1) ? 1 : std::numbers::log2e; }
  /// What a score of at most 0 is the power of.
  Value power(Value x, int64_t lanes) {
    if (unit() == 1)
      x = mul(x, splat(std::numbers::log2e, lanes));
    return math::Exp2Op::create(e.b, e.loc, x, arith::FastMathFlags::afn);
  }

  // ---- a block of queries

  void emitBlock(Value batch, Value group, Value row, Extent count, int64_t width) {
    QueryBlock block{batch, group, row, count, width, vectorsOf(width), spec.tile.scores, spec.tile.values,
                     {},    {},    {},  {}};
    if (width != spec.tile.queries) {
      AttentionShape shape = spec.shape;
      shape.rows = count.isStatic() ? count.fixed : width;
      AttentionTile narrow = chooseAttentionTile(spec.target, shape);
      block.scores = narrow.scores;
      block.values = narrow.values;
    }
    emitKeyRange(block);
    packQueries(block);
    start(block);
    int64_t most = spec.tile.keys;
    bool whole = !hasWindow() && !spec.keyLimit && spec.keys.isStatic() && spec.keys.fixed % most == 0;
    e.loop(block.from, block.to, most, [&](Value key) {
      KeyBlock keys{key, whole ? Extent(most) : Extent(e.min(e.sub(block.to, key), e.number(most)))};
      emitScores(block, keys);
      emitSoftmax(block, keys);
      emitValues(block, keys);
    });
    finish(block);
  }

  /// The keys that rows of the block see, and in scratch the window of each row.
  void emitKeyRange(QueryBlock &block) {
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

  /// Queries times what makes their products scores, in the panels that the first contraction reads.
  void packQueries(QueryBlock &block) {
    double scale = spec.scale * (spec.softcap ? 1 / *spec.softcap : unit());
    int64_t panels = panelCount(block.scores, block.width);
    for (int64_t panel = 0; panel < panels; ++panel) {
      int64_t width = panelWidth(block.scores, block.width, panel), lane = panel * block.scores.nr;
      Value packed = e.offset(scratch.q, lane * spec.shape.depth * 4);
      int64_t at = 0;
      for (int64_t lanes : panelVectors(block.scores, block.width, panel)) {
        packLanes(block, lane + at, lanes, e.offset(packed, at * 4), width * 4, scale);
        at += lanes;
      }
    }
  }

  void packLanes(QueryBlock &block, int64_t first, int64_t lanes, Value packed, int64_t stepBytes, double scale) {
    SmallVector<Value> pointers;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      AttentionRow row = rowAt(existing(block, e.number(first + lane)));
      pointers.push_back(tokens(spec.q, spec.qStrides, block.batch, queryHead(block, row), row.query));
    }
    auto square = [&](Value column, int64_t columns) {
      SmallVector<Value> values;
      Value mask = columns < lanes ? e.mask(lanes, e.number(0), e.number(columns)) : Value();
      for (Value pointer : pointers)
        values.push_back(emitLoad(e.b, e.loc, spec.type, e.offset(pointer, elements(column)), lanes, mask));
      values = emitTransposedSquare(e, values);
      Value to = e.offset(packed, e.mul(column, stepBytes));
      for (int64_t i = 0; i < columns; ++i)
        store(mul(values[i], splat(scale, lanes)), e.offset(to, i * stepBytes));
    };
    int64_t whole = spec.shape.depth / lanes * lanes;
    e.loop(e.number(0), e.number(whole), lanes, [&](Value column) { square(column, lanes); });
    if (whole < spec.shape.depth)
      square(e.number(whole), spec.shape.depth - whole);
  }

  void start(QueryBlock &block) {
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

  // ---- scores

  /// Rows of keys or values as f32: where they lie, or converted.
  std::pair<Value, Extent> asFloats(Value source, const TokenStrides &strides, const QueryBlock &block,
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

  void emitScores(QueryBlock &block, const KeyBlock &keys) {
    if (spec.mask && spec.mask->perRow)
      fillMask(block, keys);
    auto [pointer, stride] = asFloats(spec.k, spec.kStrides, block, keys, spec.shape.depth);
    ContractionSpec s;
    s.tile = block.scores;
    s.tile.mBlock = llvm::alignTo(spec.tile.keys, s.tile.mr);
    s.target = spec.target;
    s.m = keys.count;
    s.n = block.width;
    s.k = spec.shape.depth;
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

  Value scoreAt(const QueryBlock &block, Value key, Value columnBytes) {
    return e.offset(e.offset(scratch.scores, e.mul(key, block.width * 4)), columnBytes);
  }

  /// A product as a score in powers of two: capped, masked, inside the window.
  Value finishScore(const QueryBlock &block, const KeyBlock &keys, Value s, const TilePosition &at, Value maskRow,
                    bool checked) {
    int64_t lanes = at.lanes;
    Value column = e.mul(at.col, 4);
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

  // ---- masks

  Value maskColumn(Value key) {
    if (spec.mask->oneColumn)
      return e.number(0);
    return spec.mask->isOneColumn ? e.select(spec.mask->isOneColumn, e.number(0), key) : key;
  }
  int64_t maskBytes() const { return spec.mask->type.isInteger(1) ? 1 : elementBytes(spec.mask->type); }

  /// Elements of a mask, as stored, as what is added to scores.
  Value addend(Value stored) {
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

  Type maskStorage() { return spec.mask->type.isInteger(1) ? Type(e.b.getI8Type()) : spec.mask->type; }

  Value maskElement(Value row, Value key) {
    Value pointer = e.offset(row, e.mul(maskColumn(key), maskBytes()));
    return addend(loadScalar(maskStorage(), pointer, maskBytes()));
  }

  /// `exist` leaves out what lies behind the mask's end.
  Value maskVector(Value row, Value key, int64_t lanes, Value exist) {
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

  /// Puts what the mask adds where the scores will be. Squares of lanes x lanes, because rows of the mask are queries.
  void fillMask(QueryBlock &block, const KeyBlock &keys) {
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

  // ---- softmax

  /// Scores become weights; factors and sums follow.
  void emitSoftmax(QueryBlock &block, const KeyBlock &keys) {
    SmallVector<Value> tops, sums;
    for (Lanes v : block.vectors) {
      Value factor = e.offset(scratch.factor, v.first * 4);
      Value top = finite(load(e.offset(scratch.top, v.first * 4), v.count), v.count);
      Value alpha = power(sub(load(factor, v.count), top), v.count);
      store(alpha, factor);
      tops.push_back(top);
      sums.push_back(mul(load(e.offset(scratch.sum, v.first * 4), v.count), alpha));
    }
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

  // ---- values

  Value outputAt(Value row, Value column) {
    return e.offset(scratch.o, e.mul(e.add(e.mul(row, spec.shape.width), column), 4));
  }

  void emitValues(QueryBlock &block, const KeyBlock &keys) {
    auto [pointer, stride] = asFloats(spec.v, spec.vStrides, block, keys, spec.shape.width);
    ContractionSpec s;
    s.tile = block.values;
    s.tile.mBlock = llvm::alignTo(block.width, s.tile.mr);
    s.tile.panelOuter = true;
    s.target = spec.target;
    s.m = block.count;
    s.n = spec.shape.width;
    s.k = keys.count;
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

  /// O / l, where there is something to divide.
  void finish(QueryBlock &block) {
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

  /// The same with another builder.
  AttentionEmitter(const AttentionEmitter &other, Emit &e)
      : e(e), spec(other.spec), bytes(other.bytes), rows(other.rows), scratch(other.scratch) {}

  Emit &e;
  const AttentionSpec &spec;
  int64_t bytes;
  Extent rows;
  Scratch scratch;
};

} // namespace

void cameo::codegen::emitAttention(OpBuilder &b, Location loc, const AttentionSpec &spec, Value begin, Value end) {
  Emit e(b, loc);
  AttentionEmitter emitter(e, spec);
  e.loop(begin, end, 1, [&](Value step) { emitter.emitStep(step); });
}
