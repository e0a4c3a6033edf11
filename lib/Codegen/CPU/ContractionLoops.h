// ContractionLoops.h - the loops around the micro-kernel, shared by matrix products and convolutions.
//
// Layers, from the inside: emitRun (consecutive K for one tile) <- LhsRows (where rows of A lie, the loop over K) <-
// one tile
// <- all rows of a block <- the slice of the iteration space.
#ifndef CAMEO_CODEGEN_CPU_CONTRACTIONLOOPS_H
#define CAMEO_CODEGEN_CPU_CONTRACTIONLOOPS_H

#include "ContractionBuilder.h"

namespace cameo::codegen {

/// Address of a row's element k = 0: pointer + bytes.
struct RowPointer {
  mlir::Value pointer;
  int64_t bytes = 0;
};

class Arithmetic;

/// The part of a tile that is the same for every run.
struct MicroKernel {
  const Arithmetic *arithmetic;
  llvm::SmallVector<int64_t, 8> vectors; ///< lanes of each vector of the panel
  int64_t rows;
  mlir::Type lhsType;
  int64_t kUnroll = 1;
  /// Runs of at most this many steps are written out instead of looped over. Straight code needs registers to spare:
  /// LLVM moves loads of later steps up.
  int64_t straightRun = 1;
  Extent rhsStepBytes; ///< from one k to the next in B
  /// Lines of cache that each step asks for ahead of time, and how far behind the step's row of B the first lies.
  int64_t prefetchLines = 0;
  mlir::Value prefetchBytes;
  /// Where lanes hold elements of K: how far ahead of each vector of A its line of cache is asked for; 0: not at all.
  int64_t lhsAheadBytes = 0;
  /// Masks for loads of an unpadded B, one per vector; null entries or an empty list load everything.
  llvm::SmallVector<mlir::Value, 8> rhsMasks;
};

/// Accumulates `length` steps of K. `state` is what the loop carries: the accumulators, row by row, then the pointer
/// into B.
llvm::SmallVector<mlir::Value> emitRun(Emit &e, const MicroKernel &kernel, llvm::ArrayRef<RowPointer> rows,
                                       const Extent &kStrideBytes, const Extent &length, mlir::ValueRange state);

/// Rows m .. m + kernel.rows - 1 of one batch.
struct TileRows {
  mlir::Value lhs; ///< base pointer of the batch
  mlir::Value m;
  mlir::Value
      last; ///< null: all rows exist. Otherwise rows beyond `last` stand for `last` again (their results are dropped).
  bool isAligned; ///< m is a multiple of kernel.rows
};

/// Where rows of A lie.
class LhsRows {
public:
  virtual ~LhsRows() = default;
  /// Emits the whole loop over K for one tile.
  virtual llvm::SmallVector<mlir::Value> accumulate(Emit &e, const MicroKernel &kernel, const TileRows &rows,
                                                    mlir::ValueRange state) = 0;
};

/// Rows at a constant distance: matrix products, 1x1 convolutions.
class StridedRows final : public LhsRows {
public:
  StridedRows(Extent rowStrideBytes, Extent kStrideBytes, Extent k)
      : rowStrideBytes(rowStrideBytes), kStrideBytes(kStrideBytes), k(k) {}
  llvm::SmallVector<mlir::Value> accumulate(Emit &e, const MicroKernel &kernel, const TileRows &tile,
                                            mlir::ValueRange state) override;

private:
  Extent rowStrideBytes, kStrideBytes, k;
};

/// The iteration space and C.
struct ContractionLoops {
  ContractionTile tile;
  VectorTarget target;
  std::shared_ptr<const Arithmetic> arithmetic;
  Extent batch = 1, m, n;
  int64_t mFactor = 1; ///< of M
  Extent panelRows;    ///< of B: as many as K has steps, and what a panel begins with
  RhsLayout rhsLayout = RhsLayout::Packed;
  Extent rhsRowStride, resultRowStride;
  mlir::Type lhsType, resultType;
  EpilogueFn epilogue;
  StoreFn store;
  /// Pointers of a batch and the number that its columns are counted from in TilePosition.
  struct Batch {
    mlir::Value lhs, rhs, result, firstColumn;
  };
  std::function<Batch(Emit &, mlir::Value batch)> batchAt;

  mlir::Value steps(Emit &e) const;
  void emit(Emit &e, LhsRows &lhs, mlir::Value begin, mlir::Value end) const;
};

} // namespace cameo::codegen
#endif
