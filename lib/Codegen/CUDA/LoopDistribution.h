// LoopDistribution.h - the threads of a block share the loops of a tile.
//
// Naive loops give a tile of the parallel iteration space to each thread, which for softmax, norms and reductions along
// the last axis makes neighbouring threads read different rows. Here a block takes the tile instead, and neighbouring
// threads neighbouring iterations of the loops in it:
//
//   for row in [begin, end):                            for row in [begin, end):              // one row per block
//     s = for i in [0, n) iter (s = 0): s + x[row, i]     p = for i in [t, n) step T iter (p = 0): p + x[row, i]
//                                                         s = 0 + sum of p over the block
//     for i in [0, n): y[row, i] = x[row, i] / s          for i in [t, n) step T: y[row, i] = x[row, i] / s
//
// What is outside of such loops all threads do alike, but one alone stores. Barriers are around everything that stores.
#ifndef LIB_CODEGEN_CUDA_LOOPDISTRIBUTION_H
#define LIB_CODEGEN_CUDA_LOOPDISTRIBUTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cameo::codegen {

/// Distributes the loops of a kernel and sets its block (ThreadBuilder.h); leaves it as it is where a loop of a tile
/// that stores can't be distributed, or where none is long enough to be worth it.
void distributeLoops(mlir::func::FuncOp kernel);

} // namespace cameo::codegen
#endif
