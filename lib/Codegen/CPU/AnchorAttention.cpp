// AnchorAttention.cpp - cameo.attention by blocks with an online softmax (see Attention.h).
//
// Left to the naive loops: a second result of scores, which is as large as what the blocks avoid, and widths that only
// the run knows.
#include "Anchors.h"
#include "cameo/Dialect/Cameo/Cost.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

class AttentionAnchor {
public:
  AttentionAnchor(const Anchor &a, AttentionOp op, const AttentionShape &shape)
      : a(a), op(op), shape(shape), q(a.operands[0]), keys(a.operands[1]), values(a.operands[2]), result(a.results[0]) {
  }

  std::optional<LogicalResult> emit() {
    if (shape.depth < 1 || shape.width < 1 || !q.memref || !keys.memref || !values.memref ||
        (op.getMask() && !operand(op.getMask()).memref))
      return std::nullopt;
    AttentionSpec s;
    s.target = a.vectors();
    s.shape = shape;
    s.groups = a.extent(keys.dims[1]);
    s.group = a.extent(a.dims().floorDiv(q.dims[1], keys.dims[1]));
    s.queries = a.extent(q.dims[2]);
    s.keys = a.extent(keys.dims[2]);
    s.type = q.elementType;
    s.q = a.pointer(q);
    s.k = a.pointer(keys);
    s.v = a.pointer(values);
    s.qStrides = strides(q);
    s.kStrides = strides(keys);
    s.vStrides = strides(values);
    s.scale = op.getScale().convertToDouble();
    if (auto cap = op.getSoftcap())
      s.softcap = cap->convertToDouble();
    s.left = op.getLeft();
    s.right = op.getRight();
    setMask(s);
    setLimits(s);
    s.store = [this](Emit &e, Value vector, Value row, Value column, Value mask) {
      a.k.storeVector(e.b, e.loc, 0, vector, {index(e, row), index(e, column), mask});
    };
    auto tile = a.attentionTile(shape);
    if (failed(tile))
      return failure();
    s.tile = *tile;
    DimContext &d = a.dims();
    Dim rows = d.mul(q.dims[2], d.floorDiv(q.dims[1], keys.dims[1]));
    Dim steps = d.mul(d.mul(q.dims[0], keys.dims[1]), d.ceilDiv(rows, s.tile.queries));
    a.setTiles(steps, s.tile.queries * keys.dims[2].constant().value_or(1) * (shape.depth + shape.width));
    auto [begin, end] = a.slice();
    emitAttention(a.b, a.loc(), s, begin, end);
    return success();
  }

private:
  Value index(Emit &e, Value v) { return e.b.createOrFold<arith::IndexCastOp>(e.loc, e.b.getIndexType(), v); }
  Value number(Emit &e, Value v) { return e.b.createOrFold<arith::IndexCastOp>(e.loc, e.b.getI64Type(), v); }

  TokenStrides strides(const KernelTensor &t) {
    DimContext &d = a.dims();
    Dim head = d.mul(t.memory[2], t.memory[3]);
    return {a.extent(d.mul(t.memory[1], head)), a.extent(head), a.extent(t.memory[3])};
  }

  KernelTensor operand(Value v) {
    for (auto [own, tensor] : llvm::zip(op->getOperands(), a.operands))
      if (own == v)
        return tensor;
    return {};
  }

  /// Element of a vector with one entry per batch, or one for all.
  Value perBatch(Emit &e, const KernelTensor &t, Value batch) {
    Value at = ownOrOnly(e, t.dims[0], batch);
    return number(e, toIndex(e.b, e.loc, t.load(e.b, e.loc, {index(e, at)}), t.elementType));
  }
  /// Where index `i` of an axis lies that may have size 1.
  Value ownOrOnly(Emit &e, Dim size, Value i) {
    if (size.constant())
      return size.isConstant(1) ? e.number(0) : i;
    return e.min(i, e.add(e.value(a.extent(size)), -1));
  }

  void setMask(AttentionSpec &s) {
    mask = operand(op.getMask());
    if (!mask)
      return;
    int64_t rank = mask.rank();
    auto dim = [this, rank](int64_t fromEnd) {
      return fromEnd < rank ? mask.dims[rank - 1 - fromEnd] : a.dims().constant(1);
    };
    AttentionSpec::Mask m;
    m.type = mask.elementType;
    bool perHead = !dim(2).isConstant(1) && !a.dims().floorDiv(q.dims[1], keys.dims[1]).isConstant(1);
    m.perRow = !dim(1).isConstant(1) || perHead;
    m.oneColumn = dim(0).isConstant(1);
    if (!dim(0).constant() && dim(0) != keys.dims[2])
      m.isOneColumn = a.b.createOrFold<arith::CmpIOp>(a.loc(), arith::CmpIPredicate::eq, a.i64(a.k.size(dim(0))),
                                                      a.i64(constantIndex(a.b, a.loc(), 1)));
    Value base = a.pointer(mask);
    int64_t bytes = m.type.isInteger(1) ? 1 : codegen::elementBytes(m.type);
    m.rowPointer = [=, this, &s](Emit &e, Value batch, Value group, const AttentionRow &row) {
      Value head = e.add(e.mul(group, s.group), row.head);
      Value at = ownOrOnly(e, dim(3), batch);
      at = e.add(e.mul(at, a.extent(dim(2))), ownOrOnly(e, dim(2), head));
      at = e.add(e.mul(at, a.extent(dim(1))), ownOrOnly(e, dim(1), row.query));
      return e.offset(base, e.mul(e.mul(at, a.extent(dim(0))), bytes));
    };
    s.mask = m;
  }

  /// The end of the keys, positions and sinks.
  void setLimits(AttentionSpec &s) {
    lengths = operand(op.getLengths());
    offsets = operand(op.getOffsets());
    sinks = operand(op.getSinks());
    Value columns; // of a mask that may end early
    if (mask && mask.rank() && mask.dims.back() != keys.dims[2] && !mask.dims.back().isConstant(1)) {
      columns = a.i64(a.k.size(mask.dims.back()));
      if (s.mask->isOneColumn) {
        Emit e(a.b, a.loc());
        columns = e.select(s.mask->isOneColumn, e.value(s.keys), columns);
      }
    }
    if (lengths || columns)
      s.keyLimit = [this, &s, columns](Emit &e, Value batch) {
        Value limit = e.value(s.keys);
        if (lengths)
          limit = e.max(e.min(limit, perBatch(e, lengths, batch)), e.number(0));
        return columns ? e.min(limit, columns) : limit;
      };
    if (offsets)
      s.offset = [this](Emit &e, Value batch) { return perBatch(e, offsets, batch); };
    if (sinks)
      s.sink = [this](Emit &e, Value head) { return sinks.load(e.b, e.loc, {index(e, head)}); };
  }

  const Anchor &a;
  AttentionOp op;
  const AttentionShape &shape;
  const KernelTensor &q, &keys, &values, &result;
  KernelTensor mask, lengths, offsets, sinks;
};

/// What chooseAttentionTile is asked; null where a width is not known, or scores are wanted.
std::optional<AttentionShape> shapeOfAttention(AttentionOp attention, ShapeAnalysis &shapes) {
  if (attention.getScores())
    return std::nullopt;
  ArrayRef<Dim> q = shapes.dimsOf(attention.getQ()), k = shapes.dimsOf(attention.getK()),
                v = shapes.dimsOf(attention.getV());
  Type type = getElementTypeOrSelf(attention.getQ().getType());
  if (!k[3].constant() || !v[3].constant() || !isMicroKernelType(type))
    return std::nullopt;
  DimContext &d = shapes.dims();
  AttentionShape shape;
  shape.rows = fixedExtent(d.mul(q[2], d.floorDiv(q[1], k[1]))).fixed;
  shape.keys = fixedExtent(k[2]).fixed;
  shape.depth = *k[3].constant();
  shape.width = *v[3].constant();
  shape.elements = type.isF32()   ? AttentionShape::Elements::F32
                   : type.isF16() ? AttentionShape::Elements::F16
                                  : AttentionShape::Elements::Bf16;
  return shape;
}

/// The same; null also where heads are so wide that no block of queries fits a thread's stack.
std::optional<AttentionShape> shapeOfTuned(AttentionOp attention, ShapeAnalysis &shapes, const VectorTarget &target) {
  auto shape = shapeOfAttention(attention, shapes);
  if (shape && attentionScratch(target, chooseAttentionTile(target, *shape), *shape).bytes() > kMostAttentionScratch)
    return std::nullopt;
  return shape;
}

class TunedAttention final : public TunedOpOf<AttentionOp> {
  DictionaryAttr tileOf(Operation *op, ShapeAnalysis &shapes, const CpuTarget &target, bool) const override {
    auto shape = shapeOfTuned(cast<AttentionOp>(op), shapes, vectors(target));
    return shape ? toAttribute(op->getContext(), chooseAttentionTile(vectors(target), *shape)) : DictionaryAttr();
  }
  SmallVector<DictionaryAttr> tilesOf(Operation *op, ShapeAnalysis &shapes, const CpuTarget &target,
                                      bool) const override {
    SmallVector<DictionaryAttr> tiles;
    if (auto shape = shapeOfTuned(cast<AttentionOp>(op), shapes, vectors(target)))
      for (const AttentionTile &tile : candidateTiles(vectors(target), *shape))
        tiles.push_back(toAttribute(op->getContext(), tile));
    return tiles;
  }
  double slotsOf(Operation *op, ShapeAnalysis &shapes, const CpuTarget &target, DictionaryAttr tile) const override {
    auto shape = shapeOfTuned(cast<AttentionOp>(op), shapes, vectors(target));
    if (!shape)
      return TunedOp::slotsOf(op, shapes, target, tile);
    constexpr double kFlopsPerSlot = 15.5, kPerWeight = 5; // of products; other operations per score
    constexpr double kWeightSlots = 0.9;                   // maximum, exponential and sum, per score (measured)
    double products = 2.0 * (shape->depth + shape->width);
    double weights = flopsOf(shapes, op).constant().value_or(0) / (products + kPerWeight);
    return weights * (products / kFlopsPerSlot / (shape->usesPairs(vectors(target)) ? 2 : 1) + kWeightSlots);
  }
  std::optional<LogicalResult> emitOp(const Anchor &anchor, AttentionOp op) const override {
    auto shape = shapeOfTuned(op, anchor.k.shapes(), anchor.vectors());
    return shape ? AttentionAnchor(anchor, op, *shape).emit() : std::nullopt;
  }
};

} // namespace

const TunedOp &cameo::codegen::tunedAttention() {
  static const TunedAttention code;
  return code;
}
