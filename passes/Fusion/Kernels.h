// Kernels.h - making a cameo.kernel out of ops; shared by the passes of this folder.
#ifndef PASSES_FUSION_KERNELS_H
#define PASSES_FUSION_KERNELS_H
#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

/// True for ops that need a kernel: they compute, and their results are not all known as sizes.
bool needsKernel(ShapeAnalysis &shapes, mlir::Operation *op);

/// Moves `ops` (of one block, in order) into a kernel at the place of the last one and erases them. Values used outside
/// become results. Constants with one value for all elements are copied inside where the reader works element by
/// element.
KernelOp formKernel(llvm::ArrayRef<mlir::Operation *> ops);

} // namespace cameo
#endif
