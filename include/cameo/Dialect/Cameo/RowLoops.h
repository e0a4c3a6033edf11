// RowLoops.h - loops that keep a row of intermediate values at hand, for targets whose threads have room for one.
#ifndef CAMEO_DIALECT_CAMEO_ROWLOOPS_H
#define CAMEO_DIALECT_CAMEO_ROWLOOPS_H

#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

// Of tensors whose last axis is pooled or resized. Nullopt leaves the op to its own loops, before anything is emitted;
// what they compute is the same but for the order of sums.
std::optional<mlir::LogicalResult> emitByRows(MaxPoolOp op, KernelEmitter &k, mlir::OpBuilder &b,
                                              llvm::ArrayRef<KernelTensor> operands,
                                              llvm::ArrayRef<KernelTensor> results);
std::optional<mlir::LogicalResult> emitByRows(AveragePoolOp op, KernelEmitter &k, mlir::OpBuilder &b,
                                              llvm::ArrayRef<KernelTensor> operands,
                                              llvm::ArrayRef<KernelTensor> results);
std::optional<mlir::LogicalResult> emitByRows(LpPoolOp op, KernelEmitter &k, mlir::OpBuilder &b,
                                              llvm::ArrayRef<KernelTensor> operands,
                                              llvm::ArrayRef<KernelTensor> results);
std::optional<mlir::LogicalResult> emitByRows(ResizeOp op, KernelEmitter &k, mlir::OpBuilder &b,
                                              llvm::ArrayRef<KernelTensor> operands,
                                              llvm::ArrayRef<KernelTensor> results);

} // namespace cameo
#endif
