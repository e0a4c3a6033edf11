// AnchorAttention.cpp - cameo.attention by blocks with an online softmax (see Attention.h).
//
// Left to the naive loops: a second result of scores, which is as large as what the blocks avoid, and widths that only
// the run knows or that no tile has room for.
#include "Attention.h"
#include "GpuAnchors.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

class Emitter {
public:
  Emitter(const GpuAnchor &a, AttentionOp op)
      : a(a), op(op), t(a.b, a.loc()), q(a.operands[0]), keys(a.operands[1]), values(a.operands[2]),
        mask(operand(op.getMask())), lengths(operand(op.getLengths())), offsets(operand(op.getOffsets())),
        sinks(operand(op.getSinks())) {}

  std::optional<LogicalResult> emit() {
    auto depth = q.dims[3].constant(), width = values.dims[3].constant();
    if (op.getScores() || !depth || !width || *depth < 1 || *width < 1 || q.dims[3] != keys.dims[3] || !q.memref ||
        !keys.memref || !values.memref || (mask && !mask.memref))
      return std::nullopt;
    DimContext &d = a.dims();
    group = d.floorDiv(q.dims[1], keys.dims[1]);
    Dim rows = d.mul(group, q.dims[2]), heads = d.mul(q.dims[0], keys.dims[1]);
    Factors factors(a.chip, q.elementType, keys.elementType);
    factors.asTf32 = false; // accumulators do not lie as factors of tf32 do
    auto tile = chooseAttentionTile(a.chip, factors, *depth, *width, rows.constant(), heads.constant());
    if (!tile)
      return std::nullopt;
    int64_t parts =
        chooseAttentionParts(*tile, rows.constant(), heads.constant().value_or(keys.dims[1].constant().value_or(1)),
                             keys.dims[2].constant());
    BlockAttention s(*tile, factors);
    s.depth = *depth;
    s.width = *width;
    s.maskIsAdded = mask && !mask.elementType.isInteger(1);
    if (parts > 1) {
      s.parts = makeParts(parts, rows, heads);
      if (a.k.launch() == 1) {
        join(s, rows, heads);
        return success();
      }
    }
    divideIntoBlocks(s, rows, heads);
    s.scale = op.getScale().convertToDouble();
    if (auto cap = op.getSoftcap())
      s.softcap = cap->convertToDouble();
    setKeys(s);
    if (s.parts)
      takePart(s);
    Value lines = a.size32(rows), depth32 = t.number(*depth), width32 = t.number(*width);
    s.q = linesOf(ofHead(q, rows), factors.lhs, true, lines, depth32, depth32, isInChunks(*depth));
    s.k = linesOf(ofHead(keys, keys.dims[2]), factors.lhs, true, s.last, depth32, depth32, isInChunks(*depth));
    s.v = linesOf(ofHead(values, keys.dims[2]), factors.lhs, false, s.last, width32, width32, isInChunks(*width));
    if (mask) {
      maskBase = a.pointer(mask);
      s.mask = [this](ThreadBuilder &u, Value row, Value key) { return addend(u, row, key); };
    }
    if (sinks)
      s.sink = [this, part = s.part](ThreadBuilder &u, Value row) -> Value {
        Value score = sinks.load(u.b, u.loc, {u.toIndex(headOf(u, row))});
        return part ? u.select(u.isZero(part), score, u.f32(-std::numeric_limits<double>::infinity())) : score;
      };
    s.result.rows = lines;
    s.result.columns = width32;
    s.result.fixedColumns = *width;
    s.result.store = [this, before = rowsBefore(rows)](OpBuilder &b, Location loc, Value vector, Value row,
                                                       Value column) {
      ThreadBuilder u(b, loc);
      a.k.storeVector(b, loc, 0, vector, {u.add(before, u.toIndex(row)), u.toIndex(column), {}});
    };
    emitAttention(a.b, a.loc(), a.chip, s);
    return success();
  }

private:
  KernelTensor operand(Value value) const {
    for (auto [own, tensor] : llvm::zip(op->getOperands(), a.operands))
      if (own == value)
        return tensor;
    return {};
  }
  bool isInChunks(int64_t width) const { return width * q.elementType.getIntOrFloatBitWidth() % 128 == 0; }

  /// Blocks of a key head follow each other; those that see most keys come first.
  void divideIntoBlocks(BlockAttention &s, Dim rows, Dim heads) {
    DimContext &d = a.dims();
    Dim blocks = d.ceilDiv(rows, s.tile.rows);
    a.k.setTiles(d.mul(d.mul(blocks, heads), s.parts ? s.parts->count : 1), d.constant(1));
    setBlock(a.k.sliceBegin().getParentBlock()->getTerminator(), 32 * s.tile.warps,
             sharedBytes(s.tile, s.factors, s.depth, s.width));
    Value number = t.toI32(a.k.sliceBegin());
    if (s.parts) {
      s.part = t.rem(number, s.parts->count);
      number = t.div(number, s.parts->count);
    }
    Value block = t.rem(number, a.size32(blocks));
    if (op.getRight())
      block = t.sub(t.add(a.size32(blocks), -1), block);
    s.firstRow = t.mul(block, s.tile.rows);
    Value head32 = t.div(number, a.size32(blocks));
    head = t.toIndex(head32);
    if (s.parts)
      moveToHead(*s.parts, s.width);
    batch = t.div(head32, a.size32(keys.dims[1]));
    keyHead = t.rem(head32, a.size32(keys.dims[1]));
  }

  Value rowsBefore(Dim rows) const { return a.b.createOrFold<arith::MulIOp>(a.loc(), head, a.k.size(rows)); }

  // ---- blocks that share keys

  /// Memory between the launches, of all heads.
  AttentionParts makeParts(int64_t count, Dim rows, Dim heads) const {
    a.k.setLaunches(2);
    DimContext &d = a.dims();
    Dim states = d.mul(d.mul(heads, rows), count), two = d.constant(2);
    Type f32 = a.b.getF32Type();
    Value outputs = a.pointer(a.k.temporary(a.b, a.loc(), f32, {states, values.dims[3]}));
    return {count, *rows.constant(), outputs, a.pointer(a.k.temporary(a.b, a.loc(), f32, {states, two}))};
  }
  void moveToHead(AttentionParts &parts, int64_t width) const {
    Value states = t.mul(t.toI64(t.toI32(head)), parts.count * parts.rows);
    parts.outputs = t.offset(parts.outputs, t.mul(states, 4 * width));
    parts.states = t.offset(parts.states, t.mul(states, 8));
  }

  /// Parts are whole steps of the keys that the block's rows see.
  void takePart(BlockAttention &s) {
    Value keys = t.sub(s.last, s.first),
          ofPart =
              t.mul(t.div(t.add(keys, s.parts->count * s.tile.keys - 1), s.parts->count * s.tile.keys), s.tile.keys);
    Value end = s.last;
    s.first = t.least(t.add(s.first, t.mul(s.part, ofPart)), end);
    s.last = t.least(t.add(s.first, ofPart), end);
    if (s.lastInside)
      s.lastInside = t.least(s.lastInside, s.last);
  }

  /// The second launch: a thread for some neighbouring elements.
  void join(BlockAttention &s, Dim rows, Dim heads) {
    DimContext &d = a.dims();
    int64_t run = s.width % 4 == 0 ? 4 : 1, runs = s.width / run;
    a.k.setTiles(d.mul(d.mul(heads, rows), runs), d.constant(1));
    Value number = t.toI32(a.k.sliceBegin()), row = t.div(number, runs), column = t.mul(t.rem(number, runs), run);
    head = t.toIndex(t.div(row, s.parts->rows));
    row = t.rem(row, s.parts->rows);
    moveToHead(*s.parts, s.width);
    Value joined = t.vectorOf(joinAttentionParts(t, *s.parts, s.width, s.maskIsAdded, row, column, run));
    a.k.storeVector(a.b, a.loc(), 0, joined, {t.add(rowsBefore(rows), t.toIndex(row)), t.toIndex(column), {}});
  }

  /// Where the block's key head begins in a tensor with so many rows of it.
  Value ofHead(const KernelTensor &tensor, Dim rows) const {
    Value elements = t.mul(head, a.k.size(a.dims().mul(rows, tensor.dims[3])));
    Value bytes = t.mul(elements, tensor.elementType.getIntOrFloatBitWidth() / 8);
    return t.offset(a.pointer(tensor), a.b.createOrFold<arith::IndexCastOp>(a.loc(), a.b.getI64Type(), bytes));
  }

  Value size(ThreadBuilder &u, Dim dim) const { return u.toI32(a.k.size(dim)); }

  /// Among the rows of the key head, of which the last stands in for those that don't exist.
  Value existing(ThreadBuilder &u, Value row) const {
    return u.least(row, u.add(size(u, a.dims().mul(group, q.dims[2])), -1));
  }
  Value queryOf(ThreadBuilder &u, Value row) const {
    return group.isConstant(1) ? existing(u, row) : u.rem(existing(u, row), size(u, q.dims[2]));
  }
  Value headOf(ThreadBuilder &u, Value row) const {
    return group.isConstant(1) ? keyHead
                               : u.add(u.mul(keyHead, size(u, group)), u.div(existing(u, row), size(u, q.dims[2])));
  }

  /// Index `i` (i32) of an axis that may have size 1.
  Value ownOrOnly(ThreadBuilder &u, Dim axis, Value i) const {
    if (axis.constant())
      return axis.isConstant(1) ? u.number(0) : i;
    return u.least(i, u.add(size(u, axis), -1));
  }
  /// The batch's element of a vector, or the only one (i64).
  Value perBatch(const KernelTensor &tensor) {
    Value element = tensor.load(a.b, a.loc(), {t.toIndex(ownOrOnly(t, tensor.dims[0], batch))});
    return element.getType().isInteger(64) ? element : t.toI64(element);
  }

  // ---- which keys

  /// The size of the mask's axis `fromEnd` before its last.
  Dim maskDim(int64_t fromEnd) const {
    return fromEnd < mask.rank() ? mask.dims[size_t(mask.rank() - 1 - fromEnd)] : a.dims().constant(1);
  }
  bool maskMayEndEarly() const { return mask && !maskDim(0).isConstant(1) && maskDim(0) != keys.dims[2]; }

  Value limitOfKeys() {
    Value limit = size(t, keys.dims[2]);
    if (lengths) {
      Value length = t.greatest(t.least(perBatch(lengths), t.toI64(limit)), number64(0));
      limit = arith::TruncIOp::create(a.b, a.loc(), a.b.getI32Type(), length);
    }
    if (!maskMayEndEarly())
      return limit;
    Value columns = size(t, maskDim(0)), isOne = t.isZero(t.add(columns, -1));
    return t.select(isOne, limit, t.least(limit, columns));
  }

  Value number64(int64_t value) { return arith::ConstantIntOp::create(a.b, a.loc(), a.b.getI64Type(), value); }
  /// A position plus a distance, as i32: what is beyond lies beyond all keys.
  Value near(ThreadBuilder &u, Value position, int64_t distance) const {
    constexpr int64_t kFar = int64_t(1) << 30;
    Type i64 = u.b.getI64Type();
    auto number = [&](int64_t v) -> Value { return arith::ConstantIntOp::create(u.b, u.loc, i64, v); };
    // Distances beyond all positions stay clear of the end of i64.
    Value sum = u.add(u.greatest(u.least(position, number(kFar)), number(-kFar)),
                      number(std::max(std::min(distance, 4 * kFar), -4 * kFar)));
    return arith::TruncIOp::create(u.b, u.loc, u.b.getI32Type(), u.greatest(u.least(sum, number(kFar)), number(-kFar)));
  }
  Value positionOf(ThreadBuilder &u, Value query) const {
    return offset ? u.add(offset, u.toI64(query)) : u.toI64(query);
  }

  void setKeys(BlockAttention &s) {
    Value limit = limitOfKeys();
    s.first = t.number(0);
    s.last = limit;
    auto left = op.getLeft(), right = op.getRight();
    if (!left && !right)
      return;
    offset = offsets ? perBatch(offsets) : Value();
    Value end = t.add(s.firstRow, s.tile.rows - 1), least = queryOf(t, s.firstRow), most = queryOf(t, end);
    if (!group.isConstant(1)) { // rows of two heads: any query
      Value same = t.isZero(t.sub(headOf(t, s.firstRow), headOf(t, end)));
      least = t.select(same, least, t.number(0));
      most = t.select(same, most, t.add(size(t, q.dims[2]), -1));
    }
    auto bound = [&](Value query, int64_t distance) { return near(t, positionOf(t, query), distance); };
    if (left) {
      s.first = t.least(t.greatest(bound(least, -*left), t.number(0)), limit);
      s.firstInside = bound(most, -*left);
    }
    if (right) {
      s.last = t.greatest(t.least(bound(most, plusOne(*right)), limit), s.first);
      s.lastInside = t.least(bound(least, plusOne(*right)), s.last);
    }
    s.window = [this, left, right](ThreadBuilder &u, Value row) {
      Value position = positionOf(u, queryOf(u, row));
      return BlockAttention::Window{left ? near(u, position, -*left) : Value(),
                                    right ? near(u, position, plusOne(*right)) : Value()};
    };
  }
  static int64_t plusOne(int64_t distance) { return std::min(distance, INT64_MAX - 1) + 1; }

  // ---- the mask

  Value addend(ThreadBuilder &u, Value row, Value key) const {
    Value at = ownOrOnly(u, maskDim(3), batch);
    at = u.add(u.mul(at, size(u, maskDim(2))), ownOrOnly(u, maskDim(2), headOf(u, row)));
    at = u.add(u.mul(at, size(u, maskDim(1))), ownOrOnly(u, maskDim(1), queryOf(u, row)));
    at = u.mul(u.toI64(at), u.toI64(size(u, maskDim(0))));
    at = u.add(at, u.toI64(ownOrOnly(u, maskDim(0), key)));
    bool isBool = mask.elementType.isInteger(1);
    Type stored = isBool ? Type(u.b.getI8Type()) : mask.elementType;
    int64_t bytes = stored.getIntOrFloatBitWidth() / 8;
    Value element = u.load(stored, u.offset(maskBase, u.mul(at, bytes)), unsigned(bytes));
    if (isBool)
      return u.select(u.isZero(element), u.f32(-std::numeric_limits<double>::infinity()), u.f32(0));
    return stored.isF32() ? element : Value(arith::ExtFOp::create(u.b, u.loc, u.b.getF32Type(), element));
  }

  const GpuAnchor &a;
  AttentionOp op;
  mutable ThreadBuilder t;
  const KernelTensor &q, &keys, &values;
  KernelTensor mask, lengths, offsets, sinks;
  Dim group;            ///< query heads of a key head
  Value head;           ///< index: among the key heads of all batches
  Value batch, keyHead; ///< i32
  Value maskBase;
  Value offset; ///< i64: position of query 0; null: 0
};

} // namespace

std::optional<LogicalResult> cameo::codegen::emitGpuAttention(const GpuAnchor &a) {
  return Emitter(a, cast<AttentionOp>(a.op)).emit();
}
