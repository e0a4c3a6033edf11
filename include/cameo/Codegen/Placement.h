// Placement.h - tensors that lie in the memory of another one: results of kernels that a concatenation has where it
// wants them (the pass cameo-concat-in-place), and the inputs and outputs that are caches (Caches.h).
//
// A kernel with the attribute `cameo.in_place` = [inputs] yields a cameo.concat; those of its inputs are results of
// other kernels, which store them where they belong in its own result. It copies the others only, and nothing where
// there are none.
#ifndef CAMEO_CODEGEN_PLACEMENT_H
#define CAMEO_CODEGEN_PLACEMENT_H

#include "cameo/Codegen/Caches.h"

namespace cameo::codegen {

constexpr llvm::StringLiteral kInPlaceAttr = "cameo.in_place";

/// The inputs of `kernel` that lie in its result.
llvm::ArrayRef<int64_t> inputsInPlace(KernelOp kernel);

/// The concatenation that `kernel` yields and otherwise consists of copies for; null where it does something else.
ConcatOp concatOf(KernelOp kernel);

/// Whether all that `kernel` yields is stored by others.
bool isInPlace(KernelOp kernel);

/// A part of a tensor's memory.
struct Placement {
  mlir::Value whole;                ///< the result whose memory it is
  Dim offset;                       ///< elements before its first one
  llvm::SmallVector<Dim, 6> memory; ///< sizes that its strides are made of
};

/// Where `value` lies, if its kernel stores it into the result of a concatenation.
std::optional<Placement> placementOf(ShapeAnalysis &shapes, mlir::Value value);
/// Where input `input` of `kernel`, which yields concatOf, would lie in its result.
Placement placementIn(ShapeAnalysis &shapes, KernelOp kernel, int64_t input);

/// The sizes of the memory that `value` lies in, which give its strides: its own where it has that for itself.
llvm::SmallVector<Dim, 6> memoryDims(ShapeAnalysis &shapes, mlir::Value value);

/// Whether memory of the sizes `memory` has no room between the elements of a tensor of the sizes `dims`.
bool isDense(llvm::ArrayRef<Dim> dims, llvm::ArrayRef<Dim> memory);

} // namespace cameo::codegen
#endif
