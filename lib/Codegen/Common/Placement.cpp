// Placement.cpp - see Placement.h.
#include "cameo/Codegen/Placement.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

ArrayRef<int64_t> codegen::inputsInPlace(KernelOp kernel) {
  auto inputs = kernel->getAttrOfType<DenseI64ArrayAttr>(kInPlaceAttr);
  return inputs && concatOf(kernel) ? inputs.asArrayRef() : ArrayRef<int64_t>();
}

ConcatOp codegen::concatOf(KernelOp kernel) {
  Block &body = kernel.getBody().front();
  auto isCopy = [](Operation &op) { return isa<IndexableInterface, AliasInterface, ConstantOp, ShapeOfOp>(op); };
  if (kernel.getNumResults() != 1 || kernel.getAppends() || !llvm::all_of(body.without_terminator(), isCopy))
    return {};
  return body.getTerminator()->getOperand(0).getDefiningOp<ConcatOp>();
}

bool codegen::isInPlace(KernelOp kernel) {
  ArrayRef<int64_t> inputs = inputsInPlace(kernel);
  ConcatOp concat = inputs.empty() ? ConcatOp() : concatOf(kernel);
  return concat && llvm::all_of(concat.getInputs(), [&](Value operand) {
           auto argument = dyn_cast<BlockArgument>(operand);
           return argument && llvm::is_contained(inputs, int64_t(argument.getArgNumber()));
         });
}

Placement codegen::placementIn(ShapeAnalysis &shapes, KernelOp kernel, int64_t input) {
  DimContext &d = shapes.dims();
  ConcatOp concat = concatOf(kernel);
  Value result = kernel.getResult(0), operand = kernel.getBody().front().getArgument(input);
  auto own = placementOf(shapes, result);
  Placement place{result, d.constant(0), SmallVector<Dim, 6>(shapes.dimsOf(result))};
  if (own)
    place = *own;
  int64_t axis = *normalizeAxis(concat, concat.getAxis(), shapes.rank(result)); // verified: it lies in the range
  Dim rows = d.constant(0);
  for (Value before : concat.getInputs()) {
    if (before == operand)
      break;
    rows = d.add(rows, shapes.dim(before, axis));
  }
  place.offset = d.add(place.offset, d.mul(rows, d.product(ArrayRef(place.memory).drop_front(axis + 1))));
  return place;
}

std::optional<Placement> codegen::placementOf(ShapeAnalysis &shapes, Value value) {
  if (!value.getDefiningOp<KernelOp>())
    return std::nullopt;
  for (OpOperand &use : value.getUses())
    if (auto kernel = dyn_cast<KernelOp>(use.getOwner());
        kernel && llvm::is_contained(inputsInPlace(kernel), int64_t(use.getOperandNumber())))
      return placementIn(shapes, kernel, use.getOperandNumber());
  return std::nullopt;
}

SmallVector<Dim, 6> codegen::memoryDims(ShapeAnalysis &shapes, Value value) {
  if (auto place = placementOf(shapes, value))
    return place->memory;
  return cacheDims(shapes, value);
}

bool codegen::isDense(ArrayRef<Dim> dims, ArrayRef<Dim> memory) {
  // The outermost axes with one element have no stride, and the next one's does not depend on its own size.
  size_t first = 0;
  while (first < dims.size() && dims[first].isConstant(1))
    ++first;
  return dims.drop_front(std::min(first + 1, dims.size())) == memory.drop_front(std::min(first + 1, dims.size()));
}
