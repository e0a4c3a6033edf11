// Permutation.h - transposes whose last axis moves, for every target.
#ifndef CAMEO_CODEGEN_PERMUTATION_H
#define CAMEO_CODEGEN_PERMUTATION_H

#include "cameo/Dialect/Cameo/KernelEmitter.h"

namespace cameo::codegen {

/// An axis of the result with the distance of its neighbours on both sides, in elements.
struct Axis {
  Dim size, inStride, outStride;
};

/// A transpose without axes of size 1 and with axes merged that stay side by side.
struct Permutation {
  llvm::SmallVector<Axis> outer; ///< axes that are last on neither side
  Axis rows;                     ///< the result's last axis: outStride is 1
  Axis columns;                  ///< the operand's last axis: inStride is 1
};

/// The parts of a transpose of `in`; nullopt when its last axis stays last.
std::optional<Permutation> describePermutation(DimContext &d, llvm::ArrayRef<Dim> in,
                                               llvm::ArrayRef<int64_t> permutation);

} // namespace cameo::codegen
#endif
