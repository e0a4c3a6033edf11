// Placement.cpp - see Placement.h.
#include "cameo/Codegen/Placement.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

ArrayRef<int64_t> codegen::inputsInPlace(KernelOp kernel) {
  return concatOf(kernel) ? kernel.getInPlace().value_or(ArrayRef<int64_t>()) : ArrayRef<int64_t>();
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

Placements::Placements(func::FuncOp main, ShapeAnalysis &shapes) : shapes(shapes) {
  main.walk([&](Block *block) {
    for (Operation &op : llvm::reverse(*block))
      if (auto kernel = dyn_cast<KernelOp>(op))
        add(kernel);
  });
}

const Placement *Placements::find(Value value) const {
  auto it = placements.find(value);
  return it == placements.end() ? nullptr : &it->second;
}

void Placements::add(KernelOp kernel) {
  ArrayRef<int64_t> inputs = inputsInPlace(kernel);
  if (inputs.empty())
    return;
  for (auto [operand, place] : llvm::zip(concatOf(kernel).getInputs(), operandsOf(kernel)))
    if (auto argument = dyn_cast<BlockArgument>(operand))
      if (llvm::is_contained(inputs, int64_t(argument.getArgNumber())))
        placements[kernel.getInputs()[argument.getArgNumber()]] = place;
}

SmallVector<Placement> Placements::operandsOf(KernelOp kernel) const {
  DimContext &d = shapes.dims();
  ConcatOp concat = concatOf(kernel);
  Value result = kernel.getResult(0);
  const Placement *own = find(result);
  Placement place = own ? *own : Placement{result, d.constant(0), SmallVector<Dim, 6>(shapes.dimsOf(result))};
  int64_t axis = *normalizeAxis(concat, concat.getAxis(), shapes.rank(result)); // verified: it lies in the range
  Dim row = d.product(ArrayRef(place.memory).drop_front(axis + 1));
  SmallVector<Placement> places;
  for (Value operand : concat.getInputs()) {
    places.push_back(place);
    place.offset = d.add(place.offset, d.mul(shapes.dim(operand, axis), row));
  }
  return places;
}

SmallVector<Dim, 6> Placements::memoryDims(Value value) const {
  const Placement *place = find(value);
  return place ? place->memory : cacheDims(shapes, value);
}

bool codegen::isDense(ArrayRef<Dim> dims, ArrayRef<Dim> memory) {
  // The outermost axes with one element have no stride, and the next one's does not depend on its own size.
  size_t first = 0;
  while (first < dims.size() && dims[first].isConstant(1))
    ++first;
  return dims.drop_front(std::min(first + 1, dims.size())) == memory.drop_front(std::min(first + 1, dims.size()));
}
