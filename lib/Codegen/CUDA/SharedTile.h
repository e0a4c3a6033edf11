// SharedTile.h - tiles of matrices in shared memory, and how the threads of a block bring them there.
//
// Tiles lie in shared memory as they do in global memory, line by line: lines run along K, or along M (N). What the
// lanes of a warp read of neighbouring lines lies in different banks. Where threads read a tile, a line is 16 bytes
// longer than its elements. Where the instructions wgmma read it, lines are cut into runs of 128 bytes; the first runs
// of all lines come first, then the second; and in every group of 8 lines the 16-byte chunks of line i are exchanged by
// i: chunk j lies where i xor j would (the 128-byte swizzle of the PTX ISA, whose pattern begins at multiples of 1024
// bytes). Elements that do not exist (beyond M, N or K, or in the padding of a convolution) are zeros there, so that
// atoms know nothing of borders.
#ifndef LIB_CODEGEN_CUDA_SHAREDTILE_H
#define LIB_CODEGEN_CUDA_SHAREDTILE_H

#include "PtxTarget.h"
#include "ThreadBuilder.h"
#include <functional>
#include <optional>

namespace cameo::codegen {

/// An address, and whether there is something (i1).
struct Place {
  mlir::Value pointer, exists;
};

/// A matrix in global memory as the block reads it: lines of consecutive elements.
struct TileSource {
  bool linesAlongK = true; ///< else along M or N
  /// Whether aligned runs of 16 bytes of a line are aligned in memory too and exist wholly or not at all.
  bool inChunks = false;
  /// Where the element in column `column` of line `line` (i32) lies. What does not exist may be asked for; the pointer
  /// must be one that can be read all the same.
  std::function<Place(ThreadBuilder &, mlir::Value line, mlir::Value column)> place;
  /// What stands for bytes that do not exist (i8); null: 0.
  mlir::Value fill;
};

/// Lines of elements of `type` that are `pitch` apart; what exists of them is `lines` by `columns` (i32). Neighbours in
/// a line are `step` apart; null: 1.
TileSource linesOf(mlir::Value base, mlir::Type type, bool alongK, mlir::Value lines, mlir::Value columns,
                   mlir::Value pitch, bool inChunks, mlir::Value step = {});

/// A tile in shared memory.
struct SharedTile {
  bool linesAlongK;
  int64_t lines, columns; ///< in elements
  int64_t elementBytes;
  bool isSwizzled;

  SharedTile(bool linesAlongK, int64_t rows, int64_t k, int64_t elementBytes, bool isSwizzled = false)
      : linesAlongK(linesAlongK), lines(linesAlongK ? rows : k), columns(linesAlongK ? k : rows),
        elementBytes(elementBytes), isSwizzled(isSwizzled) {}
  int64_t chunk() const { return 16 / elementBytes; } ///< elements of 16 bytes
  int64_t bytes() const { return lines * (isSwizzled ? columns : pitch()) * elementBytes; }
  /// Where an element lies (i32), in bytes. In a swizzled tile: the first of a chunk.
  mlir::Value offset(ThreadBuilder &t, mlir::Value line, mlir::Value column) const;

  // ---- of a swizzled tile
  static constexpr int64_t kRunBytes = 128;
  static constexpr int64_t kPatternLines = 8;
  int64_t runBytes() const { return lines * kRunBytes; } ///< of one run of all lines

private:
  int64_t pitch() const { return columns + chunk(); } ///< from line to line of another tile
};

/// What one thread does of a block's copies.
class TileCopier {
public:
  TileCopier(const PtxTarget &chip, int64_t threads, mlir::Value thread)
      : chip(chip), threads(threads), thread(thread) {}

  /// Begins to copy a tile: from row (or column) `firstRow` and from `k` on (i32).
  void copy(ThreadBuilder &t, const TileSource &source, const SharedTile &tile, mlir::Value target,
            mlir::Value firstRow, mlir::Value k) const;
  /// Closes the group of copies begun so far.
  void commit(ThreadBuilder &t) const;
  /// Waits for all groups but the last `pending`.
  void wait(ThreadBuilder &t, int64_t pending) const;

private:
  void copyChunk(ThreadBuilder &t, const TileSource &source, mlir::Value to, mlir::Value line,
                 mlir::Value column) const;
  void copyElements(ThreadBuilder &t, const TileSource &source, const SharedTile &tile, mlir::Value to,
                    mlir::Value line, mlir::Value column) const;

  const PtxTarget &chip;
  int64_t threads;
  mlir::Value thread;
};

/// Takes neighbouring elements of a result: a vector of sums in a row (i32), from a column (i32) on, which all exist.
using StoreElements =
    std::function<void(mlir::OpBuilder &, mlir::Location, mlir::Value vector, mlir::Value row, mlir::Value column)>;

/// A result in global memory.
struct TileResult {
  mlir::Value rows, columns; ///< i32
  /// `columns` where it is known, so that neighbouring columns can be stored together.
  std::optional<int64_t> fixedColumns;
  StoreElements store;

  /// Stores what exists of a run: as one vector where its end exists with its beginning.
  void storeRun(ThreadBuilder &t, mlir::Value row, mlir::Value column, llvm::ArrayRef<mlir::Value> run) const;
};

} // namespace cameo::codegen
#endif
