// Contraction.h - C[M,N] = A[M,K] * B[K,N], a tile of C per block of threads.
//
// A block goes over K in steps. Of each step it copies a tile of A and one of B to shared memory, the copies some steps
// ahead of what is multiplied; warps then multiply parts of the tile, which stay in registers until the end. How a
// thread multiplies is an *atom*: fused multiply-adds (f32), or the instructions of tensor cores (f16 and bf16, sums in
// f32).
//
//   step s:   wait for the copies of step s | barrier | begin to copy step s + stages - 1 | multiply step s
//
// The one barrier does for both directions: all copies of step s are there, and nobody reads any more what step s +
// stages - 1 replaces.
//
// Tiles lie in shared memory as they do in global memory, line by line: lines run along K, or along M (N). A line is 16
// bytes longer than its elements, so that what the lanes of a warp read of neighbouring lines lies in different banks.
// Elements that do not exist (beyond M, N or K, or in the padding of a convolution) are zeros there, so that atoms know
// nothing of borders.
#ifndef LIB_CODEGEN_CUDA_CONTRACTION_H
#define LIB_CODEGEN_CUDA_CONTRACTION_H

#include "PtxTarget.h"
#include "ThreadBuilder.h"
#include <functional>
#include <optional>

namespace cameo::codegen {

/// How a contraction is cut. A warp computes m / warpsM rows and n / warpsN columns.
struct BlockTile {
  int64_t m, n, k; ///< of a block
  int64_t warpsM, warpsN;
  int64_t stages; ///< tiles of A and B in shared memory at a time

  int64_t threads() const { return 32 * warpsM * warpsN; }
};

/// An address, and whether there is something (i1).
struct Place {
  mlir::Value pointer, exists;
};

/// A or B as the block reads it: lines of consecutive elements.
struct ContractionOperand {
  bool linesAlongK = true; ///< else along M or N
  /// Whether aligned runs of 16 bytes of a line are aligned in memory too and exist wholly or not at all.
  bool inChunks = false;
  /// Where the element in column `column` of line `line` (i32) lies. What does not exist may be asked for; the pointer
  /// must be one that can be read all the same.
  std::function<Place(ThreadBuilder &, mlir::Value line, mlir::Value column)> place;
};

struct BlockContraction {
  BlockTile tile;
  mlir::Type type; ///< of A and B: f32, f16 or bf16
  ContractionOperand lhs, rhs;
  mlir::Value firstRow, firstColumn; ///< i32, of the block's tile in C
  mlir::Value rows, columns;         ///< i32: M and N
  /// N where it is known, so that neighbouring columns can be stored together.
  std::optional<int64_t> fixedColumns;
  mlir::Value k; ///< i32
  /// Takes elements of C: vector<?xf32> in a row (i32), from a column (i32) on, which all exist.
  std::function<void(mlir::OpBuilder &, mlir::Location, mlir::Value vector, mlir::Value row, mlir::Value column)> store;
};

/// The tile for a problem of this size: the largest that keeps the chip busy. Null where the chip has no atom for the
/// type. Sizes that only the run knows are taken as large.
std::optional<BlockTile> chooseTile(const PtxTarget &chip, mlir::Type type, std::optional<int64_t> m,
                                    std::optional<int64_t> n, std::optional<int64_t> batch);

/// Bytes of shared memory that the tile takes.
int64_t sharedBytes(const BlockContraction &c);

/// Emits what a thread does.
void emitContraction(mlir::OpBuilder &b, mlir::Location loc, const PtxTarget &chip, const BlockContraction &c);

} // namespace cameo::codegen
#endif
