// Contraction.cpp - see Contraction.h: tiles, copies to shared memory, the loop over K.
#include "Contraction.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo::codegen;

/// Blocks that keep a large chip busy: about one per multiprocessor.
constexpr int64_t kEnoughBlocks = 100;

/// The largest first; of tensor cores K is in bytes. Warpgroups read a run of 128 bytes per line.
static constexpr BlockTile kFmaTiles[] = {{128, 128, 16, 4, 2, 2}, {64, 64, 16, 2, 1, 3}, {32, 32, 16, 2, 1, 3}};
static constexpr BlockTile kMmaTiles[] = {{128, 128, 64, 2, 4, 3}, {64, 64, 64, 2, 2, 3}, {32, 32, 64, 2, 2, 3}};
static constexpr BlockTile kWgmmaTiles[] = {
    {128, 256, 128, 8, 1, 4, true}, {128, 128, 128, 8, 1, 6, true}, {64, 64, 128, 4, 1, 6, true}};

std::optional<BlockTile> cameo::codegen::chooseTile(const PtxTarget &chip, const Factors &factors,
                                                    std::optional<int64_t> m, std::optional<int64_t> n,
                                                    std::optional<int64_t> batch) {
  if (!factors.fit(chip))
    return std::nullopt;
  constexpr int64_t kLarge = 1 << 14;
  int64_t rows = m.value_or(kLarge), columns = n.value_or(kLarge);
  // Enough blocks, and more than half of a tile's rows and columns used.
  auto suits = [&](const BlockTile &tile) {
    int64_t blocks = int64_t(llvm::divideCeil(rows, tile.m) * llvm::divideCeil(columns, tile.n)) * batch.value_or(1);
    return blocks >= kEnoughBlocks && 2 * rows > tile.m && 2 * columns > tile.n;
  };
  SmallVector<BlockTile> tiles;
  if (factors.useFma())
    llvm::append_range(tiles, kFmaTiles);
  else if (factors.fitWgmma(chip))
    llvm::append_range(tiles, kWgmmaTiles);
  if (!factors.useFma())
    llvm::append_range(tiles, kMmaTiles);
  const BlockTile *found = llvm::find_if(tiles, suits);
  BlockTile tile = found == tiles.end() ? tiles.back() : *found;
  if (!factors.useFma())
    tile.k /= factors.bytes();
  return tile;
}

static SharedTile lhsTile(const BlockContraction &c) {
  return {c.lhs.linesAlongK, c.tile.m, c.tile.k, c.factors.bytes(), c.tile.isForWarpgroups};
}
static SharedTile rhsTile(const BlockContraction &c) {
  return {c.rhs.linesAlongK, c.tile.n, c.tile.k, c.factors.bytes(), c.tile.isForWarpgroups};
}

namespace {

class Emitter {
public:
  Emitter(OpBuilder &b, Location loc, const PtxTarget &chip, const BlockContraction &c)
      : t(b, loc), c(c), tile(c.tile), lhs(lhsTile(c)), rhs(rhsTile(c)),
        atom(makeAtom(tile, lhs, rhs, c.factors, c.zeros)), ahead(tile.stages - 1 - atom->stepsUnderWay()),
        shared(t.sharedMemory()), copier(chip, tile.threads(), t.threadNumber()) {}

  void emit() {
    for (int64_t step = 0; step < ahead; ++step)
      copyStep(t, t.number(step));
    Value steps = t.div(t.add(c.k, tile.k - 1), tile.k);
    Value zero = arith::ConstantOp::create(t.b, t.loc, t.b.getZeroAttr(c.factors.sum()));
    SmallVector<Value> sums(atom->numAccumulators(), zero);
    auto loop = scf::ForOp::create(t.b, t.loc, t.number(0), steps, t.number(1), sums);
    {
      OpBuilder inside = OpBuilder::atBlockBegin(loop.getBody());
      ThreadBuilder u(inside, t.loc);
      Value step = loop.getInductionVar();
      copier.wait(u, ahead - 1);
      atom->showCopies(u);
      u.barrier();
      copyStep(u, u.add(step, ahead));
      SmallVector<Value> carried(loop.getRegionIterArgs());
      Value stage = stageOf(u, step);
      atom->multiply(u, stage, u.offset(stage, u.number(lhs.bytes())), carried);
      scf::YieldOp::create(inside, t.loc, carried);
    }
    copier.wait(t, 0); // none may be under way when the block ends
    SmallVector<Value> sumsInTheEnd(loop.getResults());
    atom->finish(t, sumsInTheEnd);
    atom->store(t, atom->results(t, sumsInTheEnd, c.firstColumn), c.firstRow, c.firstColumn, c.result);
  }

private:
  Value stageOf(ThreadBuilder &u, Value step) {
    return u.offset(shared, u.mul(u.rem(step, tile.stages), lhs.bytes() + rhs.bytes()));
  }

  void copyStep(ThreadBuilder &u, Value step) {
    Value stage = stageOf(u, step), k = u.mul(step, tile.k);
    copier.copy(u, c.lhs, lhs, stage, c.firstRow, k);
    copier.copy(u, c.rhs, rhs, u.offset(stage, u.number(lhs.bytes())), c.firstColumn, k);
    copier.commit(u);
  }

  ThreadBuilder t;
  const BlockContraction &c;
  const BlockTile &tile;
  SharedTile lhs, rhs;
  std::unique_ptr<Atom> atom;
  int64_t ahead; ///< steps between what is copied and what is multiplied
  Value shared;
  TileCopier copier;
};

} // namespace

int64_t cameo::codegen::sharedBytes(const BlockContraction &c) {
  return c.tile.stages * (lhsTile(c).bytes() + rhsTile(c).bytes());
}

void cameo::codegen::emitContraction(OpBuilder &b, Location loc, const PtxTarget &chip, const BlockContraction &c) {
  Emitter(b, loc, chip, c).emit();
}
