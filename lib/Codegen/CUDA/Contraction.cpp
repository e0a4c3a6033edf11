// Contraction.cpp - see Contraction.h: copies to shared memory, the loop over K.
#include "Contraction.h"

using namespace mlir;
using namespace cameo::codegen;

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
        atom(makeAtom(tile, lhs, rhs, c.factors, zerosOfPart())), ahead(tile.stages - 1 - atom->stepsUnderWay()),
        shared(t.sharedMemory()), copier(chip, tile.threads(), t.threadNumber()) {}

  void emit() {
    steps = t.div(t.add(c.k, tile.k - 1), tile.k);
    Value first = t.number(0);
    last = steps;
    if (c.part) {
      Value ofPart = t.div(t.add(steps, c.parts - 1), c.parts);
      first = t.mul(c.part, ofPart);
      last = t.least(t.add(first, ofPart), steps);
    }
    for (int64_t step = 0; step < ahead; ++step)
      copyStep(t, t.add(first, step));
    Value zero = arith::ConstantOp::create(t.b, t.loc, t.b.getZeroAttr(c.factors.sum()));
    SmallVector<Value> sums(atom->numAccumulators(), zero);
    auto loop = scf::ForOp::create(t.b, t.loc, first, last, t.number(1), sums);
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
  /// The product of all zero points belongs to one part.
  ByteZeros zerosOfPart() {
    ByteZeros zeros = c.zeros;
    if (c.part && zeros.terms)
      zeros.terms = t.select(t.isZero(c.part), zeros.terms, t.number(0));
    return zeros;
  }

  Value stageOf(ThreadBuilder &u, Value step) {
    return u.offset(shared, u.mul(u.rem(step, tile.stages), lhs.bytes() + rhs.bytes()));
  }

  void copyStep(ThreadBuilder &u, Value step) {
    // What is beyond K is not read: nor are the steps of the next part.
    Value existing = c.part ? u.select(u.less(step, last), step, steps) : step;
    Value stage = stageOf(u, step), k = u.mul(existing, tile.k);
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
  Value steps, last; ///< i32: along K, the end of the block's
  TileCopier copier;
};

} // namespace

int64_t cameo::codegen::sharedBytes(const BlockContraction &c) {
  return c.tile.stages * (lhsTile(c).bytes() + rhsTile(c).bytes());
}

void cameo::codegen::emitContraction(OpBuilder &b, Location loc, const PtxTarget &chip, const BlockContraction &c) {
  Emitter(b, loc, chip, c).emit();
}
