// SharedTile.cpp - see SharedTile.h.
#include "SharedTile.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo::codegen;

TileSource cameo::codegen::linesOf(Value base, Type type, bool alongK, Value lines, Value columns, Value pitch,
                                   bool inChunks) {
  int64_t bytes = type.getIntOrFloatBitWidth() / 8;
  return {alongK, inChunks, [=](ThreadBuilder &t, Value line, Value column) -> Place {
            Value exists = t.both(t.less(line, lines), t.less(column, columns));
            Value number = t.add(t.mul(t.toI64(line), t.toI64(pitch)), t.toI64(column));
            Value pointer = t.offset(base, t.mul(number, bytes));
            return {t.select(exists, pointer, base), exists};
          }};
}

void TileCopier::commit(ThreadBuilder &t) const {
  if (chip.hasAsyncCopies)
    t.intrinsic("cp.async.commit.group", {}, {});
}

void TileCopier::wait(ThreadBuilder &t, int64_t pending) const {
  if (chip.hasAsyncCopies)
    t.intrinsic("cp.async.wait.group", {}, t.number(pending));
}

void TileCopier::copy(ThreadBuilder &t, const TileSource &source, const SharedTile &tile, Value target, Value firstRow,
                      Value k) const {
  int64_t perLine = tile.columns / tile.chunk(), chunks = tile.lines * perLine;
  for (int64_t first = 0; first < chunks; first += threads) {
    Value chunk = t.add(thread, first);
    auto copy = [&](ThreadBuilder &u) {
      Value line = u.div(chunk, perLine), column = u.mul(u.rem(chunk, perLine), tile.chunk());
      Value to = u.offset(target, u.mul(u.add(u.mul(line, tile.pitch()), column), tile.elementBytes));
      line = u.add(line, source.linesAlongK ? firstRow : k);
      column = u.add(column, source.linesAlongK ? k : firstRow);
      source.inChunks ? copyChunk(u, source, to, line, column) : copyElements(u, source, tile, to, line, column);
    };
    if (first + threads <= chunks) {
      copy(t);
      continue;
    }
    auto branch = scf::IfOp::create(t.b, t.loc, t.less(chunk, t.number(chunks)), /*withElseRegion=*/false);
    OpBuilder inside = branch.getThenBodyBuilder();
    ThreadBuilder u(inside, t.loc);
    copy(u);
  }
}

void TileCopier::copyChunk(ThreadBuilder &t, const TileSource &source, Value to, Value line, Value column) const {
  constexpr unsigned kGlobal = 1;
  Place from = source.place(t, line, column);
  if (chip.hasAsyncCopies) {
    Value global = LLVM::AddrSpaceCastOp::create(t.b, t.loc, t.pointerType(kGlobal), from.pointer);
    t.intrinsic("cp.async.cg.shared.global.16.s", {}, {to, global, t.select(from.exists, t.number(16), t.number(0))});
    return;
  }
  auto type = VectorType::get({4}, t.b.getI32Type());
  Value zeros = LLVM::ZeroOp::create(t.b, t.loc, type);
  t.store(t.select(from.exists, t.load(type, from.pointer, 16), zeros), to, 16);
}

void TileCopier::copyElements(ThreadBuilder &t, const TileSource &source, const SharedTile &tile, Value to, Value line,
                              Value column) const {
  Type bits = t.b.getIntegerType(unsigned(tile.elementBytes * 8));
  Value zero = arith::ConstantOp::create(t.b, t.loc, t.b.getIntegerAttr(bits, 0));
  Value chunk = LLVM::PoisonOp::create(t.b, t.loc, VectorType::get({tile.chunk()}, bits));
  for (int64_t i = 0; i < tile.chunk(); ++i) {
    Place from = source.place(t, line, t.add(column, i));
    Value element = t.select(from.exists, t.load(bits, from.pointer, unsigned(tile.elementBytes)), zero);
    chunk = LLVM::InsertElementOp::create(t.b, t.loc, chunk, element, t.number(i));
  }
  t.store(chunk, to, 16);
}

void TileResult::storeRun(ThreadBuilder &t, Value row, Value column, ArrayRef<Value> run) const {
  int64_t width = run.size();
  if (!fixedColumns || *fixedColumns % width)
    width = 1;
  for (size_t first = 0; first < run.size(); first += size_t(width)) {
    Value from = t.add(column, int64_t(first));
    auto branch = scf::IfOp::create(t.b, t.loc, t.both(t.less(row, rows), t.less(from, columns)),
                                    /*withElseRegion=*/false);
    OpBuilder inside = branch.getThenBodyBuilder();
    store(inside, t.loc, ThreadBuilder(inside, t.loc).vectorOf(run.slice(first, size_t(width))), row, from);
  }
}
