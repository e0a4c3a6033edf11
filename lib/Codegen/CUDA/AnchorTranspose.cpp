// AnchorTranspose.cpp - cameo.transpose where the last axis moves: a block takes 32 x 32 elements through shared
// memory, so that neighbouring threads read and write neighbours. A line of the tile has an element more than it holds,
// for columns to lie in different banks.
#include "GpuAnchors.h"
#include "cameo/Codegen/Permutation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

constexpr int64_t kSide = 32, kThreads = 256, kLinesAtOnce = kThreads / kSide;

namespace {

class Emitter {
public:
  Emitter(const GpuAnchor &a, const Permutation &p)
      : a(a), p(p), t(a.b, a.loc()),
        bytes(llvm::divideCeil(storageType(a.operands[0].elementType).getIntOrFloatBitWidth(), 8)) {}

  void emit() {
    DimContext &d = a.dims();
    Dim down = d.ceilDiv(p.rows.size, kSide), across = d.ceilDiv(p.columns.size, kSide), outer = d.constant(1);
    for (const Axis &axis : p.outer)
      outer = d.mul(outer, axis.size);
    a.k.setTiles(d.mul(d.mul(down, across), outer), d.constant(1));
    setBlock(a.k.sliceBegin().getParentBlock()->getTerminator(), kThreads, kSide * (kSide + 1) * bytes);
    Value number = a.k.sliceBegin(), in = t.toIndex(t.number(0)), out = in;
    auto next = [&](Dim size) {
      Value count = a.k.size(size), at = t.rem(number, count);
      number = t.div(number, count);
      return at;
    };
    Value firstColumn = t.mul(t.toI32(next(across)), kSide), firstRow = t.mul(t.toI32(next(down)), kSide);
    for (const Axis &axis : llvm::reverse(p.outer)) {
      Value at = next(axis.size);
      in = t.add(in, t.mul(at, a.k.size(axis.inStride)));
      out = t.add(out, t.mul(at, a.k.size(axis.outStride)));
    }
    source = a.pointer(a.operands[0]);
    target = a.pointer(a.results[0]);
    Value thread = t.threadNumber(), lane = t.rem(thread, kSide), line = t.div(thread, kSide),
          shared = t.sharedMemory();
    Type element = t.b.getIntegerType(unsigned(bytes * 8));
    auto inTile = [&](ThreadBuilder &u, Value row, Value column) {
      return u.offset(shared, u.mul(u.add(u.mul(row, kSide + 1), column), bytes));
    };
    forLines(firstRow, p.rows, firstColumn, p.columns, line, lane,
             [&](ThreadBuilder &u, Value i, Value row, Value column) {
               Value from = address(u, source, in, row, p.rows.inStride, column);
               u.store(u.load(element, from, unsigned(bytes)), inTile(u, i, lane), unsigned(bytes));
             });
    t.barrier();
    forLines(firstColumn, p.columns, firstRow, p.rows, line, lane,
             [&](ThreadBuilder &u, Value i, Value column, Value row) {
               Value to = address(u, target, out, column, p.columns.outStride, row);
               u.store(u.load(element, inTile(u, lane, i), unsigned(bytes)), to, unsigned(bytes));
             });
  }

private:
  /// The lines of a tile that a thread has an element of, where both exist: number in the tile, line, place in the
  /// line.
  void forLines(Value firstLine, const Axis &lines, Value firstPlace, const Axis &places, Value line, Value lane,
                llvm::function_ref<void(ThreadBuilder &, Value, Value, Value)> body) {
    for (int64_t step = 0; step < kSide; step += kLinesAtOnce) {
      Value i = t.add(line, step), at = t.add(firstLine, i), place = t.add(firstPlace, lane);
      Value exists = t.both(t.less(at, a.size32(lines.size)), t.less(place, a.size32(places.size)));
      auto branch = scf::IfOp::create(t.b, t.loc, exists, /*withElseRegion=*/false);
      OpBuilder inside = branch.getThenBodyBuilder();
      ThreadBuilder u(inside, t.loc);
      body(u, i, at, place);
    }
  }

  Value address(ThreadBuilder &u, Value pointer, Value base, Value line, Dim stride, Value place) {
    Value number = u.add(u.add(base, u.mul(u.toIndex(line), a.k.size(stride))), u.toIndex(place));
    return u.offset(pointer, u.b.createOrFold<arith::IndexCastOp>(u.loc, u.b.getI64Type(), u.mul(number, bytes)));
  }
  const GpuAnchor &a;
  const Permutation &p;
  ThreadBuilder t;
  int64_t bytes;
  Value source, target; ///< pointers
};

} // namespace

std::optional<LogicalResult> cameo::codegen::emitGpuTranspose(const GpuAnchor &a) {
  if (!a.operands[0].memref || !a.results[0].memref)
    return std::nullopt;
  auto p = describePermutation(a.dims(), a.operands[0].dims, cast<TransposeOp>(a.op).getPermutation());
  // A tile that stays mostly empty costs more than what is not read in order.
  auto isThin = [](const Axis &axis) { return axis.size.constant().value_or(kSide) < kLinesAtOnce; };
  if (!p || isThin(p->rows) || isThin(p->columns))
    return std::nullopt;
  Emitter(a, *p).emit();
  return success();
}
