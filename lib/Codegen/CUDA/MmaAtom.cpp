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
    ThreadPlace at(t, tile);
    Value inEight = t.rem(at.lane, 8), eighth = t.rem(t.div(at.lane, 8), 2), half = t.div(at.lane, 16);
    // Matrices 0 and 1 of A are the two halves of its rows, those of B the two halves of K; 2 and 3 follow in the other
    // direction.
    Value first = t.add(inEight, t.mul(eighth, 8)),
          second = t.mul(half, 8); // row of a matrix, counted over 0 and 1; which pair
    Value otherFirst = t.add(inEight, t.mul(half, 8)), otherSecond = t.mul(eighth, 8); // the same, the pairs exchanged
    Value firstRow = t.mul(at.warpM, rowsPerWarp), firstColumn = t.mul(at.warpN, columnsPerWarp);
    for (int64_t k = 0; k < tile.k; k += kDepth) {
      SmallVector<SmallVector<Value, 4>> a, b;
      for (int64_t row = 0; row < rowsPerWarp; row += kRows) {
        Value base = t.add(firstRow, row), depth = t.number(k);
        a.push_back(lhs.linesAlongK
                        ? loadMatrices(t, lhs, lhsTile, t.add(base, first), t.add(depth, second))
                        : loadMatrices(t, lhs, lhsTile, t.add(depth, otherFirst), t.add(base, otherSecond)));
      }
      for (int64_t column = 0; column < columnsPerWarp; column += 2 * kColumns) {
        Value base = t.add(firstColumn, column), depth = t.number(k);
        auto both = rhs.linesAlongK ? loadMatrices(t, rhs, rhsTile, t.add(base, otherFirst), t.add(depth, otherSecond))
                                    : loadMatrices(t, rhs, rhsTile, t.add(depth, first), t.add(base, second));
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

  void store(ThreadBuilder &t, ArrayRef<Value> sums, StoreRun store) const override {
    ThreadPlace at(t, tile);
    Value row = t.add(t.mul(at.warpM, rowsPerWarp), t.div(at.lane, 4));
    Value column = t.add(t.mul(at.warpN, columnsPerWarp), t.mul(t.rem(at.lane, 4), 2));
    for (int64_t i = 0; i < rowsPerWarp; i += kRows)
      for (int64_t j = 0; j < columnsPerWarp; j += kColumns)
        for (int64_t half = 0; half < 2; ++half) {
          int64_t number = (i / kRows * (columnsPerWarp / kColumns) + j / kColumns) * 4 + 2 * half;
          store(t.add(row, i + 8 * half), t.add(column, j), sums.slice(number, 2));
        }
  }

private:
  SmallVector<Value, 4> loadMatrices(ThreadBuilder &t, const SharedTile &shared, Value base, Value line,
                                     Value column) const {
    Value number = t.add(t.mul(line, shared.pitch()), column);
    StringRef name =
        shared.linesAlongK ? "ldmatrix.sync.aligned.m8n8.x4.b16" : "ldmatrix.sync.aligned.m8n8.x4.trans.b16";
    auto registers = t.intrinsic(name, t.b.getI32Type(), 4, t.offset(base, t.mul(number, 2)));
    if (type.isF16())
      for (Value &v : registers)
        v = LLVM::BitcastOp::create(t.b, t.loc, VectorType::get({2}, type), v);
    return registers;
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
