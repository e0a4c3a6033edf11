// Contraction.cpp - see Contraction.h: tiles, copies to shared memory, the loop over K.
#include "Contraction.h"
#include "Atom.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo::codegen;

/// Blocks that keep a large chip busy: about one per multiprocessor.
constexpr int64_t kEnoughBlocks = 100;

/// Tiles of f32, and of f16 and bf16, the largest first.
static constexpr BlockTile kFmaTiles[] = {{128, 128, 16, 4, 2, 2}, {64, 64, 16, 2, 1, 3}, {32, 32, 16, 2, 1, 3}};
static constexpr BlockTile kMmaTiles[] = {{128, 128, 32, 2, 4, 3}, {64, 64, 32, 2, 2, 3}, {32, 32, 32, 2, 2, 3}};

std::optional<BlockTile> cameo::codegen::chooseTile(const PtxTarget &chip, Type type, std::optional<int64_t> m,
                                                    std::optional<int64_t> n, std::optional<int64_t> batch) {
  if (!type.isF32() && !(chip.hasMma16 && (type.isF16() || type.isBF16())))
    return std::nullopt;
  constexpr int64_t kLarge = 1 << 14;
  ArrayRef<BlockTile> tiles = type.isF32() ? ArrayRef(kFmaTiles) : ArrayRef(kMmaTiles);
  for (const BlockTile &tile : tiles)
    if (llvm::divideCeil(m.value_or(kLarge), tile.m) * llvm::divideCeil(n.value_or(kLarge), tile.n) *
            batch.value_or(1) >=
        kEnoughBlocks)
      return tile;
  return tiles.back();
}

namespace {

class Emitter {
public:
  Emitter(OpBuilder &b, Location loc, const PtxTarget &chip, const BlockContraction &c)
      : t(b, loc), chip(chip), c(c), tile(c.tile), elementBytes(c.type.getIntOrFloatBitWidth() / 8),
        lhs(c.lhs, tile.m, tile.k, elementBytes), rhs(c.rhs, tile.n, tile.k, elementBytes),
        atom(c.type.isF32() ? makeFmaAtom(tile, lhs, rhs) : makeMmaAtom(tile, lhs, rhs, c.type)) {}

  int64_t stageBytes() const { return lhs.bytes() + rhs.bytes(); }

  void emit() {
    thread = t.threadNumber();
    shared = t.sharedMemory();
    for (int64_t stage = 0; stage + 1 < tile.stages; ++stage)
      copyStep(t, t.number(stage));
    Value steps = t.div(t.add(c.k, tile.k - 1), tile.k);
    Value zero = arith::ConstantOp::create(t.b, t.loc, t.b.getF32FloatAttr(0));
    SmallVector<Value> sums(atom->numAccumulators(), zero);
    auto loop = scf::ForOp::create(t.b, t.loc, t.number(0), steps, t.number(1), sums);
    {
      OpBuilder inside = OpBuilder::atBlockBegin(loop.getBody());
      ThreadBuilder u(inside, t.loc);
      Value step = loop.getInductionVar();
      if (chip.hasAsyncCopies)
        u.intrinsic("cp.async.wait.group", {}, u.number(tile.stages - 2));
      u.barrier();
      copyStep(u, u.add(step, tile.stages - 1));
      SmallVector<Value> carried(loop.getRegionIterArgs());
      Value stage = stageOf(u, step);
      atom->multiply(u, stage, u.offset(stage, u.number(lhs.bytes())), carried);
      scf::YieldOp::create(inside, t.loc, carried);
    }
    if (chip.hasAsyncCopies) // none may be under way when the block ends
      t.intrinsic("cp.async.wait.group", {}, t.number(0));
    SmallVector<Value> results(loop.getResults());
    atom->store(t, results, [&](Value row, Value column, ArrayRef<Value> run) { storeRun(row, column, run); });
  }

private:
  Value stageOf(ThreadBuilder &u, Value step) {
    return u.offset(shared, u.mul(u.rem(step, tile.stages), stageBytes()));
  }

  void copyStep(ThreadBuilder &u, Value step) {
    Value stage = stageOf(u, step), k = u.mul(step, tile.k);
    copyTile(u, c.lhs, lhs, stage, c.firstRow, k);
    copyTile(u, c.rhs, rhs, u.offset(stage, u.number(lhs.bytes())), c.firstColumn, k);
    if (chip.hasAsyncCopies)
      u.intrinsic("cp.async.commit.group", {}, {});
  }

  void copyTile(ThreadBuilder &u, const ContractionOperand &operand, const SharedTile &s, Value target, Value firstRow,
                Value k) {
    int64_t perLine = s.columns / s.chunk(), chunks = s.lines * perLine;
    for (int64_t first = 0; first < chunks; first += tile.threads()) {
      Value chunk = u.add(thread, first);
      auto copy = [&](ThreadBuilder &v) {
        Value line = v.div(chunk, perLine), column = v.mul(v.rem(chunk, perLine), s.chunk());
        Value to = v.offset(target, v.mul(v.add(v.mul(line, s.pitch()), column), elementBytes));
        line = v.add(line, operand.linesAlongK ? firstRow : k);
        column = v.add(column, operand.linesAlongK ? k : firstRow);
        operand.inChunks ? copyChunk(v, operand, to, line, column) : copyElements(v, operand, s, to, line, column);
      };
      if (first + tile.threads() <= chunks) {
        copy(u);
        continue;
      }
      auto branch = scf::IfOp::create(u.b, u.loc, u.less(chunk, u.number(chunks)), /*withElseRegion=*/false);
      OpBuilder inside = branch.getThenBodyBuilder();
      ThreadBuilder v(inside, u.loc);
      copy(v);
    }
  }

  void copyChunk(ThreadBuilder &u, const ContractionOperand &operand, Value to, Value line, Value column) {
    constexpr unsigned kGlobal = 1;
    Place from = operand.place(u, line, column);
    if (chip.hasAsyncCopies) {
      Value global = LLVM::AddrSpaceCastOp::create(u.b, u.loc, u.pointerType(kGlobal), from.pointer);
      u.intrinsic("cp.async.cg.shared.global.16.s", {}, {to, global, u.select(from.exists, u.number(16), u.number(0))});
      return;
    }
    auto type = VectorType::get({4}, u.b.getI32Type());
    Value zeros = LLVM::ZeroOp::create(u.b, u.loc, type);
    u.store(u.select(from.exists, u.load(type, from.pointer, 16), zeros), to, 16);
  }

  void copyElements(ThreadBuilder &u, const ContractionOperand &operand, const SharedTile &s, Value to, Value line,
                    Value column) {
    Type bits = u.b.getIntegerType(unsigned(elementBytes * 8));
    Value zero = arith::ConstantOp::create(u.b, u.loc, u.b.getIntegerAttr(bits, 0));
    Value chunk = LLVM::PoisonOp::create(u.b, u.loc, VectorType::get({s.chunk()}, bits));
    for (int64_t i = 0; i < s.chunk(); ++i) {
      Place from = operand.place(u, line, u.add(column, i));
      Value element = u.select(from.exists, u.load(bits, from.pointer, unsigned(elementBytes)), zero);
      chunk = LLVM::InsertElementOp::create(u.b, u.loc, chunk, element, u.number(i));
    }
    u.store(chunk, to, 16);
  }

  /// Stores what exists of a run: as one vector where its end exists with its beginning.
  void storeRun(Value row, Value column, ArrayRef<Value> run) {
    row = t.add(c.firstRow, row);
    column = t.add(c.firstColumn, column);
    int64_t width = run.size();
    if (!c.fixedColumns || *c.fixedColumns % width)
      width = 1;
    for (size_t first = 0; first < run.size(); first += size_t(width)) {
      Value from = t.add(column, int64_t(first));
      Value exists = t.both(t.less(row, c.rows), t.less(from, c.columns));
      auto branch = scf::IfOp::create(t.b, t.loc, exists, /*withElseRegion=*/false);
      OpBuilder inside = branch.getThenBodyBuilder();
      Value vector = LLVM::PoisonOp::create(inside, t.loc, VectorType::get({width}, inside.getF32Type()));
      for (auto [i, element] : llvm::enumerate(run.slice(first, size_t(width))))
        vector = LLVM::InsertElementOp::create(inside, t.loc, vector, element,
                                               arith::ConstantIntOp::create(inside, t.loc, inside.getI32Type(), i));
      c.store(inside, t.loc, vector, row, from);
    }
  }

  ThreadBuilder t;
  const PtxTarget &chip;
  const BlockContraction &c;
  const BlockTile &tile;
  int64_t elementBytes;
  SharedTile lhs, rhs;
  std::unique_ptr<Atom> atom;
  Value thread, shared;
};

} // namespace

int64_t cameo::codegen::sharedBytes(const BlockContraction &c) {
  int64_t bytes = c.type.getIntOrFloatBitWidth() / 8;
  return c.tile.stages *
         (SharedTile(c.lhs, c.tile.m, c.tile.k, bytes).bytes() + SharedTile(c.rhs, c.tile.n, c.tile.k, bytes).bytes());
}

void cameo::codegen::emitContraction(OpBuilder &b, Location loc, const PtxTarget &chip, const BlockContraction &c) {
  Emitter(b, loc, chip, c).emit();
}
