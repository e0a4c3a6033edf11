// MmaAtom.cpp - products by tensor cores, sums in f32 or, of bytes, in i32. An instruction takes 16 rows, 8 columns and
// 32 bytes along K: m16n8k16 of f16 and bf16, m16n8k8 of tf32, m16n8k32 of bytes. Fragments come from shared memory by
// ldmatrix, which reads four matrices of 8 x 16 bytes at once, each lane giving the address of one row of one; where
// lines do not run along K it transposes them, element by element of two bytes.
//
// Zero points of bytes: sum (a - x)(b - y) = sum ab - x (sum b - n y) - y sum a. Sums of rows of A and of columns of B
// are products with ones, which lie as the other accumulators do.
#include "TensorRows.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

constexpr int64_t kRows = 16, kColumns = 8, kDepthBytes = 32, kRowBytes = 16; ///< of one instruction, of a matrix

class MmaAtom final : public TensorRows {
public:
  MmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs, const Factors &factors,
          const ByteZeros &zeros)
      : TensorRows(tile), lhs(lhs), rhs(rhs), factors(factors), zeros(zeros), depth(kDepthBytes / factors.bytes()),
        half(kRowBytes / factors.bytes()), products(rowsPerWarp * columnsPerWarp / 32),
        rowSums(zeros.rhs ? rowsPerWarp / kRows * 4 : 0), columnSums(zeros.lhs ? columnsPerWarp / kColumns * 4 : 0) {}

  int64_t numAccumulators() const override { return products + rowSums + columnSums; }

  void multiply(ThreadBuilder &t, Value lhsTile, Value rhsTile, SmallVectorImpl<Value> &sums) const override {
    RowOfMatrices lane(t, half);
    Value firstRow = t.mul(ThreadPlace(t, tile).warpM, rowsPerWarp);
    multiply(t, rhsTile, sums, [&](int64_t row, int64_t k) {
      Value base = t.add(firstRow, row), at = t.number(k);
      return lhs.linesAlongK ? load(t, lhs, lhsTile, t.add(base, lane.first), t.add(at, lane.second))
                             : load(t, lhs, lhsTile, t.add(at, lane.otherFirst), t.add(base, lane.otherSecond));
    });
  }

  /// Of f16 and bf16. Rows are summed as rounded, by products with ones.
  void multiplyHeld(ThreadBuilder &t, ArrayRef<Value> held, Value, Value rhsTile, SmallVectorImpl<Value> &sums,
                    MutableArrayRef<Value> rowSums) const override {
    constexpr int64_t kOnesOfF16 = 0x3c003c00, kOnesOfBf16 = 0x3f803f80;
    Fragment ones(2, word(t, t.number(factors.lhs.isF16() ? kOnesOfF16 : kOnesOfBf16)));
    multiply(t, rhsTile, sums, [&](int64_t row, int64_t k) {
      Fragment a = fragmentOf(t, held.slice(size_t((row / kRows * tile.k + k) / kColumns * 4), 8), factors.lhs);
      for (Value &bits : a)
        bits = word(t, bits);
      Value &upper = rowSums[size_t(row / kRows * 2)], &lower = rowSums[size_t(row / kRows * 2 + 1)];
      Value c[] = {upper, upper, lower, lower};
      add(t, a, ones, c);
      upper = c[0];
      lower = c[2];
      return a;
    });
  }
  bool sumsWholeRows() const override { return true; }

  SmallVector<Value> results(ThreadBuilder &t, ArrayRef<Value> sums, Value firstColumn) const override {
    SmallVector<Value> results(sums.take_front(size_t(products)));
    for (int64_t i = 0; i < products && (zeros.lhs || zeros.rhs); ++i) {
      Value &result = results[size_t(i)];
      Value zero = zeros.rhs ? zeros.rhs(t, t.add(firstColumn, column(t, i))) : Value();
      int64_t perRow = columnsPerWarp / 2, ofTile = i % 4;
      if (zeros.lhs) {
        Value ofColumn = sums[size_t(products + rowSums + i % perRow / 4 * 4 + ofTile)];
        if (zero)
          ofColumn = t.sub(ofColumn, t.mul(zeros.terms, zero));
        result = t.sub(result, t.mul(zeros.lhs, ofColumn));
      }
      if (zero)
        result = t.sub(result, t.mul(zero, sums[size_t(products + i / perRow * 4 + ofTile)]));
    }
    return results;
  }

private:
  /// Which row of which matrix a lane points at: matrices 0 and 1 of A are the two halves of its rows, those of B the
  /// two halves of K; 2 and 3 follow in the other direction.
  struct RowOfMatrices {
    Value first, second;           ///< row, counted over 0 and 1; where the pair begins
    Value otherFirst, otherSecond; ///< the same, the pairs exchanged
    RowOfMatrices(ThreadBuilder &t, int64_t columns) {
      Value lane = t.rem(t.threadNumber(), 32), inEight = t.rem(lane, 8);
      Value eighth = t.rem(t.div(lane, 8), 2), half = t.div(lane, 16);
      first = t.add(inEight, t.mul(eighth, 8));
      second = t.mul(half, columns);
      otherFirst = t.add(inEight, t.mul(half, 8));
      otherSecond = t.mul(eighth, columns);
    }
  };

  /// `lhsAt` gives the registers of A for 16 rows of the warp, from `k` on.
  void multiply(ThreadBuilder &t, Value rhsTile, SmallVectorImpl<Value> &sums,
                llvm::function_ref<Fragment(int64_t row, int64_t k)> lhsAt) const {
    RowOfMatrices lane(t, half);
    Value firstColumn = t.mul(ThreadPlace(t, tile).warpN, columnsPerWarp);
    for (int64_t k = 0; k < tile.k; k += depth) {
      SmallVector<Fragment> a, b;
      for (int64_t row = 0; row < rowsPerWarp; row += kRows)
        a.push_back(lhsAt(row, k));
      for (int64_t column = 0; column < columnsPerWarp; column += 2 * kColumns) {
        Value base = t.add(firstColumn, column), at = t.number(k);
        Fragment both = rhs.linesAlongK
                            ? load(t, rhs, rhsTile, t.add(base, lane.otherFirst), t.add(at, lane.otherSecond))
                            : load(t, rhs, rhsTile, t.add(at, lane.first), t.add(base, lane.second));
        b.push_back({both[0], both[1]});
        b.push_back({both[2], both[3]});
      }
      for (size_t i = 0; i < a.size(); ++i)
        for (size_t j = 0; j < b.size(); ++j)
          add(t, a[i], b[j], &sums[(i * b.size() + j) * 4]);
      Fragment ones(4, t.number(0x01010101));
      for (int64_t i = 0; i < rowSums / 4; ++i)
        add(t, a[size_t(i)], ArrayRef(ones).take_front(2), &sums[size_t(products + i * 4)]);
      for (int64_t j = 0; j < columnSums / 4; ++j)
        add(t, ones, b[size_t(j)], &sums[size_t(products + rowSums + j * 4)]);
    }
  }

  /// One instruction.
  void add(ThreadBuilder &t, ArrayRef<Value> a, ArrayRef<Value> b, Value *sums) const {
    SmallVector<Value> operands(a);
    llvm::append_range(operands, b);
    operands.append(sums, sums + 4);
    llvm::copy(t.intrinsic(instruction(), factors.sum(), 4, operands), sums);
  }

  std::string instruction() const {
    const std::string shape = "mma.m16n8k" + std::to_string(depth) + ".row.col.";
    if (!factors.areBytes())
      return shape + (factors.asTf32 ? "tf32" : factors.lhs.isF16() ? "f32.f32" : "bf16");
    auto name = [](Type type) { return type.isUnsignedInteger() ? "u8" : "s8"; };
    return factors.lhs == factors.rhs ? shape + name(factors.lhs) : shape + name(factors.lhs) + "." + name(factors.rhs);
  }

  Fragment load(ThreadBuilder &t, const SharedTile &shared, Value base, Value line, Value column) const {
    StringRef name =
        shared.linesAlongK ? "ldmatrix.sync.aligned.m8n8.x4.b16" : "ldmatrix.sync.aligned.m8n8.x4.trans.b16";
    Fragment registers = t.intrinsic(name, t.b.getI32Type(), 4, t.offset(base, shared.offset(t, line, column)));
    for (Value &v : registers) {
      v = word(t, v);
      if (factors.asTf32)
        v = t.intrinsic("f2tf32.rna", t.b.getI32Type(),
                        Value(LLVM::BitcastOp::create(t.b, t.loc, t.b.getF32Type(), v)));
    }
    return registers;
  }

  /// A register as the instruction has it.
  Value word(ThreadBuilder &t, Value bits) const {
    return factors.lhs.isF16() ? Value(LLVM::BitcastOp::create(t.b, t.loc, VectorType::get({2}, factors.lhs), bits))
                               : bits;
  }

  SharedTile lhs, rhs;
  Factors factors;
  ByteZeros zeros;
  int64_t depth, half;                   ///< elements along K of an instruction, of a matrix
  int64_t products, rowSums, columnSums; ///< accumulators of each kind, one after the other
};

} // namespace

std::unique_ptr<Atom> cameo::codegen::makeMmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs,
                                                  const Factors &factors, const ByteZeros &zeros) {
  return std::make_unique<MmaAtom>(tile, lhs, rhs, factors, zeros);
}

std::unique_ptr<Atom> cameo::codegen::makeAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs,
                                               const Factors &factors, const ByteZeros &zeros) {
  if (tile.isForWarpgroups)
    return makeWgmmaAtom(tile, lhs, rhs, factors);
  return factors.useFma() ? makeFmaAtom(tile, lhs, rhs) : makeMmaAtom(tile, lhs, rhs, factors, zeros);
}
