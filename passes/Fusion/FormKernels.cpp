// FormKernels.cpp - wraps each op that computes in a cameo.kernel, the unit of code generation.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Passes/Fusion/Passes.h"

namespace cameo {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "cameo/Passes/Fusion/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

/// True for constants that a kernel holds itself: one value for all elements.
bool isImmediate(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  return dense && dense.isSplat();
}

void wrap(Operation *op) {
  OpBuilder b(op);
  bool indexable = isa<IndexableInterface>(op);
  SetVector<Value> inputs;
  for (Value operand : op->getOperands())
    if (!indexable || !isImmediate(operand))
      inputs.insert(operand);
  auto kernel = KernelOp::create(b, op->getLoc(), op->getResultTypes(), inputs.getArrayRef(), DictionaryAttr());
  Block *body = b.createBlock(&kernel.getBody());
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (Value operand : op->getOperands())
    if (!mapping.contains(operand))
      mapping.map(operand, b.clone(*operand.getDefiningOp())->getResult(0));
  Operation *clone = b.clone(*op, mapping);
  YieldOp::create(b, op->getLoc(), clone->getResults());
  op->replaceAllUsesWith(kernel);
  op->erase();
}

struct FormKernels : public cameo::impl::FormKernelsPassBase<FormKernels> {
  using FormKernelsPassBase::FormKernelsPassBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    ShapeAnalysis shapes;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<KernelOp>(op))
        return WalkResult::skip();
      // Values that the entry function knows as sizes need no kernel.
      bool known = isa<ShapeInterface>(op) && op->getNumResults() > 0 &&
                   llvm::all_of(op->getResults(), [&](Value v) { return shapes.get(v).contents.has_value(); });
      if (isa<KernelInterface>(op) && !known)
        ops.push_back(op);
      return WalkResult::advance();
    });
    for (Operation *op : llvm::reverse(ops)) {
      if (op->use_empty()) {
        op->erase();
        continue;
      }
      wrap(op);
      ++formed;
    }
  }
};

} // namespace
