// Placement.h - tensors that lie in the memory of another one: results of kernels that a concatenation has where it
// wants them (the pass cameo-concat-in-place), and the inputs and outputs that are caches (Caches.h).
//
// A kernel with `inPlace` inputs yields a cameo.concat and copies the others only; nothing where there are none.
#ifndef CAMEO_CODEGEN_PLACEMENT_H
#define CAMEO_CODEGEN_PLACEMENT_H

#include "cameo/Codegen/Caches.h"

namespace cameo::codegen {

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

/// Which results lie in another one's memory, and where.
class Placements {
public:
  explicit Placements(ShapeAnalysis &shapes) : shapes(shapes) {}
  /// Of all kernels of `main`.
  Placements(mlir::func::FuncOp main, ShapeAnalysis &shapes);

  /// Null: `value` has its memory for itself.
  const Placement *find(mlir::Value value) const;
  /// Adds the inputs of `kernel` that lie in its result. Kernels behind it come before it: then it is known where that
  /// lies.
  void add(KernelOp kernel);
  /// Where each operand of concatOf(`kernel`) lies, or would lie.
  llvm::SmallVector<Placement> operandsOf(KernelOp kernel) const;
  /// The sizes of the memory that `value` lies in, which give its strides.
  llvm::SmallVector<Dim, 6> memoryDims(mlir::Value value) const;

private:
  ShapeAnalysis &shapes;
  llvm::DenseMap<mlir::Value, Placement> placements;
};

/// Whether memory of the sizes `memory` has no room between the elements of a tensor of the sizes `dims`.
bool isDense(llvm::ArrayRef<Dim> dims, llvm::ArrayRef<Dim> memory);

} // namespace cameo::codegen
#endif
