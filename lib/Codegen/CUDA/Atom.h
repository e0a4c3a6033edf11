// Atom.h - how a block multiplies the tiles of A and B that lie in shared memory.
#ifndef LIB_CODEGEN_CUDA_ATOM_H
#define LIB_CODEGEN_CUDA_ATOM_H

#include "SharedTile.h"

namespace cameo::codegen {

/// What is multiplied, and as what.
struct Factors {
  mlir::Type lhs, rhs;
  bool asTf32 = false; ///< f32 by tensor cores, which take 10 bits of the fraction

  Factors(const PtxTarget &chip, mlir::Type lhs, mlir::Type rhs)
      : lhs(lhs), rhs(rhs), asTf32(chip.usesTf32 && chip.hasMma && lhs.isF32()) {}
  int64_t bytes() const { return lhs.getIntOrFloatBitWidth() / 8; }
  bool areBytes() const { return lhs.isInteger(8) && rhs.isInteger(8); }
  bool useFma() const { return lhs.isF32() && !asTf32; }
  /// Whether there is an atom for them.
  bool fit(const PtxTarget &chip) const {
    return areBytes() ? chip.hasMma : lhs == rhs && (lhs.isF32() || (chip.hasMma && (lhs.isF16() || lhs.isBF16())));
  }
  /// Whether the instructions of warpgroups take them.
  bool fitWgmma(const PtxTarget &chip) const { return chip.hasWgmma && lhs == rhs && (lhs.isF16() || lhs.isBF16()); }
  /// Tensor cores transpose elements of two bytes only.
  bool needLinesAlongK() const { return !useFma() && bytes() != 2; }
  mlir::Type sum() const {
    mlir::Builder b(lhs.getContext());
    return areBytes() ? mlir::Type(b.getI32Type()) : b.getF32Type();
  }
};

/// Of products of bytes: sums of (a - lhs) * (b - rhs).
struct ByteZeros {
  mlir::Value lhs;                                                     ///< i32; null: 0
  std::function<mlir::Value(ThreadBuilder &, mlir::Value column)> rhs; ///< i32, of a column of C; null: all 0
  mlir::Value terms; ///< i32: of each sum, with those that are there only to fill tiles and are not 0
};

/// How a product is cut. A warp computes m / warpsM rows and n / warpsN columns.
struct BlockTile {
  int64_t m, n, k; ///< of a block
  int64_t warpsM, warpsN;
  int64_t stages;               ///< tiles of A and B in shared memory at a time
  bool isForWarpgroups = false; ///< multiplied by wgmma: four warps have 64 rows and all columns

  int64_t threads() const { return 32 * warpsM * warpsN; }
};

/// The work of one thread. Which elements of C its accumulators are the atom says. Per step: the thread has waited for
/// its copies; showCopies; a barrier of the block; multiply.
class Atom {
public:
  virtual ~Atom() = default;
  virtual int64_t numAccumulators() const = 0;
  /// What it takes, beside the barrier, until all see what this thread copied.
  virtual void showCopies(ThreadBuilder &) const {}
  /// Adds the products of one step of K to the accumulators, or begins to. `lhs` and `rhs` point at the tiles.
  virtual void multiply(ThreadBuilder &t, mlir::Value lhs, mlir::Value rhs,
                        llvm::SmallVectorImpl<mlir::Value> &accumulators) const = 0;
  /// How many of the last steps may still be under way when `multiply` returns: their tiles must stay.
  virtual int64_t stepsUnderWay() const { return 0; }
  /// Waits for them.
  virtual void finish(ThreadBuilder &, llvm::SmallVectorImpl<mlir::Value> &accumulators) const {}
  /// `multiply` and `finish` where A is what an atom of its kind, with the same rows and warps, has in its
  /// accumulators. `scratch` points at a tile for A, of which each warp takes its rows; null where there is no need of
  /// it. To `rowSums`, one for each row of the thread, come the sums of A's rows: of the thread's own elements, or
  /// whole ones (`sumsWholeRows`).
  virtual void multiplyHeld(ThreadBuilder &t, llvm::ArrayRef<mlir::Value> lhs, mlir::Value scratch, mlir::Value rhs,
                            llvm::SmallVectorImpl<mlir::Value> &accumulators,
                            llvm::MutableArrayRef<mlir::Value> rowSums) const = 0;
  virtual bool sumsWholeRows() const = 0;
  /// Elements of C, from `firstColumn` (i32) on, of what the accumulators are in the end.
  virtual llvm::SmallVector<mlir::Value> results(ThreadBuilder &, llvm::ArrayRef<mlir::Value> accumulators,
                                                 mlir::Value firstColumn) const {
    return llvm::SmallVector<mlir::Value>(accumulators);
  }

  // ---- where accumulators lie in the block's tile

  virtual int64_t numRows() const = 0;                                         ///< that a thread has
  virtual int64_t rowOf(int64_t accumulator) const = 0;                        ///< among them
  virtual mlir::Value row(ThreadBuilder &t, int64_t row) const = 0;            ///< i32
  virtual mlir::Value column(ThreadBuilder &t, int64_t accumulator) const = 0; ///< i32
  /// Accumulators that follow each other are neighbouring columns, in runs of this many.
  virtual int64_t run() const = 0;
  /// So many neighbouring lanes have the same rows, and all columns of their warp between them.
  virtual int64_t lanesOfRow() const = 0;

  /// Stores what `results` gave.
  virtual void store(ThreadBuilder &t, llvm::ArrayRef<mlir::Value> accumulators, mlir::Value firstRow,
                     mlir::Value firstColumn, const TileResult &result) const {
    for (int64_t i = 0; i < int64_t(accumulators.size()); i += run())
      result.storeRun(t, t.add(firstRow, row(t, rowOf(i))), t.add(firstColumn, column(t, i)),
                      accumulators.slice(i, run()));
  }
};

/// f32 by fused multiply-adds.
std::unique_ptr<Atom> makeFmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs);
/// By the instructions mma.sync of tensor cores.
std::unique_ptr<Atom> makeMmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs,
                                  const Factors &factors, const ByteZeros &zeros);
/// By the instructions wgmma of warpgroups, from swizzled tiles of f16 or bf16.
std::unique_ptr<Atom> makeWgmmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs,
                                    const Factors &factors);
/// The one for the tile and the factors.
std::unique_ptr<Atom> makeAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs,
                               const Factors &factors, const ByteZeros &zeros = {});

/// 0, 1, ... for the warps of a block and the lanes of a warp (i32).
struct ThreadPlace {
  mlir::Value lane, warpM, warpN;
  ThreadPlace(ThreadBuilder &t, const BlockTile &tile) {
    mlir::Value thread = t.threadNumber(), warp = t.div(thread, 32);
    lane = t.rem(thread, 32);
    warpM = t.div(warp, tile.warpsN);
    warpN = t.rem(warp, tile.warpsN);
  }
};

} // namespace cameo::codegen
#endif
