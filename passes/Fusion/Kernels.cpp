// Kernels.cpp - outlines ops of a block into a cameo.kernel.
#include "Kernels.h"

using namespace mlir;
using namespace cameo;

/// True for constants that a kernel holds itself: one value for all elements.
static bool isImmediate(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  return dense && dense.isSplat() && !isa<StringType>(dense.getElementType());
}

bool cameo::needsKernel(ShapeAnalysis &shapes, Operation *op) {
  if (!isa<KernelInterface>(op))
    return false;
  return !llvm::all_of(op->getResults(), [&](Value v) { return shapes.get(v).contents.has_value(); });
}

KernelOp cameo::formKernel(ArrayRef<Operation *> ops) {
  llvm::SmallPtrSet<Operation *, 8> members(ops.begin(), ops.end());
  SetVector<Value> inputs;
  SmallVector<Value> outputs;
  SmallVector<Location> locs;
  for (Operation *op : ops) {
    locs.push_back(op->getLoc());
    for (Value operand : op->getOperands())
      if (!members.contains(operand.getDefiningOp()) && !(isa<IndexableInterface>(op) && isImmediate(operand)))
        inputs.insert(operand);
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !members.contains(user); }) ||
          (ops.size() == 1 && !result.use_empty()))
        outputs.push_back(result);
  }
  // An anchor stores all its results; those that nobody uses need a place too.
  if (ops.size() == 1)
    outputs.assign(ops.front()->result_begin(), ops.front()->result_end());
  else
    for (Operation *op : ops)
      if (op->getNumResults() > 1)
        for (Value result : op->getResults())
          if (result.use_empty())
            outputs.push_back(result);

  OpBuilder b(ops.back());
  auto kernel = KernelOp::create(b, FusedLoc::get(b.getContext(), locs), ValueRange(outputs).getTypes(),
                                 inputs.getArrayRef(), DictionaryAttr(), IntegerAttr(), DenseI64ArrayAttr());
  Block *body = b.createBlock(&kernel.getBody());
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (Operation *op : ops) {
    for (Value operand : op->getOperands())
      if (!mapping.contains(operand))
        mapping.map(operand, b.clone(*operand.getDefiningOp())->getResult(0));
    b.clone(*op, mapping);
  }
  YieldOp::create(b, kernel.getLoc(), llvm::map_to_vector(outputs, [&](Value v) { return mapping.lookup(v); }));
  for (auto [old, result] : llvm::zip(outputs, kernel.getResults()))
    old.replaceUsesWithIf(result, [&](OpOperand &use) { return !members.contains(use.getOwner()); });
  for (Operation *op : llvm::reverse(ops))
    op->erase();
  return kernel;
}
