// AttentionEmitter.h - emits one block of queries at a time; its files: AttentionLoops.cpp (blocks, and what they begin
// and end with), AttentionScores.cpp (scores and masks), AttentionWeights.cpp (the softmax and the sum of values),
// AttentionFew.cpp (few queries).
#ifndef LIB_CODEGEN_CPU_ATTENTIONEMITTER_H
#define LIB_CODEGEN_CPU_ATTENTIONEMITTER_H

#include "Attention.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>
#include <numbers>

namespace cameo::codegen {

/// The score of a key that is out.
constexpr double kLowest = -std::numeric_limits<double>::infinity();

/// Vectors next to each other.
struct Lanes {
  int64_t first, count;
};

/// What one block of queries lies in: distinct pieces of the stack, so that LLVM knows them apart.
struct Scratch {
  mlir::Value q, scores, o, top, sum, factor, first, last, converted, partial;
};

/// Rows [row, row + count) of a key head; `width` of them have lanes, the last ones twice where they do not exist.
struct QueryBlock {
  mlir::Value batch, group, row;
  Extent count;
  int64_t width;
  llvm::SmallVector<Lanes> vectors;
  ContractionTile scores, values;
  bool isFew;                                    ///< they see the same keys, and AttentionFew.cpp has the code
  mlir::Value from = {}, to = {};                ///< keys that any of the rows sees
  mlir::Value firstInside = {}, lastInside = {}; ///< keys that all of them see; null: no window
};

/// Keys [key, key + count).
struct KeyBlock {
  mlir::Value key;
  Extent count;
};

class AttentionEmitter {
public:
  AttentionEmitter(Emit &e, const AttentionSpec &spec) : e(e), spec(spec), bytes(elementBytes(spec.type)) {
    rows = e.times(spec.queries, spec.group);
    pairs = spec.shape.usesPairs(spec.target);
    depth = pairs ? spec.shape.depth / 2 : spec.shape.depth;
    AttentionScratch sizes = attentionScratch(spec.target, spec.tile, spec.shape);
    auto take = [&](int64_t elements) { return e.stack(elements * 4); };
    scratch.q = take(sizes.q);
    scratch.scores = take(sizes.scores);
    scratch.o = take(sizes.o);
    scratch.partial = take(sizes.partial);
    for (mlir::Value *piece : {&scratch.top, &scratch.sum, &scratch.factor})
      *piece = take(sizes.perQuery);
    if (hasWindow())
      for (mlir::Value *piece : {&scratch.first, &scratch.last})
        *piece = take(sizes.perQuery);
    if (sizes.converted)
      scratch.converted = take(sizes.converted);
  }

  void emitStep(mlir::Value step);

private:
  // ---- geometry

  bool hasWindow() const { return spec.left || spec.right; }
  mlir::Type i32() { return e.b.getI32Type(); }

  /// Lanes for `count` rows.
  int64_t padded(int64_t count) { return paddedLanes(spec.target, count); }
  llvm::SmallVector<Lanes> vectorsOf(int64_t count) {
    ContractionTile tile;
    tile.lanes = spec.target.lanes();
    tile.nr = llvm::alignTo(count, tile.lanes);
    llvm::SmallVector<Lanes> result;
    int64_t first = 0;
    for (int64_t lanes : panelVectors(tile, count, 0)) {
      result.push_back({first, lanes});
      first += lanes;
    }
    return result;
  }

  AttentionRow rowAt(mlir::Value row) {
    if (spec.group.isStatic() && spec.group.fixed == 1)
      return {e.number(0), row};
    return {e.div(row, e.value(spec.queries)), e.rem(row, e.value(spec.queries))};
  }
  mlir::Value queryHead(const QueryBlock &block, const AttentionRow &row) {
    return e.add(e.mul(block.group, spec.group), row.head);
  }
  /// Row `lane` of a block, or the last one there is.
  mlir::Value existing(const QueryBlock &block, mlir::Value lane) {
    bool whole = block.count.isStatic() && block.count.fixed == block.width;
    mlir::Value row = e.add(block.row, lane);
    return whole ? row : e.min(row, e.add(e.value(rows), -1));
  }
  mlir::Value elements(mlir::Value count) { return e.mul(count, bytes); }
  mlir::Value tokens(mlir::Value base, const TokenStrides &s, mlir::Value batch, mlir::Value head, mlir::Value token) {
    mlir::Value at = e.add(e.mul(batch, s.batch), e.mul(head, s.head));
    return e.offset(base, elements(e.add(at, e.mul(token, s.token))));
  }

  // ---- f32 vectors

  mlir::Value splat(double number, int64_t lanes) {
    return mlir::arith::ConstantOp::create(
        e.b, e.loc, mlir::DenseElementsAttr::get(e.vectorType(lanes), e.b.getF32FloatAttr(number)));
  }
  mlir::Value wide(mlir::Value scalar, int64_t lanes) {
    return mlir::vector::BroadcastOp::create(e.b, e.loc, mlir::VectorType::get({lanes}, scalar.getType()), scalar);
  }
  mlir::Value load(mlir::Value pointer, int64_t lanes) { return emitLoad(e.b, e.loc, mlir::Type(), pointer, lanes); }
  void store(mlir::Value vector, mlir::Value pointer) { emitStore(e.b, e.loc, mlir::Type(), vector, pointer); }
  mlir::Value loadScalar(mlir::Type type, mlir::Value pointer, int64_t size) {
    return mlir::LLVM::LoadOp::create(e.b, e.loc, type, pointer, size);
  }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return mlir::arith::MulFOp::create(e.b, e.loc, x, y); }
  mlir::Value add(mlir::Value x, mlir::Value y) { return mlir::arith::AddFOp::create(e.b, e.loc, x, y); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return mlir::arith::SubFOp::create(e.b, e.loc, x, y); }
  /// One instruction; y where x is no number.
  mlir::Value max(mlir::Value x, mlir::Value y) {
    mlir::Value greater = mlir::arith::CmpFOp::create(e.b, e.loc, mlir::arith::CmpFPredicate::OGT, x, y);
    return mlir::arith::SelectOp::create(e.b, e.loc, greater, x, y);
  }
  /// x, or 0 in its place where it is -infinity: 2^(-infinity - that) is 0.
  mlir::Value finite(mlir::Value x, int64_t lanes) {
    mlir::Value lowest =
        mlir::arith::CmpFOp::create(e.b, e.loc, mlir::arith::CmpFPredicate::OEQ, x, splat(kLowest, lanes));
    return mlir::arith::SelectOp::create(e.b, e.loc, lowest, splat(0, lanes), x);
  }
  /// Scores are powers of two. Not where a mask is added that may be the lowest number: a multiple would be infinity.
  double unit() const { return spec.mask && !spec.mask->type.isInteger(1) ? 1 : std::numbers::log2e; }
  /// What makes products of queries and keys scores, or arguments of the softcap's tanh.
  double scale() const { return spec.scale * (spec.softcap ? 1 / *spec.softcap : unit()); }
  /// What a score of at most 0 is the power of.
  mlir::Value power(mlir::Value x, int64_t lanes) {
    if (unit() == 1)
      x = mul(x, splat(std::numbers::log2e, lanes));
    return mlir::math::Exp2Op::create(e.b, e.loc, x, mlir::arith::FastMathFlags::afn);
  }

  // ---- a block of queries

  /// All of one block: `count` rows from `row` on, in `width` lanes; of few as many as there are.
  void emitBlock(mlir::Value batch, mlir::Value group, mlir::Value row, Extent count, int64_t width, bool isFew);

  /// The keys that rows of the block see, and in scratch the window of each row.
  void emitKeyRange(QueryBlock &block);

  /// Queries times what makes their products scores (pairs stay as they are), in the panels that the first contraction
  /// reads.
  void packQueries(QueryBlock &block);

  void packLanes(QueryBlock &block, int64_t first, int64_t lanes, mlir::Value packed, int64_t stepBytes);

  /// Maxima, sums and O before the first key.
  void start(QueryBlock &block);

  // ---- scores

  /// Rows of keys or values as f32: where they lie, or converted.
  std::pair<mlir::Value, Extent> asFloats(mlir::Value source, const TokenStrides &strides, const QueryBlock &block,
                                          const KeyBlock &keys, int64_t width);

  /// Rows of keys as pairs, where they lie.
  std::pair<mlir::Value, Extent> asPairs(mlir::Value source, const TokenStrides &strides, const QueryBlock &block,
                                         const KeyBlock &keys);

  /// Values of a block in pairs of rows: [keys / 2][width][2], the last one with zeros where there is no second.
  std::pair<mlir::Value, Extent> pairedRows(const QueryBlock &block, const KeyBlock &keys);

  /// f32 vectors of what bf16 holds as vectors of pairs; no `high` is 0.
  mlir::Value paired(mlir::Value low, mlir::Value high);
  /// body(first key, whether there is a second) for the pairs of `count` keys.
  void forPairs(const Extent &count, llvm::function_ref<void(mlir::Value, bool)> body);

  /// S = K Q^T with everything that is done to it, and the maxima so far.
  void emitScores(QueryBlock &block, const KeyBlock &keys);

  mlir::Value scoreAt(const QueryBlock &block, mlir::Value key, mlir::Value columnBytes) {
    return e.offset(e.offset(scratch.scores, e.mul(key, block.width * 4)), columnBytes);
  }

  /// A product as a score in powers of two: capped, masked, inside the window.
  mlir::Value finishScore(const QueryBlock &block, const KeyBlock &keys, mlir::Value s, const TilePosition &at,
                          mlir::Value maskRow, bool checked);

  // ---- masks

  mlir::Value maskColumn(mlir::Value key);
  int64_t maskBytes() const { return spec.mask->type.isInteger(1) ? 1 : elementBytes(spec.mask->type); }

  /// Elements of a mask, as stored, as what is added to scores.
  mlir::Value addend(mlir::Value stored);

  mlir::Type maskStorage() { return spec.mask->type.isInteger(1) ? mlir::Type(e.b.getI8Type()) : spec.mask->type; }

  mlir::Value maskElement(mlir::Value row, mlir::Value key);

  /// `exist` leaves out what lies behind the mask's end.
  mlir::Value maskVector(mlir::Value row, mlir::Value key, int64_t lanes, mlir::Value exist);

  /// Puts what the mask adds where the scores will be. Squares of lanes x lanes, because rows of the mask are queries.
  void fillMask(QueryBlock &block, const KeyBlock &keys);

  // ---- softmax

  /// Scores become weights; factors and sums follow.
  void emitSoftmax(QueryBlock &block, const KeyBlock &keys);

  /// The same for pairs of keys: their weights, rounded to bf16, take the place of the first rows of scores.
  void emitPairedWeights(QueryBlock &block, const KeyBlock &keys, llvm::ArrayRef<mlir::Value> tops,
                         llvm::ArrayRef<mlir::Value> sums);

  // ---- few queries (AttentionFew.cpp)

  /// The queries in f32, times what makes products scores.
  void packFew(QueryBlock &block);
  /// One of them.
  mlir::Value queryAt(int64_t row);
  /// Where scores, then weights, of a row lie, one after the other.
  mlir::Value fewScoresAt(mlir::Value row);
  /// Scores, -infinity up to whole vectors.
  void emitFewScores(QueryBlock &block, const KeyBlock &keys);
  void emitFewSoftmax(QueryBlock &block, const KeyBlock &keys);
  void emitFewValues(QueryBlock &block, const KeyBlock &keys);
  /// To some rows and some vectors of their columns, in one pass over the values from `base` on.
  void addValues(mlir::Value base, const KeyBlock &keys, Lanes vectors, Lanes rows);
  mlir::Value reduced(mlir::Value vector, mlir::vector::CombiningKind kind);

  // ---- values

  mlir::Value outputAt(mlir::Value row, mlir::Value column) {
    return e.offset(scratch.o, e.mul(e.add(e.mul(row, spec.shape.width), column), 4));
  }

  /// O = alpha O + P^T V.
  void emitValues(QueryBlock &block, const KeyBlock &keys);

  /// O / l, where there is something to divide.
  void finish(QueryBlock &block);

  /// The same with another builder.
  AttentionEmitter(const AttentionEmitter &other, Emit &e)
      : e(e), spec(other.spec), bytes(other.bytes), pairs(other.pairs), depth(other.depth), rows(other.rows),
        scratch(other.scratch) {}

  Emit &e;
  const AttentionSpec &spec;
  int64_t bytes;      ///< of an element of q, k and v
  bool pairs = false; ///< products are of pairs of bf16
  int64_t depth = 0;  ///< of a key, in elements or pairs
  Extent rows;
  Scratch scratch;
};

} // namespace cameo::codegen
#endif
