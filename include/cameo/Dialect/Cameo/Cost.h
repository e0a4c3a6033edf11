// Cost.h - what ops cost, for decisions and reports: operations and bytes as functions of the sizes.
#ifndef CAMEO_DIALECT_CAMEO_COST_H
#define CAMEO_DIALECT_CAMEO_COST_H

#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

/// Bytes of an element in memory.
int64_t elementBytes(mlir::Type elementType);
/// Bytes of a tensor in memory.
Dim bytesOf(ShapeAnalysis &shapes, mlir::Value value);

/// Machine operations for one element: arithmetic counts 1, division and square root 4, functions such as exp 16. Counted on the
/// body that buildScalar makes; 0 for ops that only move data.
int64_t operationsPerElement(mlir::Operation *op);

/// Floating-point operations of the whole op: what its CostInterface says, 0 without one.
Dim flopsOf(ShapeAnalysis &shapes, mlir::Operation *op);

/// Bytes that a kernel does not move because its ops share it: values that one hands to another, and operands that several read.
Dim bytesSaved(ShapeAnalysis &shapes, KernelOp kernel);

} // namespace cameo
#endif
