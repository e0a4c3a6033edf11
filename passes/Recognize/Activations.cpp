// Activations.cpp - activation functions from products, sums and exponentials.
#include "Matching.h"
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

/// The factor of a product of two that is not `f`'s argument's image: calls `match(x, other)` both ways round.
static bool eitherWay(const Product &product, llvm::function_ref<bool(Value x, Value other)> match) {
  return product.factors.size() == 2 &&
         (match(product.factors[0], product.factors[1]) || match(product.factors[1], product.factors[0]));
}

/// True when `u` is sqrt(2 / pi) (x + 0.044715 x^3), also as sqrt(2 / pi) x (1 + 0.044715 x^2).
static bool isTanhArgument(Value u, Value x) {
  auto isPower = [&](Value v, size_t exponent) {
    Product p = productOf(v, x);
    return isRounded(p.scale, 0.044715, x) && p.factors.size() == exponent &&
           llvm::all_of(p.factors, [&](Value f) { return f == x; });
  };
  Product p = productOf(u, x);
  if (!isRounded(p.scale, std::sqrt(2 / M_PI), x))
    return false;
  if (p.factors.size() == 1) {
    auto sum = p.factors[0].getDefiningOp<AddOp>();
    return sum && ((sum.getX() == x && isPower(sum.getY(), 3)) || (sum.getY() == x && isPower(sum.getX(), 3)));
  }
  return eitherWay(p, [&](Value a, Value b) {
    Value square = besideNumber<AddOp>(b, 1);
    return a == x && square && isPower(square, 2);
  });
}

/// The x for which `value` is 1 + e^-x.
static Value logisticDenominator(Value value) {
  Value e = besideNumber<AddOp>(value, 1);
  auto exp = e ? e.getDefiningOp<ExpOp>() : ExpOp();
  auto neg = exp ? exp.getX().getDefiningOp<NegOp>() : NegOp();
  return neg ? neg.getX() : Value();
}

/// True when `value` is x + 3, limited to 0 and 6.
static bool isClippedShift(Value value, Value x) {
  Value inner = besideNumber<MinOp>(value, 6);
  auto max = inner ? inner.getDefiningOp<MaxOp>() : MaxOp();
  Value sum;
  for (unsigned i = 0; max && i < 2; ++i)
    if (uniformFloat(max->getOperand(i)) == 0.0)
      sum = max->getOperand(1 - i);
  return sum && besideNumber<AddOp>(sum, 3) == x;
}

namespace {

/// Products of x and a function of x: GELU, SiLU, hard-swish, mish.
template <typename OpT> struct GatedActivation : GraphPattern<OpT> {
  using GraphPattern<OpT>::GraphPattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &b) const override {
    Product product = productOf(op);
    Value x;
    bool approximate = false;
    // 0.5 x (1 + erf(x / sqrt(2))), or with the tanh that approximates it.
    bool isGelu = eitherWay(product, [&](Value a, Value other) {
      Value image = besideNumber<AddOp>(other, 1);
      auto erf = image ? image.getDefiningOp<ErfOp>() : ErfOp();
      auto tanh = image ? image.getDefiningOp<TanhOp>() : TanhOp();
      auto slope = erf ? multipleOf(erf.getX(), a) : std::nullopt;
      x = a;
      approximate = bool(tanh);
      return (slope && isRounded(*slope, std::sqrt(0.5), a)) || (tanh && isTanhArgument(tanh.getX(), a));
    });
    if (isGelu) {
      if (isRounded(product.scale, 0.5, x))
        return become<GeluOp>(b, op, x, "one GELU", approximate);
      return failure(); // the inner product of one, or scaled: the outer product is looked at by itself
    }
    float alpha = 1;
    bool isSwish = eitherWay(product, [&](Value a, Value other) {
      auto sigmoid = other.getDefiningOp<SigmoidOp>();
      auto slope = sigmoid ? multipleOf(sigmoid.getX(), a) : std::nullopt;
      x = a;
      alpha = slope.value_or(0);
      return slope.has_value();
    });
    if (isSwish && product.scale == 1)
      return become<SwishOp>(b, op, x, "one swish (SiLU)", APFloat(alpha));
    bool isHardSwish = eitherWay(product, [&](Value a, Value other) {
      x = a;
      auto hard = other.getDefiningOp<HardSigmoidOp>();
      if (hard && hard.getX() == a && product.scale == 1)
        return isRounded(hard.getAlpha().convertToFloat(), 1.0 / 6, a) && hard.getBeta().convertToFloat() == 0.5f;
      return isRounded(product.scale, 1.0 / 6, a) && isClippedShift(other, a);
    });
    if (isHardSwish)
      return become<HardSwishOp>(b, op, x, "one hard-swish");
    bool isMish = eitherWay(product, [&](Value a, Value other) {
      auto tanh = other.getDefiningOp<TanhOp>();
      auto softplus = tanh ? tanh.getX().getDefiningOp<SoftplusOp>() : SoftplusOp();
      x = a;
      return softplus && softplus.getX() == a;
    });
    if (isMish && product.scale == 1)
      return become<MishOp>(b, op, x, "one mish");
    return failure();
  }

  template <typename New, typename... Args>
  LogicalResult become(PatternRewriter &b, OpT op, Value x, StringRef what, Args &&...args) const {
    if (!this->graph.haveEqualShapes(x, op))
      return failure();
    return this->replace(b, op, New::create(b, op.getLoc(), op.getType(), x, args...), what);
  }
};

/// 1 / (1 + e^-x)  ->  sigmoid x;  x / (1 + e^-x)  ->  swish x
struct Logistic : GraphPattern<DivOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter &b) const override {
    Value x = logisticDenominator(op.getY());
    if (!x || !graph.haveEqualShapes(x, op))
      return failure();
    if (op.getX() == x)
      return replace(b, op, SwishOp::create(b, op.getLoc(), op.getType(), x, APFloat(1.0f)), "one swish (SiLU)");
    if (!isNumber(op.getX(), 1))
      return failure();
    return replace(b, op, SigmoidOp::create(b, op.getLoc(), op.getType(), x), "one sigmoid");
  }
};

/// log(1 + e^x)  ->  softplus x
struct Softplus : GraphPattern<LogOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(LogOp op, PatternRewriter &b) const override {
    Value e = besideNumber<AddOp>(op.getX(), 1);
    auto exp = e ? e.getDefiningOp<ExpOp>() : ExpOp();
    if (!exp || !graph.haveEqualShapes(exp.getX(), op))
      return failure();
    return replace(b, op, SoftplusOp::create(b, op.getLoc(), op.getType(), exp.getX()), "one softplus");
  }
};

} // namespace

void cameo::populateActivationPatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<GatedActivation<MulOp>, GatedActivation<DivOp>, Logistic, Softplus>(patterns.getContext(), graph,
                                                                                   counted);
}
