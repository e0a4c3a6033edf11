// Contraction.h - C[M,N] = A[M,K] * B[K,N], a tile of C per block of threads.
//
// A block goes over K in steps. Of each step it copies a tile of A and one of B to shared memory, the copies some steps
// ahead of what is multiplied; warps then multiply parts of the tile, which stay in registers until the end. How a
// thread multiplies is an *atom*: fused multiply-adds (f32), or the instructions of tensor cores (f16, bf16, bytes, and
// f32 as tf32 where that was asked for), which read shared memory by themselves where warpgroups have such (f16, bf16).
//
//   step s:   wait for the copies of step s | barrier | begin to copy step s + ahead | multiply step s
//
// The one barrier does for both directions: all copies of step s are there, and nobody reads any more what step s +
// ahead replaces. `ahead` is stages - 1, less the steps whose products may be under way after `multiply`.
//
// Blocks may share K (split-K): each takes some steps of a tile, and its results are sums that others complete.
#ifndef LIB_CODEGEN_CUDA_CONTRACTION_H
#define LIB_CODEGEN_CUDA_CONTRACTION_H

#include "ContractionCut.h"

namespace cameo::codegen {

struct BlockContraction {
  BlockContraction(const ContractionCut &cut, const Factors &factors)
      : tile(cut.tile), parts(cut.parts), factors(factors) {}

  BlockTile tile;
  int64_t parts;
  mlir::Value part; ///< i32, of K: the block's; null where there is one
  Factors factors;
  TileSource lhs, rhs;
  mlir::Value firstRow, firstColumn; ///< i32, of the block's tile in C
  TileResult result;
  mlir::Value k;   ///< i32
  ByteZeros zeros; ///< of bytes
};

/// Bytes of shared memory that the tile takes.
int64_t sharedBytes(const BlockContraction &c);

/// Emits what a thread does.
void emitContraction(mlir::OpBuilder &b, mlir::Location loc, const PtxTarget &chip, const BlockContraction &c);

} // namespace cameo::codegen
#endif
