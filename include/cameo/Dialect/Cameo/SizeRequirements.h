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

/// Takes the requirements of one op (ShapeInterface::requireSizes) and keeps those that are not known to hold.
class SizeRequirements {
public:
  SizeRequirements(ShapeAnalysis &shapes, mlir::Operation *op) : shapes(shapes), op(op) {}

  void require(unsigned operand, int64_t axis, Dim size, Dim wanted, SizeRequirement::Kind kind);
  /// The sizes of `operand` are the last ones of `wanted`.
  void fits(unsigned operand, llvm::ArrayRef<Dim> wanted, SizeRequirement::Kind kind);
  /// The same for an operand that may be left out, by its value.
  void fits(mlir::Value operand, llvm::ArrayRef<Dim> wanted, SizeRequirement::Kind kind = SizeRequirement::Equal);
  /// Every operand broadcasts to the result.
  void allBroadcast();

  llvm::ArrayRef<SizeRequirement> all() const { return kept; }
  ShapeAnalysis &shapes;

private:
  mlir::Operation *op;
  llvm::SmallVector<SizeRequirement> kept;
};

} // namespace cameo
#endif
