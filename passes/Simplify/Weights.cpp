// Weights.cpp - constant scales and offsets behind linear ops. What a batch normalization is at inference, x * factor +
// offset with two numbers per channel, disappears into the convolution before it. New weights are written as ops on
// constants; --cameo-fold-constants computes them.
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

/// The linear op with constant weights whose only use is `value`'s; null otherwise.
static LinearInterface linearProducer(GraphRewriter &graph, Value value) {
  auto linear = value.getDefiningOp<LinearInterface>();
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(value.getType()));
  if (!linear || !isFloat || !value.hasOneUse() || !graph.isConstant(linear->getOperand(linear.weightOperand())))
    return {};
  return linear;
}

/// The operand of a binary op that is not `constant`; null when neither or both depend on constants alone.
static Value otherOperand(GraphRewriter &graph, Operation *op, Value &constant) {
  for (unsigned i : {1u, 0u})
    if (graph.isConstant(op->getOperand(i)) && !graph.isConstant(op->getOperand(1 - i))) {
      constant = op->getOperand(i);
      return op->getOperand(1 - i);
    }
  return {};
}

namespace {

/// mul(conv(x, w), c)  ->  conv(x, mul(w, c)), c one number or one per output channel; div alike
template <typename OpT> struct ScaleIntoWeights : GraphPattern<OpT> {
  using GraphPattern<OpT>::GraphPattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &b) const override {
    Value scale, y = otherOperand(this->graph, op, scale);
    if (!y || (std::is_same_v<OpT, DivOp> && scale != op.getY()))
      return failure();
    LinearInterface linear = linearProducer(this->graph, y);
    if (!linear || !this->graph.haveEqualShapes(y, op))
      return failure();
    ArrayRef<Dim> dims = this->shapes.dimsOf(scale);
    int64_t offset = this->shapes.rank(op) - int64_t(dims.size());
    bool isUniform = true;
    for (auto [axis, size] : llvm::enumerate(dims)) {
      if (size.isConstant(1))
        continue;
      isUniform = false;
      if (offset + int64_t(axis) != linear.channelAxis())
        return b.notifyMatchFailure(op,
                                    "stays behind the weights: its scale differs along other axes than the channels'");
    }
    if (!isUniform && linear.weightAxis() < 0)
      return b.notifyMatchFailure(op, "stays behind the weights: they have no axis of output channels");

    Value weights = linear->getOperand(linear.weightOperand());
    SmallVector<int64_t> sizes(this->shapes.rank(weights), 1);
    if (!isUniform)
      sizes[linear.weightAxis()] = -1;
    Value shape = constantI64(b, op.getLoc(), sizes);
    Value aligned = createOp<ReshapeOp>(b, this->shapes, op.getLoc(), scale, shape, /*allowzero=*/false);
    Value scaled = createOp<OpT>(b, this->shapes, linear->getLoc(), weights, aligned);
    Operation *copy = b.clone(*linear);
    copy->setOperand(linear.weightOperand(), scaled);
    return this->replace(b, op, copy->getResult(0), "its scale is part of the weights before it");
  }
};

/// mul(add(conv(x, w), b), c)  ->  add(mul(conv(x, w), c), mul(b, c)); div alike
template <typename OpT> struct ScaleBeforeOffset : GraphPattern<OpT> {
  using GraphPattern<OpT>::GraphPattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &b) const override {
    Value scale, bias, sum = otherOperand(this->graph, op, scale);
    if (!sum || (std::is_same_v<OpT, DivOp> && scale != op.getY()) || !sum.hasOneUse())
      return failure();
    auto add = sum.getDefiningOp<AddOp>();
    Value y = add ? otherOperand(this->graph, add, bias) : Value();
    if (!y || !linearProducer(this->graph, y) || !this->graph.haveEqualShapes(y, op))
      return failure();
    Value scaled = createOp<OpT>(b, this->shapes, op.getLoc(), y, scale);
    Value offset = createOp<OpT>(b, this->shapes, add.getLoc(), bias, scale);
    return this->replace(b, op, createOp<AddOp>(b, this->shapes, add.getLoc(), scaled, offset),
                         "its scale comes before the bias");
  }
};

/// sub(conv(x, w), c)  ->  add(conv(x, w), neg(c))
struct DifferenceIsSum : GraphPattern<SubOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &b) const override {
    Value y = op.getX(), constant;
    if (!graph.isConstant(op.getY()))
      return failure();
    if (auto add = y.getDefiningOp<AddOp>(); add && y.hasOneUse())
      y = otherOperand(graph, add, constant);
    if (!y || !linearProducer(graph, y))
      return failure();
    Value negated = createOp<NegOp>(b, shapes, op.getLoc(), op.getY());
    return replace(b, op, createOp<AddOp>(b, shapes, op.getLoc(), op.getX(), negated), "a constant bias");
  }
};

/// add(add(conv(x, w), b), c)  ->  add(conv(x, w), add(b, c))
struct OneOffset : GraphPattern<AddOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &b) const override {
    Value outer, inner, sum = otherOperand(graph, op, outer);
    auto add = sum && sum.hasOneUse() ? sum.getDefiningOp<AddOp>() : AddOp();
    Value y = add ? otherOperand(graph, add, inner) : Value();
    if (!y || !linearProducer(graph, y) || !graph.haveEqualShapes(y, op))
      return failure();
    Value offset = createOp<AddOp>(b, shapes, op.getLoc(), inner, outer);
    return replace(b, op, createOp<AddOp>(b, shapes, add.getLoc(), y, offset), "one constant with the bias before it");
  }
};

} // namespace

void cameo::populateWeightPatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<ScaleIntoWeights<MulOp>, ScaleIntoWeights<DivOp>, ScaleBeforeOffset<MulOp>, ScaleBeforeOffset<DivOp>,
               DifferenceIsSum, OneOffset>(patterns.getContext(), graph, counted);
}
