// LoopBorders.h - loops whose first and last iterations read elsewhere than those between them: a row that is padded by
// its reflection, a window that leaves it.
#ifndef LIB_CODEGEN_CPU_LOOPBORDERS_H
#define LIB_CODEGEN_CPU_LOOPBORDERS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cameo::codegen {

/// Splits innermost loops of `function` that may not become vectors (LaneAnalysis) in three, where the one in the
/// middle, in which minima, maxima and range checks of indices are decided, then may.
void splitBorders(mlir::func::FuncOp function);

} // namespace cameo::codegen
#endif
