// LoopReductions.h - loops whose carried values are accumulators, so that parts of them may be combined at the end.
#ifndef CAMEO_CODEGEN_LOOPREDUCTIONS_H
#define CAMEO_CODEGEN_LOOPREDUCTIONS_H

#include "cameo/Codegen/LaneAnalysis.h"
#include <optional>

namespace cameo::codegen {

/// An accumulator: each iteration makes `combiner`(accumulator, something) of it.
struct Accumulator {
  mlir::Operation *combiner;
  mlir::TypedAttr neutral;
};

/// Loops that only hand accumulators to the next inner one, outermost first; the last is vectorised.
struct ReductionNest {
  llvm::SmallVector<mlir::scf::ForOp> loops;
  llvm::SmallVector<Accumulator> accumulators;
};

/// The loops around the innermost loop `inner` that only hand its accumulators on, with it; null where it has none, or
/// where their order matters.
std::optional<ReductionNest> reductionNest(mlir::scf::ForOp inner);

/// `combiner` on other operands, which may be vectors.
mlir::Value combine(mlir::OpBuilder &b, mlir::Operation *combiner, mlir::Value x, mlir::Value y);

} // namespace cameo::codegen
#endif
