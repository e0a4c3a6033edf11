// RowLoops.h - loops that keep a row of intermediate values at hand, for targets whose threads have room for one.
#ifndef CAMEO_DIALECT_CAMEO_ROWLOOPS_H
#define CAMEO_DIALECT_CAMEO_ROWLOOPS_H

#include "cameo/Dialect/Cameo/KernelEmitter.h"

namespace cameo {

/// Emits a pool of a tensor whose last axis is spatial. Nullopt leaves it to the op's own loops, before anything is
/// emitted. What they compute is the same but for the order of sums.
std::optional<mlir::LogicalResult> emitByRows(mlir::Operation *op, KernelEmitter &k, mlir::OpBuilder &b,
                                              llvm::ArrayRef<KernelTensor> operands,
                                              llvm::ArrayRef<KernelTensor> results);

} // namespace cameo
#endif
