// Atom.h - how a block multiplies the tiles of A and B that lie in shared memory.
#ifndef LIB_CODEGEN_CUDA_ATOM_H
#define LIB_CODEGEN_CUDA_ATOM_H

#include "SharedTile.h"

namespace cameo::codegen {

/// How a product is cut. A warp computes m / warpsM rows and n / warpsN columns.
struct BlockTile {
  int64_t m, n, k; ///< of a block
  int64_t warpsM, warpsN;
  int64_t stages; ///< tiles of A and B in shared memory at a time

  int64_t threads() const { return 32 * warpsM * warpsN; }
};

/// The work of one thread. Accumulators are f32 values; which elements of C they are the atom says.
class Atom {
public:
  virtual ~Atom() = default;
  virtual int64_t numAccumulators() const = 0;
  /// Adds the products of one step of K to the accumulators. `lhs` and `rhs` point at the tiles.
  virtual void multiply(ThreadBuilder &t, mlir::Value lhs, mlir::Value rhs,
                        llvm::SmallVectorImpl<mlir::Value> &accumulators) const = 0;
  /// The same where A is what an atom of its kind, with the same rows and warps, has in its accumulators. `scratch`
  /// points at a tile for A, of which each warp takes its rows; null where there is no need of it.
  virtual void multiplyHeld(ThreadBuilder &t, llvm::ArrayRef<mlir::Value> lhs, mlir::Value scratch, mlir::Value rhs,
                            llvm::SmallVectorImpl<mlir::Value> &accumulators) const = 0;
  virtual bool needsScratch() const = 0;

  // ---- where accumulators lie in the block's tile

  virtual int64_t numRows() const = 0;                                         ///< that a thread has
  virtual int64_t rowOf(int64_t accumulator) const = 0;                        ///< among them
  virtual mlir::Value row(ThreadBuilder &t, int64_t row) const = 0;            ///< i32
  virtual mlir::Value column(ThreadBuilder &t, int64_t accumulator) const = 0; ///< i32
  /// Accumulators that follow each other are neighbouring columns, in runs of this many.
  virtual int64_t run() const = 0;
  /// So many neighbouring lanes have the same rows, and all columns of their warp between them.
  virtual int64_t lanesOfRow() const = 0;

  void store(ThreadBuilder &t, llvm::ArrayRef<mlir::Value> accumulators, mlir::Value firstRow, mlir::Value firstColumn,
             const TileResult &result) const {
    for (int64_t i = 0; i < numAccumulators(); i += run())
      result.storeRun(t, t.add(firstRow, row(t, rowOf(i))), t.add(firstColumn, column(t, i)),
                      accumulators.slice(i, run()));
  }
};

/// f32 by fused multiply-adds.
std::unique_ptr<Atom> makeFmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs);
/// f16 and bf16 by mma.sync.m16n8k16.
std::unique_ptr<Atom> makeMmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs, mlir::Type type);
/// The one for the type.
std::unique_ptr<Atom> makeAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs, mlir::Type type);
/// Whether the chip has one.
bool hasAtom(const PtxTarget &chip, mlir::Type type);

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
