// Layout.cpp - how ops are computed on operands whose axes stand in another order (LayoutInterface).
#include "cameo/Dialect/Cameo/Layout.h"

using namespace mlir;
using namespace cameo;

SmallVector<int64_t> cameo::channelsLastPermutation(int64_t rank) {
  SmallVector<int64_t> permutation{0};
  for (int64_t axis = 2; axis < rank; ++axis)
    permutation.push_back(axis);
  permutation.push_back(1);
  return permutation;
}

SmallVector<int64_t> cameo::inversePermutation(ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> inverse(permutation.size());
  for (auto [i, axis] : llvm::enumerate(permutation))
    inverse[axis] = i;
  return inverse;
}

bool cameo::movesOnlyUnitAxes(ArrayRef<Dim> dims, ArrayRef<int64_t> permutation) {
  int64_t last = -1;
  for (int64_t axis : permutation) {
    if (dims[axis].isConstant(1))
      continue;
    if (axis < last)
      return false;
    last = axis;
  }
  return true;
}

namespace {

/// Attribute lists of axes: each axis is renamed, the order of the list stays.
SmallVector<int64_t> renamed(ArrayRef<int64_t> axes, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> inverse = inversePermutation(permutation);
  return llvm::map_to_vector(axes, [&](int64_t axis) { return inverse[axis]; });
}

int64_t renamed(int64_t axis, ArrayRef<int64_t> permutation) {
  int64_t rank = permutation.size();
  return inversePermutation(permutation)[axis < 0 ? axis + rank : axis];
}

/// Operand 0, when the axes that stay keep their order: then a result without the others looks the same.
SmallVector<unsigned> operandIfOrderStays(ArrayRef<int64_t> removed, ArrayRef<int64_t> permutation) {
  int64_t last = -1, rank = permutation.size();
  for (int64_t axis : permutation) {
    if (llvm::is_contained(removed, axis) || llvm::is_contained(removed, axis - rank))
      continue;
    if (axis < last)
      return {};
    last = axis;
  }
  return {0};
}

} // namespace

// ---- channelsLast

template <typename OpT> static SmallVector<unsigned> activation(OpT op, ArrayRef<int64_t> permutation) {
  bool fits = !op.getChannelsLast() && ArrayRef(channelsLastPermutation(permutation.size())) == permutation;
  return fits ? SmallVector<unsigned>{0} : SmallVector<unsigned>{};
}

bool ConvOp::prefersChannelsLast() { return !getChannelsLast(); }
SmallVector<unsigned> ConvOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t> p) { return activation(*this, p); }
void ConvOp::permuteAxes(OpBuilder &, ArrayRef<int64_t>) { setChannelsLast(true); }

bool ConvIntegerOp::prefersChannelsLast() { return !getChannelsLast(); }
SmallVector<unsigned> ConvIntegerOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t> p) {
  return activation(*this, p);
}
void ConvIntegerOp::permuteAxes(OpBuilder &, ArrayRef<int64_t>) { setChannelsLast(true); }

bool ConvTransposeOp::prefersChannelsLast() { return !getChannelsLast(); }
SmallVector<unsigned> ConvTransposeOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t> p) {
  return activation(*this, p);
}
void ConvTransposeOp::permuteAxes(OpBuilder &, ArrayRef<int64_t>) { setChannelsLast(true); }

bool MaxPoolOp::prefersChannelsLast() { return false; }
SmallVector<unsigned> MaxPoolOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t> p) { return activation(*this, p); }
void MaxPoolOp::permuteAxes(OpBuilder &, ArrayRef<int64_t>) { setChannelsLast(true); }

bool AveragePoolOp::prefersChannelsLast() { return false; }
SmallVector<unsigned> AveragePoolOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t> p) {
  return activation(*this, p);
}
void AveragePoolOp::permuteAxes(OpBuilder &, ArrayRef<int64_t>) { setChannelsLast(true); }

bool LpPoolOp::prefersChannelsLast() { return false; }
SmallVector<unsigned> LpPoolOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t> p) { return activation(*this, p); }
void LpPoolOp::permuteAxes(OpBuilder &, ArrayRef<int64_t>) { setChannelsLast(true); }

// ---- movement

SmallVector<unsigned> ConcatOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t>) {
  return llvm::to_vector(llvm::seq<unsigned>(0, getNumOperands()));
}
void ConcatOp::permuteAxes(OpBuilder &, ArrayRef<int64_t> p) { setAxis(renamed(getAxis(), p)); }

SmallVector<unsigned> SliceOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t>) { return {0}; }
void SliceOp::permuteAxes(OpBuilder &, ArrayRef<int64_t> p) { setAxes(renamed(getAxes(), p)); }

SmallVector<unsigned> PadOp::permutedOperands(ShapeAnalysis &shapes, ArrayRef<int64_t>) {
  // Amounts that only the run knows would have to be reordered by the run.
  return shapes.constantElements(getPads()) ? SmallVector<unsigned>{0} : SmallVector<unsigned>{};
}
void PadOp::permuteAxes(OpBuilder &b, ArrayRef<int64_t> p) {
  ShapeAnalysis shapes;
  SmallVector<int64_t, 4> pads = *shapes.constantElements(getPads());
  SmallVector<int64_t> reordered;
  for (size_t side : {size_t(0), p.size()})
    for (int64_t axis : p)
      reordered.push_back(pads[side + axis]);
  getPadsMutable().assign(constantI64(b, getLoc(), reordered));
}

// ---- reductions

SmallVector<unsigned> ReduceOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t> p) {
  return getKeepDims() ? SmallVector<unsigned>{0} : operandIfOrderStays(getAxes(), p);
}
void ReduceOp::permuteAxes(OpBuilder &, ArrayRef<int64_t> p) { setAxes(renamed(getAxes(), p)); }

SmallVector<unsigned> ArgMaxOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t> p) {
  return getKeepDims() ? SmallVector<unsigned>{0} : operandIfOrderStays(int64_t(getAxis()), p);
}
void ArgMaxOp::permuteAxes(OpBuilder &, ArrayRef<int64_t> p) { setAxis(renamed(getAxis(), p)); }

SmallVector<unsigned> ArgMinOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t> p) {
  return getKeepDims() ? SmallVector<unsigned>{0} : operandIfOrderStays(int64_t(getAxis()), p);
}
void ArgMinOp::permuteAxes(OpBuilder &, ArrayRef<int64_t> p) { setAxis(renamed(getAxis(), p)); }

SmallVector<unsigned> SoftmaxOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t>) { return {0}; }
void SoftmaxOp::permuteAxes(OpBuilder &, ArrayRef<int64_t> p) { setAxis(renamed(getAxis(), p)); }

SmallVector<unsigned> LogSoftmaxOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t>) { return {0}; }
void LogSoftmaxOp::permuteAxes(OpBuilder &, ArrayRef<int64_t> p) { setAxis(renamed(getAxis(), p)); }

// ---- resize

SmallVector<unsigned> ResizeOp::permutedOperands(ShapeAnalysis &, ArrayRef<int64_t>) { return {0}; }
void ResizeOp::permuteAxes(OpBuilder &, ArrayRef<int64_t> p) { setAxes(renamed(getAxes(), p)); }
