// SharedTile.cpp - see SharedTile.h.
#include "SharedTile.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo::codegen;

TileSource cameo::codegen::linesOf(Value base, Type type, bool alongK, Value lines, Value columns, Value pitch,
                                   bool inChunks, Value step) {
  int64_t bytes = type.getIntOrFloatBitWidth() / 8;
  auto place = [=](ThreadBuilder &t, Value line, Value column) -> Place {
    Value exists = t.both(t.less(line, lines), t.less(column, columns));
    Value inLine = step ? t.mul(t.toI64(column), t.toI64(step)) : t.toI64(column);
    Value number = t.add(t.mul(t.toI64(line), t.toI64(pitch)), inLine);
    Value pointer = t.offset(base, t.mul(number, bytes));
    return {t.select(exists, pointer, base), exists};
  };
  return {alongK, inChunks, place, /*fill=*/{}};
}

Value SharedTile::offset(ThreadBuilder &t, Value line, Value column) const {
  if (!isSwizzled)
    return t.mul(t.add(t.mul(line, pitch()), column), elementBytes);
  int64_t perRun = kRunBytes / elementBytes;
  Value chunkOfRun = t.exclusiveOr(t.div(t.rem(column, perRun), chunk()), t.rem(line, kPatternLines));
  Value inRun = t.add(t.mul(line, kRunBytes), t.mul(chunkOfRun, chunk() * elementBytes));
  return t.add(t.mul(t.div(column, perRun), runBytes()), inRun);
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
      Value to = u.offset(target, tile.offset(u, line, column));
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
  if (chip.hasAsyncCopies && !source.fill) {
    Value global = LLVM::AddrSpaceCastOp::create(t.b, t.loc, t.pointerType(kGlobal), from.pointer);
    t.intrinsic("cp.async.cg.shared.global.16.s", {}, {to, global, t.select(from.exists, t.number(16), t.number(0))});
    return;
  }
  auto type = VectorType::get({4}, t.b.getI32Type());
  Value otherwise = LLVM::ZeroOp::create(t.b, t.loc, type);
  if (source.fill) {
    Value four = t.mul(arith::ExtUIOp::create(t.b, t.loc, t.b.getI32Type(), source.fill), 0x01010101);
    otherwise = t.vectorOf({four, four, four, four});
  }
  t.store(t.select(from.exists, t.load(type, from.pointer, 16), otherwise), to, 16);
}

void TileCopier::copyElements(ThreadBuilder &t, const TileSource &source, const SharedTile &tile, Value to, Value line,
                              Value column) const {
  Type bits = t.b.getIntegerType(unsigned(tile.elementBytes * 8));
  Value otherwise =
      source.fill ? source.fill : Value(arith::ConstantOp::create(t.b, t.loc, t.b.getIntegerAttr(bits, 0)));
  SmallVector<Value> chunk;
  for (int64_t i = 0; i < tile.chunk(); ++i) {
    Place from = source.place(t, line, t.add(column, i));
    chunk.push_back(t.select(from.exists, t.load(bits, from.pointer, unsigned(tile.elementBytes)), otherwise));
  }
  t.store(t.vectorOf(chunk), to, 16);
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
