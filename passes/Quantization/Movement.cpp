// Movement.cpp - quantize and dequantize through ops whose result's elements are their operands' (SelectionInterface).
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

namespace {

/// A copy of `op`, which has one result, with other selected operands.
Value selectedFrom(PatternRewriter &b, ShapeAnalysis &shapes, SelectionInterface op,
                   llvm::function_ref<Value(Value)> change) {
  llvm::DenseMap<Value, Value> changed;
  Operation *copy = op->clone();
  for (unsigned i : op.selectedOperands()) {
    Value &value = changed[op->getOperand(i)];
    if (!value)
      value = change(op->getOperand(i));
    copy->setOperand(i, value);
  }
  b.insert(copy);
  return finishOp(shapes, copy)->getResult(0);
}

/// quantize(transpose x)  ->  transpose(quantize x), and the like
struct QuantizeThroughSelection : GraphPattern<QuantizeOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &b) const override {
    auto select = op.getX().getDefiningOp<SelectionInterface>();
    if (!select || select->getNumResults() != 1 || !select->hasOneUse() || !isUniform(op.getScale()) ||
        !isUniform(op.getZeroPoint()))
      return failure();
    for (unsigned i : select.selectedOperands())
      if (!isWorthIt(op, select, select->getOperand(i)))
        return failure();
    Value scale = asScalar(b, shapes, op.getScale()), zero = asScalar(b, shapes, op.getZeroPoint());
    auto quantized = [&](Value x) -> Value {
      return createOp<QuantizeOp>(b, shapes, op.getLoc(), x, scale, zero, op.getSaturate());
    };
    return replace(b, op, selectedFrom(b, shapes, select, quantized), "is done before its operand is moved");
  }

private:
  bool isUniform(Value v) const { return shapes.numElements(v).isConstant(1); }

  /// Where there are more elements before than behind, quantizing first is more work.
  bool isWorthIt(QuantizeOp op, SelectionInterface select, Value x) const {
    auto before = shapes.numElements(x).constant(), behind = shapes.numElements(select->getResult(0)).constant();
    return graph.isConstant(x) || x.getDefiningOp<DequantizeOp>() || shapes.numElements(x) == shapes.numElements(op) ||
           (before && behind && *before <= *behind);
  }
};

/// transpose(dequantize q)  ->  dequantize(transpose q), and the like
struct DequantizeBehindSelection : GraphPattern<SelectionInterface> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(SelectionInterface op, PatternRewriter &b) const override {
    if (op->getNumResults() != 1)
      return failure();
    DequantizeOp first;
    for (unsigned i : op.selectedOperands()) {
      auto dequantize = op->getOperand(i).getDefiningOp<DequantizeOp>();
      if (!dequantize || !shapes.numElements(dequantize.getScale()).isConstant(1) ||
          !shapes.numElements(dequantize.getZeroPoint()).isConstant(1))
        return failure();
      if (!first)
        first = dequantize;
      if (!isSameConstant(first.getScale(), dequantize.getScale()) ||
          !isSameConstant(first.getZeroPoint(), dequantize.getZeroPoint()))
        return failure();
    }
    Value moved = selectedFrom(b, shapes, op, [](Value x) { return x.getDefiningOp<DequantizeOp>().getX(); });
    Value scale = asScalar(b, shapes, first.getScale()), zero = asScalar(b, shapes, first.getZeroPoint());
    return replace(b, op, createOp<DequantizeOp>(b, shapes, first.getLoc(), moved, scale, zero),
                   "moves integers, which become real numbers behind it");
  }
};

/// quantize(dequantize(q, s, z), s, z)  ->  q
struct QuantizeOfDequantize : GraphPattern<QuantizeOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &b) const override {
    auto dequantize = op.getX().getDefiningOp<DequantizeOp>();
    auto type = dyn_cast<IntegerType>(getElementTypeOrSelf(op));
    if (!dequantize || !type || type.getWidth() > 16 || getElementTypeOrSelf(dequantize.getX()) != type ||
        !getElementTypeOrSelf(dequantize).isF32() || !isSameConstant(op.getScale(), dequantize.getScale()) ||
        !isSameConstant(op.getZeroPoint(), dequantize.getZeroPoint()))
      return failure();
    return replace(b, op, dequantize.getX(), "undoes the dequantization before it");
  }
};

} // namespace

void cameo::populateMovementPatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<QuantizeThroughSelection, DequantizeBehindSelection, QuantizeOfDequantize>(patterns.getContext(), graph,
                                                                                          counted);
}
