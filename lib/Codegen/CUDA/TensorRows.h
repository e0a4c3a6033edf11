// TensorRows.h - where the accumulators of tensor cores lie: a warp has rows and columns of C in blocks of 16 x 8, of
// which lane 4 g + t has rows g and g + 8 at columns 2 t and 2 t + 1. Before they are stored the four lanes of a row
// exchange parts of four blocks, so that each has a whole row of one: 8 neighbours.
#ifndef LIB_CODEGEN_CUDA_TENSORROWS_H
#define LIB_CODEGEN_CUDA_TENSORROWS_H

#include "Atom.h"

namespace cameo::codegen {

class TensorRows : public Atom {
public:
  explicit TensorRows(const BlockTile &tile)
      : tile(tile), rowsPerWarp(tile.m / tile.warpsM), columnsPerWarp(tile.n / tile.warpsN) {}

  int64_t numRows() const final { return rowsPerWarp / 8; }
  int64_t rowOf(int64_t i) const final { return i / (columnsPerWarp / 2) * 2 + i % 4 / 2; }
  mlir::Value row(ThreadBuilder &t, int64_t i) const final {
    ThreadPlace at(t, tile);
    return t.add(t.add(t.mul(at.warpM, rowsPerWarp), t.div(at.lane, 4)), i * 8);
  }
  mlir::Value column(ThreadBuilder &t, int64_t i) const final {
    ThreadPlace at(t, tile);
    mlir::Value first = t.add(t.mul(at.warpN, columnsPerWarp), t.mul(t.rem(at.lane, 4), 2));
    return t.add(first, i % (columnsPerWarp / 2) / 4 * 8 + i % 2);
  }
  int64_t run() const final { return 2; }
  int64_t lanesOfRow() const final { return 4; }

  void store(ThreadBuilder &t, llvm::ArrayRef<mlir::Value> sums, mlir::Value firstRow, mlir::Value firstColumn,
             const TileResult &result) const final {
    constexpr int64_t kWidth = 8, kBlocks = 4, kBlockSums = 4;
    if (columnsPerWarp % (kWidth * kBlocks) || !result.fixedColumns || *result.fixedColumns % kWidth)
      return Atom::store(t, sums, firstRow, firstColumn, result);
    ThreadPlace at(t, tile);
    mlir::Value inRow = t.rem(at.lane, kBlocks);
    for (int64_t first = 0; first < int64_t(sums.size()); first += kBlocks * kBlockSums) {
      int64_t block = first % (columnsPerWarp / 2) / kBlockSums;
      mlir::Value column = t.add(t.mul(at.warpN, columnsPerWarp), t.add(t.mul(inRow, kWidth), block * kWidth));
      for (int64_t i = first; i < first + kBlockSums; i += 2) {
        llvm::SmallVector<Part> parts;
        for (int64_t j = i; j < first + kBlocks * kBlockSums; j += kBlockSums)
          parts.emplace_back(sums.slice(j, 2));
        for (int64_t distance = 1; parts.size() > 1; distance *= 2)
          parts = exchanged(t, parts, distance);
        result.storeRun(t, t.add(firstRow, row(t, rowOf(i))), t.add(firstColumn, column), parts.front());
      }
    }
  }

private:
  using Part = llvm::SmallVector<mlir::Value, 8>;

  /// Of each two parts a lane keeps the first or the second, by a bit of its number, and takes the same of the other
  /// lane.
  llvm::SmallVector<Part> exchanged(ThreadBuilder &t, llvm::ArrayRef<Part> parts, int64_t distance) const {
    mlir::Value isFirst = t.isZero(t.rem(t.div(t.threadNumber(), distance), 2));
    llvm::SmallVector<Part> all;
    for (size_t i = 0; i < parts.size(); i += 2) {
      Part lower, upper;
      for (auto [x, y] : llvm::zip(parts[i], parts[i + 1])) {
        mlir::Value own = t.select(isFirst, x, y), other = t.exchange(t.select(isFirst, y, x), distance);
        lower.push_back(t.select(isFirst, own, other));
        upper.push_back(t.select(isFirst, other, own));
      }
      lower.append(upper);
      all.push_back(lower);
    }
    return all;
  }

protected:
  using Fragment = llvm::SmallVector<mlir::Value, 4>;

  /// The accumulators of two blocks, rounded, as the registers (i32) of 16 rows and 16 steps of K of A: a pair of
  /// neighbours lies in C where a register lies in A.
  static Fragment fragmentOf(ThreadBuilder &t, llvm::ArrayRef<mlir::Value> held, mlir::Type type) {
    llvm::StringRef name = type.isF16() ? "ff2f16x2.rn" : "ff2bf16x2.rn";
    Fragment a;
    for (size_t i = 0; i < held.size(); i += 2) {
      mlir::Value both = t.intrinsic(name, mlir::VectorType::get({2}, type), {held[i + 1], held[i]});
      a.push_back(mlir::LLVM::BitcastOp::create(t.b, t.loc, t.b.getI32Type(), both));
    }
    return a;
  }

  BlockTile tile;
  int64_t rowsPerWarp, columnsPerWarp;
};

} // namespace cameo::codegen
#endif
