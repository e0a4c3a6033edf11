// ReductionHelpers.h - accumulators of reductions, shared by the reduction and normalisation families.
#ifndef CAMEO_DIALECTS_CAMEO_REDUCTIONHELPERS_H
#define CAMEO_DIALECTS_CAMEO_REDUCTIONHELPERS_H

#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

/// Type in which sums of elements are accumulated: their compute type, but f64 for f32 where order matters.
mlir::Type accumulatorType(KernelEmitter &k, mlir::Type elementType);

/// Sum over [0, sizes) of what `term` returns (compute or accumulator type of `elementType`), in the accumulator type.
mlir::Value sumNest(KernelEmitter &k, mlir::OpBuilder &b, mlir::Location loc, mlir::Type elementType,
                    mlir::ValueRange sizes,
                    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)> term);

/// The product of `dims` as a float.
mlir::Value countAs(KernelEmitter &k, mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<Dim> dims,
                    mlir::Type type);

} // namespace cameo
#endif
