// Cost.h - what ops cost, for decisions and reports: operations and bytes as functions of the sizes.
#ifndef CAMEO_DIALECT_CAMEO_COST_H
#define CAMEO_DIALECT_CAMEO_COST_H

#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

/// Bytes of an element in memory.
int64_t elementBytes(mlir::Type elementType);
/// Bytes of a tensor in memory.
Dim bytesOf(ShapeAnalysis &shapes, mlir::Value value);

/// Machine operations for one element: arithmetic counts 1, division and square root 4, functions such as exp 16.
/// Counted on the body that buildScalar makes; 0 for ops that only move data.
int64_t operationsPerElement(mlir::Operation *op);

/// Whether an op of a body of scalars is arithmetic that CostInterface::flops counts.
bool isFloatArithmetic(mlir::Operation &op);

/// The arithmetic of a block, without loops and branches in it. What only decides or addresses (it ends in comparisons
/// or indices) does not count. `known` keeps what has been found out about values.
int64_t countFloatArithmetic(mlir::Block &block, llvm::DenseMap<mlir::Value, bool> &known);

/// Floating-point operations of the op's naive loops; 0 where their number depends on data.
Dim loopFlops(ShapeAnalysis &shapes, KernelInterface op);

/// Floating-point operations of the whole op: what its CostInterface says, without one what its loops do.
Dim flopsOf(ShapeAnalysis &shapes, mlir::Operation *op);

/// Bytes that a kernel does not move because its ops share it: values that one hands to another, and operands that
/// several read.
Dim bytesSaved(ShapeAnalysis &shapes, KernelOp kernel);

} // namespace cameo
#endif
