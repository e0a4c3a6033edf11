// Arithmetic.cpp - powers by their exponents. What is exact for every operand without looking at others is a folder of
// the op.
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

/// True when no element of `value` is below 0 or is -0. NaN is allowed. Looks at few ops: enough for variances.
static bool isNeverNegative(Value value, int depth = 4) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return false;
  if (op->hasTrait<NonNegative>())
    return true;
  if (auto c = uniformFloat(value))
    return *c >= 0 && !std::signbit(*c);
  if (auto mul = dyn_cast<MulOp>(op))
    return mul.getX() == mul.getY() ||
           (isNeverNegative(mul.getX(), depth - 1) && isNeverNegative(mul.getY(), depth - 1));
  if (isa<AddOp, DivOp>(op))
    return isNeverNegative(op->getOperand(0), depth - 1) && isNeverNegative(op->getOperand(1), depth - 1);
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return reduce.getKind() != "min" && reduce.getKind() != "max" && isNeverNegative(reduce.getX(), depth - 1);
  return false;
}

namespace {

/// pow(x, 2)  ->  mul(x, x), and the like
struct PowerByExponent : GraphPattern<PowOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &b) const override {
    auto exponent = uniformFloat(op.getY());
    Value x = op.getX();
    if (!exponent || !graph.haveEqualShapes(x, op))
      return failure();
    Location loc = op.getLoc();
    auto times = [&](Value y) -> Value { return MulOp::create(b, loc, op.getType(), y, x); };
    if (*exponent == 2)
      return replace(b, op, times(x), "a product instead of a power");
    if (*exponent == 3)
      return replace(b, op, times(times(x)), "a product instead of a power");
    if (*exponent == -1) {
      auto type = RankedTensorType::get({}, getElementTypeOrSelf(x.getType()));
      Value one =
          ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, b.getFloatAttr(type.getElementType(), 1)));
      return replace(b, op, DivOp::create(b, loc, op.getType(), one, x), "a quotient instead of a power");
    }
    if (*exponent == 0.5) {
      if (!isNeverNegative(x))
        return b.notifyMatchFailure(
            op, "stays a power of 1/2: of -0 and of -infinity the root differs, and these may occur");
      return replace(b, op, SqrtOp::create(b, loc, op.getType(), x), "a root instead of a power");
    }
    return failure();
  }
};

} // namespace

void cameo::populateArithmeticPatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<PowerByExponent>(patterns.getContext(), graph, counted);
}
