// Loops.h - builds a cameo.loop from what imports its body.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_LOOPS_H
#define CAMEO_IMPORT_ONNX_HANDLERS_LOOPS_H

#include "Forms.h"

namespace cameo::onnx {

/// A value with one element as a scalar.
mlir::Value scalarOf(OpBinder &op, mlir::Value v);

/// A graph attribute of the node; null when it is missing (reported).
const Graph *graphOf(OpBinder &op, llvm::StringRef name);

/// Imports the body of a loop into `block`, with the builder at its end: (condition, carried..., collected...). It may
/// be asked more than once. Errors are reported.
using LoopBody = llvm::function_ref<mlir::FailureOr<llvm::SmallVector<Binding>>(
    mlir::Block *block, mlir::Value iteration, mlir::Value condition, llvm::ArrayRef<Binding> carried)>;

/// The results of a loop: what it carries, in the form that all iterations keep, then what it collects, which are
/// tensors. It runs `tripCount` times and as long as `condition` holds; both are scalars or null. Errors are reported.
mlir::FailureOr<llvm::SmallVector<Binding>> buildLoop(OpBinder &op, mlir::Value tripCount, mlir::Value condition,
                                                      llvm::ArrayRef<Binding> carried, size_t numCollected,
                                                      LoopBody body);

} // namespace cameo::onnx
#endif
