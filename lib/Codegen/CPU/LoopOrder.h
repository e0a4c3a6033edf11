// LoopOrder.h - reductions and running sums along outer axes read memory row by row.
#ifndef LIB_CODEGEN_CPU_LOOPORDER_H
#define LIB_CODEGEN_CPU_LOOPORDER_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include <optional>

namespace cameo::codegen {

/// Exchanges a loop over neighbours with the one loop in it, which carries values and steps over rows of memory:
///   for j { pre; a = for k (init) { body }; post }      becomes, for pieces of j,
///   for j { pre; A[j] = init }
///   for some k { for j { pre; A[j] = for these k (A[j]) { body } } }
///   for j { pre; a = A[j]; post }
/// so that a few rows are read side by side and in order, where columns would be read a vector's width at a time. Each
/// j does the same in the same order. Returns the new loops over j; null, and nothing changed, where the loop is none
/// like that or its rows are near each other. Its iterations must be independent.
std::optional<llvm::SmallVector<mlir::scf::ForOp, 3>> walkRowsInOrder(mlir::scf::ForOp loop);

} // namespace cameo::codegen
#endif
