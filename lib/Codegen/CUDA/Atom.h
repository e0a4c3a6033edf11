// Atom.h - how a block multiplies the tiles of A and B that lie in shared memory.
#ifndef LIB_CODEGEN_CUDA_ATOM_H
#define LIB_CODEGEN_CUDA_ATOM_H

#include "Contraction.h"

namespace cameo::codegen {

/// A tile of A or B in shared memory.
struct SharedTile {
  bool linesAlongK;
  int64_t lines, columns; ///< in elements
  int64_t elementBytes;

  SharedTile(const ContractionOperand &operand, int64_t rows, int64_t k, int64_t elementBytes)
      : linesAlongK(operand.linesAlongK), lines(linesAlongK ? rows : k), columns(linesAlongK ? k : rows),
        elementBytes(elementBytes) {}
  int64_t chunk() const { return 16 / elementBytes; } ///< elements of 16 bytes
  int64_t pitch() const { return columns + chunk(); } ///< from line to line
  int64_t bytes() const { return lines * pitch() * elementBytes; }
};

/// The work of one thread. Accumulators are f32 values; their order is the atom's own.
class Atom {
public:
  virtual ~Atom() = default;
  virtual int64_t numAccumulators() const = 0;
  /// Adds the products of one step of K to the accumulators. `lhs` and `rhs` point at the tiles.
  virtual void multiply(ThreadBuilder &t, mlir::Value lhs, mlir::Value rhs,
                        llvm::SmallVectorImpl<mlir::Value> &accumulators) const = 0;
  /// Hands runs of neighbouring columns of one row to `store`: where they begin in the block's tile (i32), and the
  /// accumulators.
  using StoreRun = llvm::function_ref<void(mlir::Value row, mlir::Value column, llvm::ArrayRef<mlir::Value>)>;
  virtual void store(ThreadBuilder &t, llvm::ArrayRef<mlir::Value> accumulators, StoreRun store) const = 0;
};

/// f32 by fused multiply-adds.
std::unique_ptr<Atom> makeFmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs);
/// f16 and bf16 by mma.sync.m16n8k16.
std::unique_ptr<Atom> makeMmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs, mlir::Type type);

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
