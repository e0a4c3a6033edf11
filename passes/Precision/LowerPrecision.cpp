// LowerPrecision.cpp - casts around what adds up products.
#include "cameo/Passes/Precision/MultiplyNarrow.h"
#include "cameo/Passes/Precision/Passes.h"
#include "cameo/Passes/Remarks.h"

namespace cameo {
#define GEN_PASS_DEF_LOWERPRECISIONPASS
#include "cameo/Passes/Precision/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

static bool isF32(Value value) { return getElementTypeOrSelf(value.getType()).isF32(); }

/// `value` rounded to `narrow`; before what only moves it for this reader, so that what computes it rounds it.
static Value rounded(OpBuilder &b, ShapeAnalysis &shapes, Location loc, Value value, Type narrow) {
  if (auto cast = value.getDefiningOp<CastOp>(); cast && getElementTypeOrSelf(cast.getX()) == narrow)
    return cast.getX();
  auto move = value.getDefiningOp<SelectionInterface>();
  if (!move || !value.hasOneUse() || move->getNumResults() != 1 || move.selectedOperands().size() != 1)
    return createOp<CastOp>(b, shapes, loc, value, narrow);
  unsigned moved = move.selectedOperands().front();
  Value source = move->getOperand(moved);
  if (shapes.numElements(source) != shapes.numElements(value))
    return createOp<CastOp>(b, shapes, loc, value, narrow);
  OpBuilder at(move);
  IRMapping sources;
  sources.map(source, rounded(at, shapes, move.getLoc(), source, narrow));
  return finishOp(shapes, at.clone(*move, sources))->getResult(0);
}

SmallVector<Value> cameo::multiplyNarrow(ShapeAnalysis &shapes, Operation *op, ArrayRef<unsigned> factors,
                                         Type narrow) {
  OpBuilder b(op);
  IRMapping operands;
  for (unsigned factor : factors)
    if (Value operand = op->getOperand(factor); !operands.contains(operand))
      operands.map(operand, rounded(b, shapes, op->getLoc(), operand, narrow));
  Operation *copy = finishOp(shapes, b.clone(*op, operands));
  return llvm::map_to_vector(copy->getResults(), [&](Value result) {
    return isF32(result) ? result : createOp<CastOp>(b, shapes, op->getLoc(), result, b.getF32Type());
  });
}

namespace {

struct LowerPrecisionPass : public cameo::impl::LowerPrecisionPassBase<LowerPrecisionPass> {
  using LowerPrecisionPassBase::LowerPrecisionPassBase;

  void runOnOperation() override {
    ShapeAnalysis shapes;
    SmallVector<std::pair<Operation *, SmallVector<unsigned>>> found;
    getOperation().walk([&](ProductInterface op) {
      SmallVector<unsigned> factors = op.factorsWorthRounding(shapes);
      if (!factors.empty() && llvm::all_of(op->getResults(), isF32) &&
          llvm::all_of(factors, [&](unsigned factor) { return isF32(op->getOperand(factor)); }))
        found.push_back({op, factors});
    });
    for (auto &[op, factors] : found)
      lower(op, factors, shapes);
  }

private:
  void lower(Operation *op, ArrayRef<unsigned> factors, ShapeAnalysis &shapes) {
    Type narrow = f16 ? Type(Float16Type::get(&getContext())) : BFloat16Type::get(&getContext());
    SmallVector<Value> wide = multiplyNarrow(shapes, op, factors, narrow);
    changed(getArgument(), op->getLoc(), "ops that multiply narrower floats")
        << (f16 ? "it multiplies f16 and adds in f32: each sum is within 3 * 2^-11 + 2^-20 = 0.0015 of its terms' "
                  "magnitudes, where no number is beyond 65504 or, beside larger ones, below 6e-5"
                : "it multiplies bf16 and adds in f32: each sum is within 3 * 2^-8 + 2^-14 = 0.0118 of its terms' "
                  "magnitudes");
    op->replaceAllUsesWith(wide);
    for (Value result : op->getResults())
      shapes.erased(result);
    op->erase();
  }
};

} // namespace
