// LowerPrecision.cpp - casts around what multiplies by constant weights.
#include "cameo/Passes/Precision/MultiplyBf16.h"
#include "cameo/Passes/Precision/Passes.h"
#include "cameo/Passes/Remarks.h"
#include "mlir/IR/Matchers.h"

namespace cameo {
#define GEN_PASS_DEF_LOWERPRECISIONPASS
#include "cameo/Passes/Precision/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

Value cameo::multiplyBf16(ShapeAnalysis &shapes, Operation *layer) {
  OpBuilder b(layer);
  IRMapping narrow;
  for (Value operand : layer->getOperands())
    if (!narrow.contains(operand))
      narrow.map(operand, Value(createOp<CastOp>(b, shapes, layer->getLoc(), operand, b.getBF16Type())));
  Operation *copy = finishOp(shapes, b.clone(*layer, narrow));
  return createOp<CastOp>(b, shapes, layer->getLoc(), copy->getResult(0), b.getF32Type());
}

namespace {

bool isF32(Value value) { return getElementTypeOrSelf(value.getType()).isF32(); }

struct LowerPrecisionPass : public cameo::impl::LowerPrecisionPassBase<LowerPrecisionPass> {
  using LowerPrecisionPassBase::LowerPrecisionPassBase;

  void runOnOperation() override {
    SmallVector<LinearInterface> layers;
    getOperation().walk([&](LinearInterface op) { layers.push_back(op); });
    ShapeAnalysis shapes;
    for (LinearInterface layer : layers)
      if (matchPattern(layer->getOperand(layer.weightOperand()), m_Constant()) && layer->getNumResults() == 1 &&
          llvm::all_of(layer->getOperands(), isF32))
        lower(layer, shapes);
  }

private:
  void lower(Operation *op, ShapeAnalysis &shapes) {
    Value wide = multiplyBf16(shapes, op);
    changed(getArgument(), op->getLoc(), "layers that multiply bf16")
        << "it multiplies bf16 and adds in f32: each sum is within 3 * 2^-9 + 2^-16 = 0.0059 of its terms' magnitudes";
    op->getResult(0).replaceAllUsesWith(wide);
    shapes.erased(op->getResult(0));
    op->erase();
  }
};

} // namespace
