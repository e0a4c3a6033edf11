// ContractionHelpers.h - what matrix products and convolutions share. Private to the dialect's families.
#ifndef CAMEO_DIALECTS_CAMEO_CONTRACTIONHELPERS_H
#define CAMEO_DIALECTS_CAMEO_CONTRACTIONHELPERS_H

#include "WindowHelpers.h"

namespace cameo {

/// Requires operands of one type, or of two integer types with an integer `accumulator`; emits an op error.
mlir::LogicalResult verifyAccumulator(mlir::Operation *op, mlir::Type lhs, mlir::Type rhs,
                                      std::optional<mlir::Type> accumulator);
/// sum + x * y in the accumulator's compute type.
mlir::Value multiplyAdd(KernelEmitter &k, mlir::OpBuilder &b, mlir::Location loc, mlir::Value sum, mlir::Value x,
                        mlir::Value y);
/// x - zero of 8-bit integers, in i32.
mlir::Value loadCentred(KernelEmitter &k, mlir::OpBuilder &b, mlir::Location loc, const KernelTensor &x,
                        mlir::ValueRange indices, const KernelTensor &zero, mlir::ValueRange zeroIndices);

/// `factors` when the weights, the last of them, are constant: then they are rounded once and read at every run.
llvm::SmallVector<unsigned> factorsOfConstantWeights(mlir::Operation *op, llvm::ArrayRef<unsigned> factors);

} // namespace cameo
#endif
