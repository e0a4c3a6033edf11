// MmaAtom.cpp - products of f16 and bf16 by mma.sync.m16n8k16, sums in f32. Fragments come from shared memory by
// ldmatrix, which reads four 8 x 8 matrices at once, each lane giving the address of one row of one; where lines do not
// run along K it transposes them.
#include "Atom.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

constexpr int64_t kRows = 16, kColumns = 8, kDepth = 16; ///< of one instruction

class MmaAtom final : public Atom {
public:
  MmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs, Type type)
      : tile(tile), lhs(lhs), rhs(rhs), type(type), rowsPerWarp(tile.m / tile.warpsM),
        columnsPerWarp(tile.n / tile.warpsN) {}

  int64_t numAccumulators() const override { return rowsPerWarp * columnsPerWarp / 32; }

  void multiply(ThreadBuilder &t, Value lhsTile, Value rhsTile, SmallVectorImpl<Value> &sums) const override {
    RowOfMatrices lane(t);
    Value firstRow = t.mul(ThreadPlace(t, tile).warpM, rowsPerWarp);
    multiply(t, rhsTile, sums, [&](int64_t row, int64_t k) {
      Value base = t.add(firstRow, row), depth = t.number(k);
      return lhs.linesAlongK ? load(t, lhs, lhsTile, t.add(base, lane.first), t.add(depth, lane.second))
                             : load(t, lhs, lhsTile, t.add(depth, lane.otherFirst), t.add(base, lane.otherSecond));
    });
  }

  void multiplyHeld(ThreadBuilder &t, ArrayRef<Value> held, Value, Value rhsTile,
                    SmallVectorImpl<Value> &sums) const override {
    // A pair of neighbouring accumulators lies in C where a register lies in A.
    multiply(t, rhsTile, sums, [&](int64_t row, int64_t k) {
      size_t first = size_t((row / kRows * tile.k + k) / kColumns * 4);
      Fragment a;
      for (size_t i = 0; i < 4; ++i)
        a.push_back(pair(t, held[first + 2 * i], held[first + 2 * i + 1]));
      return a;
    });
  }
  bool needsScratch() const override { return false; }

  int64_t numRows() const override { return rowsPerWarp / 8; }
  int64_t rowOf(int64_t i) const override { return i / (columnsPerWarp / 2) * 2 + i % 4 / 2; }
  Value row(ThreadBuilder &t, int64_t i) const override {
    ThreadPlace at(t, tile);
    return t.add(t.add(t.mul(at.warpM, rowsPerWarp), t.div(at.lane, 4)), i * 8);
  }
  Value column(ThreadBuilder &t, int64_t i) const override {
    ThreadPlace at(t, tile);
    Value first = t.add(t.mul(at.warpN, columnsPerWarp), t.mul(t.rem(at.lane, 4), 2));
    return t.add(first, i % (columnsPerWarp / 2) / 4 * kColumns + i % 2);
  }
  int64_t run() const override { return 2; }
  int64_t lanesOfRow() const override { return 4; }

private:
  using Fragment = SmallVector<Value, 4>;

  /// Which row of which matrix a lane points at: matrices 0 and 1 of A are the two halves of its rows, those of B the
  /// two halves of K; 2 and 3 follow in the other direction.
  struct RowOfMatrices {
    Value first, second;           ///< row, counted over 0 and 1; where the pair begins
    Value otherFirst, otherSecond; ///< the same, the pairs exchanged
    explicit RowOfMatrices(ThreadBuilder &t) {
      Value lane = t.rem(t.threadNumber(), 32), inEight = t.rem(lane, 8);
      Value eighth = t.rem(t.div(lane, 8), 2), half = t.div(lane, 16);
      first = t.add(inEight, t.mul(eighth, 8));
      second = t.mul(half, 8);
      otherFirst = t.add(inEight, t.mul(half, 8));
      otherSecond = t.mul(eighth, 8);
    }
  };

  /// `lhsAt` gives the registers of A for 16 rows of the warp and 16 of K.
  void multiply(ThreadBuilder &t, Value rhsTile, SmallVectorImpl<Value> &sums,
                llvm::function_ref<Fragment(int64_t row, int64_t k)> lhsAt) const {
    RowOfMatrices lane(t);
    Value firstColumn = t.mul(ThreadPlace(t, tile).warpN, columnsPerWarp);
    for (int64_t k = 0; k < tile.k; k += kDepth) {
      SmallVector<Fragment> a, b;
      for (int64_t row = 0; row < rowsPerWarp; row += kRows)
        a.push_back(lhsAt(row, k));
      for (int64_t column = 0; column < columnsPerWarp; column += 2 * kColumns) {
        Value base = t.add(firstColumn, column), depth = t.number(k);
        Fragment both = rhs.linesAlongK
                            ? load(t, rhs, rhsTile, t.add(base, lane.otherFirst), t.add(depth, lane.otherSecond))
                            : load(t, rhs, rhsTile, t.add(depth, lane.first), t.add(base, lane.second));
        b.push_back({both[0], both[1]});
        b.push_back({both[2], both[3]});
      }
      for (size_t i = 0; i < a.size(); ++i)
        for (size_t j = 0; j < b.size(); ++j) {
          MutableArrayRef<Value> c(&sums[(i * b.size() + j) * 4], 4);
          SmallVector<Value> operands(a[i].begin(), a[i].end());
          llvm::append_range(operands, b[j]);
          llvm::append_range(operands, c);
          StringRef name = type.isF16() ? "mma.m16n8k16.row.col.f32.f32" : "mma.m16n8k16.row.col.bf16";
          llvm::copy(t.intrinsic(name, t.b.getF32Type(), 4, operands), c.begin());
        }
    }
  }

  Fragment load(ThreadBuilder &t, const SharedTile &shared, Value base, Value line, Value column) const {
    Value number = t.add(t.mul(line, shared.pitch()), column);
    StringRef name =
        shared.linesAlongK ? "ldmatrix.sync.aligned.m8n8.x4.b16" : "ldmatrix.sync.aligned.m8n8.x4.trans.b16";
    Fragment registers = t.intrinsic(name, t.b.getI32Type(), 4, t.offset(base, t.mul(number, 2)));
    if (type.isF16())
      for (Value &v : registers)
        v = LLVM::BitcastOp::create(t.b, t.loc, VectorType::get({2}, type), v);
    return registers;
  }

  /// Two f32, rounded, as a register of A.
  Value pair(ThreadBuilder &t, Value low, Value high) const {
    StringRef name = type.isF16() ? "ff2f16x2.rn" : "ff2bf16x2.rn";
    Value both = t.intrinsic(name, VectorType::get({2}, type), {high, low});
    return type.isF16() ? both : Value(LLVM::BitcastOp::create(t.b, t.loc, t.b.getI32Type(), both));
  }

  BlockTile tile;
  SharedTile lhs, rhs;
  Type type;
  int64_t rowsPerWarp, columnsPerWarp;
};

} // namespace

std::unique_ptr<Atom> cameo::codegen::makeMmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs,
                                                  Type type) {
  return std::make_unique<MmaAtom>(tile, lhs, rhs, type);
}

std::unique_ptr<Atom> cameo::codegen::makeAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs,
                                               Type type) {
  return type.isF32() ? makeFmaAtom(tile, lhs, rhs) : makeMmaAtom(tile, lhs, rhs, type);
}

bool cameo::codegen::hasAtom(const PtxTarget &chip, Type type) {
  return type.isF32() || (chip.hasMma16 && (type.isF16() || type.isBF16()));
}
