// Softmax.cpp - softmax and log-softmax from exponentials and their sums.
#include "Matching.h"
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

/// x when `value` is x - max(x) along `axis`, else `value` itself: both have one softmax.
static Value withoutMaximum(GraphRewriter &graph, Value value, int64_t axis) {
  auto sub = value.getDefiningOp<SubOp>();
  auto maximum = sub ? reductionOf(graph, sub.getY(), "max") : std::nullopt;
  if (maximum && maximum->x == sub.getX() && maximum->axes == SmallVector<int64_t>{axis})
    return sub.getX();
  return value;
}

/// The exponential whose sum along one axis `value` is, with that axis.
static std::pair<ExpOp, int64_t> sumOfExponentials(GraphRewriter &graph, Value value) {
  auto sum = reductionOf(graph, value, "sum");
  auto exp = sum && sum->axes.size() == 1 ? sum->x.getDefiningOp<ExpOp>() : ExpOp();
  return {exp, exp ? sum->axes[0] : 0};
}

namespace {

/// div(e, sum e) with e = exp(x - max x), or exp(x)  ->  softmax x; also mul(e, 1 / sum e)
template <typename OpT> struct Softmax : GraphPattern<OpT> {
  using GraphPattern<OpT>::GraphPattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &b) const override {
    for (unsigned i = 0; i < (std::is_same_v<OpT, MulOp> ? 2 : 1); ++i) {
      auto exp = op->getOperand(i).template getDefiningOp<ExpOp>();
      Value sum = op->getOperand(1 - i);
      if (std::is_same_v<OpT, MulOp>) {
        auto reciprocal = sum.getDefiningOp<DivOp>();
        if (!reciprocal || !isNumber(reciprocal.getX(), 1))
          continue;
        sum = reciprocal.getY();
      }
      auto [summed, axis] = sumOfExponentials(this->graph, sum);
      if (!exp || summed != exp || !this->graph.haveEqualShapes(exp, op))
        continue;
      Value x = withoutMaximum(this->graph, exp.getX(), axis);
      return this->replace(b, op, SoftmaxOp::create(b, op.getLoc(), op.getType(), x, axis), "one softmax");
    }
    return failure();
  }
};

/// sub(z, log(sum(exp z)))  ->  log_softmax z
struct LogSoftmax : GraphPattern<SubOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &b) const override {
    auto log = op.getY().getDefiningOp<LogOp>();
    auto [exp, axis] = log ? sumOfExponentials(graph, log.getX()) : std::pair<ExpOp, int64_t>();
    if (!exp || exp.getX() != op.getX() || !graph.haveEqualShapes(exp, op))
      return failure();
    Value x = withoutMaximum(graph, exp.getX(), axis);
    return replace(b, op, LogSoftmaxOp::create(b, op.getLoc(), op.getType(), x, axis), "one log-softmax");
  }
};

/// log(softmax x)  ->  log_softmax x
struct LogOfSoftmax : GraphPattern<LogOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(LogOp op, PatternRewriter &b) const override {
    auto softmax = op.getX().hasOneUse() ? op.getX().getDefiningOp<SoftmaxOp>() : SoftmaxOp();
    if (!softmax)
      return failure();
    return replace(b, op, LogSoftmaxOp::create(b, op.getLoc(), op.getType(), softmax.getX(), softmax.getAxis()),
                   "one log-softmax");
  }
};

} // namespace

void cameo::populateSoftmaxPatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<Softmax<DivOp>, Softmax<MulOp>, LogSoftmax, LogOfSoftmax>(patterns.getContext(), graph, counted);
}
