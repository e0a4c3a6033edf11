// SizeRequirements.h - what ops ask of sizes that only a run knows. inferShapes refuses sizes that cannot fit; where
// they may, the run checks them before the kernel starts, so that kernels read and write within their buffers.
#ifndef CAMEO_DIALECT_CAMEO_SIZEREQUIREMENTS_H
#define CAMEO_DIALECT_CAMEO_SIZEREQUIREMENTS_H

#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

/// Axis `axis` of an operand has `size`, which `wanted` limits. What is limited may also be computed from it.
struct SizeRequirement {
  enum Kind { Equal, EqualOrOne, AtMost, AtMostOrOne, MultipleOf };
  unsigned operand;
  int64_t axis;
  Dim size, wanted;
  Kind kind;
};

/// Those of `op` that are not known to hold. Ops that have none here check in their loops.
llvm::SmallVector<SizeRequirement> sizeRequirements(ShapeAnalysis &shapes, mlir::Operation *op);

} // namespace cameo
#endif
