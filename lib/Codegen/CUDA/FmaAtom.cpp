// FmaAtom.cpp - products of f32 by fused multiply-adds. The lanes of a warp are 4 x 8 over its rows and columns; a
// thread has up to 8 of each. Where lines run along K a thread's rows are 4 (its columns 8) apart and it reads 4 steps
// of K at once; else it has runs of 4.
#include "Atom.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

constexpr int64_t kRun = 4; ///< elements of 16 bytes

/// What a thread reads of A or B.
struct Side {
  SharedTile tile;
  int64_t count; ///< rows (columns) of a thread
  int64_t lanes; ///< of a warp, along them
  int64_t perWarp() const { return count * lanes; }

  /// Row (column) `i` of the thread, counted from the warp's first; `lane` is among `lanes`.
  Value row(ThreadBuilder &t, Value lane, int64_t i) const {
    if (tile.linesAlongK)
      return t.add(lane, i * lanes);
    return t.add(t.mul(lane, kRun), i / kRun * kRun * lanes + i % kRun);
  }
};

class FmaAtom final : public Atom {
public:
  FmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs)
      : tile(tile), lhs{lhs, tile.m / tile.warpsM / 4, 4}, rhs{rhs, tile.n / tile.warpsN / 8, 8} {}

  int64_t numAccumulators() const override { return lhs.count * rhs.count; }

  void multiply(ThreadBuilder &t, Value lhsTile, Value rhsTile, SmallVectorImpl<Value> &sums) const override {
    ThreadPlace at(t, tile);
    Value lhsLane = t.div(at.lane, 8), rhsLane = t.rem(at.lane, 8);
    auto loop = scf::ForOp::create(t.b, t.loc, t.number(0), t.number(tile.k), t.number(kRun), sums);
    OpBuilder inside = OpBuilder::atBlockBegin(loop.getBody());
    ThreadBuilder u(inside, t.loc);
    SmallVector<Value> a = read(u, lhs, lhsTile, at.warpM, lhsLane, loop.getInductionVar());
    SmallVector<Value> b = read(u, rhs, rhsTile, at.warpN, rhsLane, loop.getInductionVar());
    SmallVector<Value> carried(loop.getRegionIterArgs());
    for (int64_t k = 0; k < kRun; ++k)
      for (int64_t i = 0; i < lhs.count; ++i)
        for (int64_t j = 0; j < rhs.count; ++j) {
          Value &sum = carried[i * rhs.count + j];
          sum = LLVM::FMAOp::create(inside, t.loc, a[i * kRun + k], b[j * kRun + k], sum);
        }
    scf::YieldOp::create(inside, t.loc, carried);
    sums.assign(loop.getResults().begin(), loop.getResults().end());
  }

  void multiplyHeld(ThreadBuilder &t, ArrayRef<Value> weights, Value scratch, Value rhsTile,
                    SmallVectorImpl<Value> &sums, MutableArrayRef<Value> rowSums) const override {
    // They lie as in what has tile.k columns and lines along K on both sides.
    ThreadPlace at(t, tile);
    Side held{rhs.tile, tile.k / 8, 8};
    held.tile.linesAlongK = true;
    for (auto [i, weight] : llvm::enumerate(weights)) {
      Value &rowSum = rowSums[i / size_t(held.count)];
      rowSum = t.addF(rowSum, weight);
      Value line = row(t, int64_t(i) / held.count), column = held.row(t, t.rem(at.lane, 8), int64_t(i) % held.count);
      t.store(weight, t.offset(scratch, lhs.tile.offset(t, line, column)), 4);
    }
    t.warpBarrier();
    multiply(t, scratch, rhsTile, sums);
  }
  bool sumsWholeRows() const override { return false; }

  int64_t numRows() const override { return lhs.count; }
  int64_t rowOf(int64_t i) const override { return i / rhs.count; }
  Value row(ThreadBuilder &t, int64_t i) const override {
    ThreadPlace at(t, tile);
    return t.add(t.mul(at.warpM, lhs.perWarp()), lhs.row(t, t.div(at.lane, 8), i));
  }
  Value column(ThreadBuilder &t, int64_t i) const override {
    ThreadPlace at(t, tile);
    return t.add(t.mul(at.warpN, rhs.perWarp()), rhs.row(t, t.rem(at.lane, 8), i % rhs.count));
  }
  int64_t run() const override { return rhs.tile.linesAlongK ? 1 : kRun; }
  int64_t lanesOfRow() const override { return 8; }

private:
  /// Elements (row i, k + j) of the thread's rows, at i * kRun + j.
  SmallVector<Value> read(ThreadBuilder &t, const Side &side, Value base, Value warp, Value lane, Value k) const {
    auto type = VectorType::get({kRun}, t.b.getF32Type());
    SmallVector<Value> elements(side.count * kRun);
    auto readRun = [&](Value line, Value column, int64_t first, int64_t step) {
      Value vector = t.load(type, t.offset(base, side.tile.offset(t, line, column)), 16);
      for (int64_t j = 0; j < kRun; ++j)
        elements[first + j * step] = LLVM::ExtractElementOp::create(t.b, t.loc, vector, t.number(j));
    };
    Value firstRow = t.mul(warp, side.perWarp());
    if (side.tile.linesAlongK) {
      for (int64_t i = 0; i < side.count; ++i)
        readRun(t.add(firstRow, side.row(t, lane, i)), k, i * kRun, 1);
    } else {
      for (int64_t j = 0; j < kRun; ++j)
        for (int64_t i = 0; i < side.count; i += kRun)
          readRun(t.add(k, j), t.add(firstRow, side.row(t, lane, i)), i * kRun + j, kRun);
    }
    return elements;
  }

  BlockTile tile;
  Side lhs, rhs;
};

} // namespace

std::unique_ptr<Atom> cameo::codegen::makeFmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs) {
  return std::make_unique<FmaAtom>(tile, lhs, rhs);
}
