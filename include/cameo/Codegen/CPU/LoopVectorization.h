// LoopVectorization.h - loops of scalars become loops of native vectors.
//
// LLVM vectorises innermost loops only. Here any loop of a nest may become the one whose iterations are lanes: the
// innermost one where memory is read in order and values are at most accumulated (pointwise ops, a row's sum or
// maximum), else the outer one along which memory is read in order, with its inner loops carrying vectors (sums over
// leading axes, softmax along a middle axis, pools and resizes of channels-last tensors).
#ifndef CAMEO_CODEGEN_CPU_LOOPVECTORIZATION_H
#define CAMEO_CODEGEN_CPU_LOOPVECTORIZATION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cameo::codegen {

/// Vectorises the loops of `function` where LaneAnalysis allows it; other loops stay as they are. All buffers that are
/// arguments must be distinct. Accumulators whose ops carry `reassoc` (floats) or wrap are split into one per lane and
/// up to four vectors, and joined in a fixed order. Iterations that do not fill a vector are masked. `vectorBytes`:
/// size of a vector register; vectors have as many lanes as the widest element allows.
void vectorizeLoops(mlir::func::FuncOp function, int64_t vectorBytes);

} // namespace cameo::codegen
#endif
