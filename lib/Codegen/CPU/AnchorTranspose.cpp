// AnchorTranspose.cpp - cameo.transpose where the last axis moves: square blocks are turned in registers, so that
// memory is read and written a vector at a time. A transpose that keeps the last axis copies runs; its naive loops do
// that well.
#include "Anchors.h"
#include "Shuffles.h"
#include "cameo/Codegen/Permutation.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// About 10 us of work for a thread.
constexpr int64_t kGrainElements = 1 << 15;
/// Elements of the shared axis that are moved together.
constexpr int64_t kSpan = 128;

namespace {

class BlockTransposer {
public:
  BlockTransposer(const Anchor &a, Permutation p)
      : a(a), e(a.b, a.loc()), permutation(std::move(p)), type(movedType(storageType(a.operands[0].elementType))),
        bytes(type.getIntOrFloatBitWidth() / 8), lanes(std::min<int64_t>(16, a.target.vectorBytes / bytes)) {}

  int64_t blockSize() const { return lanes; }
  /// Blocks of rows and columns.
  void emit();
  /// The number of interleaved channels when there are only a few: `columns` (apart) or `rows` (together) is their
  /// axis, and the other one lies next to it.
  std::optional<int64_t> numChannels(const Axis &channels, Dim stride, const Axis &points) const;
  /// Vectors of `points` points, `channels` of them at once.
  void emitChannels(int64_t channels, bool apart);

private:
  Value size(Dim dim) { return e.value(a.extent(dim)); }
  /// Elements before number `index` of the outer axes, in the operand and in the result.
  std::pair<Value, Value> outerOffsets(Value index);
  Dim stepsOver(Dim blocks) const;
  void emitBlock(Value in, Value out, Value row, Value column, bool isEdge);
  void turn(MutableArrayRef<Value> rows);
  Value address(Value base, Value elements) { return e.offset(base, e.mul(elements, bytes)); }

  const Anchor &a;
  Emit e;
  Permutation permutation;
  /// Narrow floats are moved as integers: some levels have no instructions for vectors of them.
  static Type movedType(Type type) {
    return type.isF16() || type.isBF16() ? Type(IntegerType::get(type.getContext(), 16)) : type;
  }

  Type type;
  int64_t bytes, lanes;
};

} // namespace

/// Exchanges bit after bit of the numbers of row and lane.
void BlockTransposer::turn(MutableArrayRef<Value> rows) {
  for (int64_t distance = 1; distance < lanes; distance *= 2)
    for (int64_t r = 0; r < lanes; ++r) {
      if (r & distance)
        continue;
      SmallVector<int64_t> low, high;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        bool second = lane & distance;
        low.push_back(second ? lanes + lane - distance : lane);
        high.push_back(second ? lanes + lane : lane + distance);
      }
      Value x = rows[r], y = rows[r + distance];
      rows[r] = vector::ShuffleOp::create(e.b, e.loc, x, y, low);
      rows[r + distance] = vector::ShuffleOp::create(e.b, e.loc, x, y, high);
    }
}

std::pair<Value, Value> BlockTransposer::outerOffsets(Value rest) {
  Value in = e.number(0), out = e.number(0);
  for (const Axis &axis : llvm::reverse(permutation.outer)) {
    Value index = e.rem(rest, size(axis.size));
    rest = e.div(rest, size(axis.size));
    in = e.add(in, e.mul(index, size(axis.inStride)));
    out = e.add(out, e.mul(index, size(axis.outStride)));
  }
  return {in, out};
}

Dim BlockTransposer::stepsOver(Dim blocks) const {
  for (const Axis &axis : permutation.outer)
    blocks = a.dims().mul(blocks, axis.size);
  return blocks;
}

/// Moves the block at (row, column). At an edge, rows and columns that do not exist are read again or masked.
void BlockTransposer::emitBlock(Value in, Value out, Value row, Value column, bool isEdge) {
  auto vector = VectorType::get({lanes}, type);
  const Axis &rows = permutation.rows, &columns = permutation.columns;
  Value numRows = size(rows.size), numColumns = size(columns.size), columnMask;
  if (isEdge)
    columnMask = e.mask(lanes, column, numColumns);
  SmallVector<Value> block;
  for (int64_t i = 0; i < lanes; ++i) {
    Value r = e.add(row, i);
    if (isEdge)
      r = e.min(r, e.add(numRows, -1));
    Value from = address(in, e.add(e.mul(r, size(rows.inStride)), column));
    if (isEdge)
      block.push_back(LLVM::MaskedLoadOp::create(e.b, e.loc, vector, from, columnMask,
                                                 arith::ConstantOp::create(e.b, e.loc, e.b.getZeroAttr(vector)),
                                                 e.b.getI32IntegerAttr(bytes)));
    else
      block.push_back(LLVM::LoadOp::create(e.b, e.loc, vector, from, bytes));
  }
  turn(block);
  for (int64_t i = 0; i < lanes; ++i) {
    Value c = e.add(column, i), to = address(out, e.add(e.mul(c, size(columns.outStride)), row));
    if (!isEdge) {
      LLVM::StoreOp::create(e.b, e.loc, block[i], to, bytes);
      continue;
    }
    Value limit = e.select(e.compare(Emit::Pred::slt, c, numColumns), numRows, e.number(0));
    LLVM::MaskedStoreOp::create(e.b, e.loc, block[i], to, e.mask(lanes, row, limit), e.b.getI32IntegerAttr(bytes));
  }
}

void BlockTransposer::emit() {
  DimContext &d = a.dims();
  const Axis &rows = permutation.rows, &columns = permutation.columns;
  // Threads share blocks along the longer axis; one walks along the shorter, so that what it writes lies close
  // together.
  auto shorter = [&](const Axis &x, const Axis &y) {
    return x.size.constant() && (!y.size.constant() || *x.size.constant() <= *y.size.constant());
  };
  bool walksRows = shorter(rows, columns);
  const Axis &shared = walksRows ? columns : rows, &walked = walksRows ? rows : columns;
  // Of the shared axis some blocks at once: runs of several cache lines are read or written.
  int64_t span = lanes * std::clamp<int64_t>(shared.size.constant().value_or(kSpan) / (8 * lanes), 1, kSpan / lanes);
  Dim spans = d.ceilDiv(shared.size, span), steps = stepsOver(spans);
  int64_t perStep = span * walked.size.constant().value_or(kGrainElements);
  a.k.setTiles(steps, d.constant(llvm::divideCeil(kGrainElements, std::max<int64_t>(1, perStep))));

  auto [begin, end] = a.slice();
  Value input = a.pointer(a.operands[0]), output = a.pointer(a.results[0]);
  e.loop(begin, end, 1, [&](Value step) {
    auto [from, to] = outerOffsets(e.div(step, size(spans)));
    Value in = address(input, from), out = address(output, to);
    auto wholeOf = [&](Value length) { return e.sub(length, e.rem(length, e.number(lanes))); };
    Value first = e.mul(e.rem(step, size(spans)), span), last = e.min(e.add(first, span), size(shared.size));
    Value length = size(walked.size), whole = wholeOf(length);
    Value wholeLast = e.max(first, e.min(last, wholeOf(size(shared.size))));
    auto blocks = [&](Value at, Value from, Value to, bool isEdge) {
      e.loop(from, to, lanes, [&](Value place) {
        walksRows ? emitBlock(in, out, at, place, isEdge) : emitBlock(in, out, place, at, isEdge);
      });
    };
    e.loop(e.number(0), whole, lanes, [&](Value at) { blocks(at, first, wholeLast, false); });
    e.loop(e.number(0), length, lanes, [&](Value at) {
      blocks(at, e.select(e.compare(Emit::Pred::slt, at, whole), wholeLast, first), last, true);
    });
  });
}

std::optional<int64_t> BlockTransposer::numChannels(const Axis &channels, Dim stride, const Axis &points) const {
  auto count = channels.size.constant(), length = points.size.constant();
  if (!count || 2 * *count >= lanes || !stride.isConstant(*count) || !length || *length < lanes)
    return std::nullopt;
  return *count;
}

void BlockTransposer::emitChannels(int64_t channels, bool apart) {
  DimContext &d = a.dims();
  const Axis &points = apart ? permutation.rows : permutation.columns;
  Dim chunks = d.ceilDiv(points.size, lanes), steps = stepsOver(chunks);
  a.k.setTiles(steps, d.constant(llvm::divideCeil(kGrainElements, lanes * channels)));
  auto [begin, end] = a.slice();
  Value input = a.pointer(a.operands[0]), output = a.pointer(a.results[0]);
  auto vector = VectorType::get({lanes}, type);
  e.loop(begin, end, 1, [&](Value step) {
    auto [from, to] = outerOffsets(e.div(step, size(chunks)));
    // The last chunk overlaps the one before it.
    Value first = e.min(e.mul(e.rem(step, size(chunks)), lanes), e.add(size(points.size), -lanes));
    Value in = address(input, e.add(from, e.mul(first, size(points.inStride))));
    Value out = address(output, e.add(to, e.mul(first, size(points.outStride))));
    SmallVector<Value> loaded;
    for (int64_t c = 0; c < channels; ++c) {
      Value distance = apart ? e.number(c * lanes) : e.mul(e.number(c), size(permutation.rows.inStride));
      loaded.push_back(LLVM::LoadOp::create(e.b, e.loc, vector, address(in, distance), bytes));
    }
    for (int64_t c = 0; c < channels; ++c) {
      // Apart: channel c of point l is element l * channels + c. Together: element i is channel i % channels of its
      // point.
      Value picked = pickElements(e.b, e.loc, loaded, [&](int64_t lane) {
        int64_t element = c * lanes + lane;
        return apart ? lane * channels + c : element % channels * lanes + element / channels;
      });
      Value distance = apart ? e.mul(e.number(c), size(permutation.columns.outStride)) : e.number(c * lanes);
      LLVM::StoreOp::create(e.b, e.loc, picked, address(out, distance), bytes);
    }
  });
}

namespace {
class TunedTranspose final : public TunedOpOf<TransposeOp> {
  std::optional<LogicalResult> emitOp(const Anchor &a, TransposeOp op) const override;
};
} // namespace

const TunedOp &cameo::codegen::tunedTranspose() {
  static const TunedTranspose code;
  return code;
}

std::optional<LogicalResult> TunedTranspose::emitOp(const Anchor &a, TransposeOp op) const {
  if (!a.operands[0].memref || !a.results[0].memref)
    return std::nullopt;
  auto permutation = describePermutation(a.dims(), a.operands[0].dims, op.getPermutation());
  if (!permutation)
    return std::nullopt;
  BlockTransposer transposer(a, *permutation);
  const Axis &rows = permutation->rows, &columns = permutation->columns;
  for (bool apart : {true, false})
    if (auto channels = apart ? transposer.numChannels(columns, rows.inStride, rows)
                              : transposer.numChannels(rows, columns.outStride, columns)) {
      transposer.emitChannels(*channels, apart);
      return success();
    }
  // Blocks that stay mostly empty cost more than scalars.
  for (const Axis &axis : {rows, columns})
    if (auto n = axis.size.constant(); n && 2 * *n < transposer.blockSize())
      return std::nullopt;
  transposer.emit();
  return success();
}
