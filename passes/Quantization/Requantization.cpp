// Requantization.cpp - what stands between sums in i32 and the quantize behind them becomes as little arithmetic as it
// can.
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

namespace {

/// A scalar constant of f32.
Value number(OpBuilder &b, Location loc, float value) {
  auto type = RankedTensorType::get({}, b.getF32Type());
  return ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, value));
}

/// cast(sums) * scale, with a constant scale.
struct ScaledSums {
  MulOp mul;
  CastOp cast;
};

std::optional<ScaledSums> scaledSums(GraphRewriter &graph, Value value) {
  auto mul = value.getDefiningOp<MulOp>();
  auto cast = mul ? mul.getX().getDefiningOp<CastOp>() : CastOp();
  if (!cast || !getElementTypeOrSelf(cast.getX()).isInteger(32) || !getElementTypeOrSelf(cast).isF32() ||
      !graph.isConstant(mul.getY()))
    return std::nullopt;
  return ScaledSums{mul, cast};
}

/// The values of a product of constants, each one number or one per channel; null where they are not known.
std::optional<SmallVector<float>> scaleValues(Value scale) {
  auto mul = scale.getDefiningOp<MulOp>();
  if (!mul)
    return constantFloats(scale);
  auto x = constantFloats(mul.getX()), y = constantFloats(mul.getY());
  if (!x || !y || (x->size() != 1 && y->size() != 1 && x->size() != y->size()))
    return std::nullopt;
  if (x->size() < y->size())
    std::swap(x, y);
  for (auto [i, value] : llvm::enumerate(*x))
    value *= (*y)[y->size() == 1 ? 0 : i];
  return x;
}

/// Whether two scales are one up to the rounding of their product.
bool agree(ArrayRef<float> x, ArrayRef<float> y) {
  for (size_t i = 0, count = std::max(x.size(), y.size()); i < count; ++i) {
    float a = x[x.size() == 1 ? 0 : i], c = y[y.size() == 1 ? 0 : i];
    if (!(std::abs(a - c) <= 1e-6f * std::abs(a)))
      return false;
  }
  return true;
}

/// Whether a bias can be added to sums of products of bytes, whatever these are, without leaving 32 bits.
bool fitsWithSums(ShapeAnalysis &shapes, Value sums, Value bias) {
  Dim terms = shapes.dims().constant(1);
  if (auto product = sums.getDefiningOp<MatMulIntegerOp>())
    terms = shapes.dimsOf(product.getLhs()).back();
  else if (auto product = sums.getDefiningOp<ConvIntegerOp>())
    terms = shapes.dims().product(shapes.dimsOf(product.getFilter()).drop_front());
  else
    return false;
  auto largest = largestMagnitude(bias);
  constexpr int64_t kLargestProduct = 255 * 255, kMost = (int64_t(1) << 31) - 1;
  return largest && terms.constant() && *terms.constant() <= (kMost - *largest) / kLargestProduct;
}

/// True for constant scales as they should be: finite and above 0.
bool arePositive(std::optional<SmallVector<float>> scales) {
  return scales && llvm::all_of(*scales, [](float scale) { return scale > 0 && std::isfinite(scale); });
}

/// cast(sums) * s + dequantize(bias, s, 0)  ->  cast(sums + bias) * s
struct IntegerBias : GraphPattern<AddOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &b) const override {
    for (unsigned i : {0u, 1u}) {
      auto sums = scaledSums(graph, op->getOperand(i));
      auto bias = op->getOperand(1 - i).getDefiningOp<DequantizeOp>();
      // The bias may have been given axes of size 1.
      Value view = op->getOperand(1 - i);
      if (auto unsqueeze = view.getDefiningOp<UnsqueezeOp>(); !bias && unsqueeze)
        bias = unsqueeze.getX().getDefiningOp<DequantizeOp>();
      if (!sums || !op->getOperand(i).hasOneUse() || !bias || !graph.haveEqualShapes(op, op->getOperand(i)) ||
          !getElementTypeOrSelf(bias.getX()).isInteger(32) || !graph.isConstant(bias.getX()))
        continue;
      auto wanted = scaleValues(sums->mul.getY()), found = constantFloats(bias.getScale());
      if (!wanted || !found || !isZeroEverywhere(bias.getZeroPoint()) || !agree(*wanted, *found))
        return b.notifyMatchFailure(op, "is added in float: its scale is not that of the sums");
      if (!fitsWithSums(shapes, sums->cast.getX(), bias.getX()))
        return b.notifyMatchFailure(op, "is added in float: with the sums it may not fit 32 bits");
      Value integer = bias.getX();
      if (auto unsqueeze = view.getDefiningOp<UnsqueezeOp>())
        integer = createOp<UnsqueezeOp>(b, shapes, op.getLoc(), integer, unsqueeze.getAxes());
      Value sum = createOp<AddOp>(b, shapes, op.getLoc(), sums->cast.getX(), integer);
      Value real = createOp<CastOp>(b, shapes, op.getLoc(), sum, b.getF32Type());
      return replace(b, op, createOp<MulOp>(b, shapes, sums->mul.getLoc(), real, sums->mul.getY()),
                     "its bias is added to the sums of 32 bits");
    }
    return failure();
  }
};

/// A constant of one integer, as f32 holds it; null for others.
std::optional<float> oneInteger(Value value) {
  ElementsAttr constant = constantBehind(value);
  auto type = constant ? dyn_cast<IntegerType>(constant.getElementType()) : IntegerType();
  if (!type || type.getWidth() > 16 || constant.getNumElements() != 1)
    return std::nullopt;
  APInt integer = *constant.getValues<APInt>().begin();
  return integer.roundToDouble(/*isSigned=*/!type.isUnsigned());
}

/// quantize(dequantize(x, s, z) + dequantize(y, t, w), u, v)
///   ->  quantize(x (s/u) + (v - (s/u) z - (t/u) w) + y (t/u), 1, 0)
/// This is how ONNX Runtime adds quantized tensors (MLAS, QLinearAdd). Where a sum lies halfway between two integers,
/// as those of erf + 1 do, the order of the roundings decides.
struct SumOfQuantized : GraphPattern<QuantizeOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &b) const override {
    auto add = op.getX().getDefiningOp<AddOp>();
    auto scale = constantFloats(op.getScale());
    auto zero = oneInteger(op.getZeroPoint());
    if (!add || !add->hasOneUse() || !scale || scale->size() != 1 || !arePositive(scale) || !zero)
      return failure();
    auto x = term(add.getX(), scale->front()), y = term(add.getY(), scale->front());
    if (!x || !y || (graph.isConstant(x->integer) && graph.isConstant(y->integer)))
      return failure();
    Location loc = op.getLoc();
    Value offset = number(b, loc, *zero - (x->ratio * x->zero + y->ratio * y->zero));
    if (graph.isConstant(x->integer))
      std::swap(x, y);
    Value sum =
        graph.isConstant(y->integer)
            ? createOp<AddOp>(b, shapes, loc, scaled(b, *x), createOp<AddOp>(b, shapes, loc, offset, scaled(b, *y)))
            : createOp<AddOp>(b, shapes, loc, createOp<AddOp>(b, shapes, loc, scaled(b, *x), offset), scaled(b, *y));
    return replace(
        b, op,
        createOp<QuantizeOp>(b, shapes, loc, sum, number(b, loc, 1), zeroLike(b, op.getZeroPoint()), op.getSaturate()),
        "adds integers times constants");
  }

private:
  struct Term {
    Value integer;
    float ratio, zero;
  };

  static std::optional<Term> term(Value value, float scaleOfSum) {
    auto op = value.getDefiningOp<DequantizeOp>();
    auto scale = op ? constantFloats(op.getScale()) : std::nullopt;
    auto zero = op ? oneInteger(op.getZeroPoint()) : std::nullopt;
    if (!scale || scale->size() != 1 || !arePositive(scale) || !zero)
      return std::nullopt;
    return Term{op.getX(), scale->front() / scaleOfSum, *zero};
  }

  static Value zeroLike(OpBuilder &b, Value value) {
    auto type = RankedTensorType::get({}, getElementTypeOrSelf(value));
    return ConstantOp::create(b, value.getLoc(), type,
                              DenseElementsAttr::get(type, b.getZeroAttr(type.getElementType())));
  }

  Value scaled(PatternRewriter &b, const Term &term) const {
    Location loc = term.integer.getLoc();
    return createOp<DequantizeOp>(b, shapes, loc, term.integer, number(b, loc, term.ratio), zeroLike(b, term.integer));
  }
};

/// quantize(f(x * s), t)  ->  quantize(f(x * (s / t)), 1): a division by a constant becomes part of constants.
struct ScaleOfQuantize : GraphPattern<QuantizeOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &b) const override {
    if (uniformFloat(op.getScale()) == 1.0 || !graph.isConstant(op.getScale()) ||
        !shapes.numElements(op.getScale()).isConstant(1) || !getElementTypeOrSelf(op.getX()).isF32() ||
        graph.isConstant(op.getX()) || !canDivide(op.getX()))
      return failure();
    if (!arePositive(constantFloats(op.getScale())))
      return b.notifyMatchFailure(op, "keeps its scale, which is not above 0");
    Value scale = asScalar(b, shapes, op.getScale());
    Value x = divided(b, op.getX(), scale);
    return replace(
        b, op,
        createOp<QuantizeOp>(b, shapes, op.getLoc(), x, number(b, op.getLoc(), 1), op.getZeroPoint(), op.getSaturate()),
        "its scale is part of those before it");
  }

private:
  /// Numbers of the operands that must be divided so that the result is; empty when there are none.
  SmallVector<unsigned> dividedOperands(Operation *op) const {
    if (auto dequantize = dyn_cast<DequantizeOp>(op))
      return graph.isConstant(dequantize.getScale())
                 ? SmallVector<unsigned>{dequantize.getScaleMutable().getOperandNumber()}
                 : SmallVector<unsigned>{};
    for (unsigned i : {0u, 1u})
      if (isa<MulOp>(op) && graph.isConstant(op->getOperand(i)))
        return {i};
    SmallVector<unsigned> all;
    if (op->hasTrait<Homogeneous>())
      llvm::append_range(all, llvm::seq(op->getNumOperands()));
    return all;
  }

  bool canDivide(Value value) const {
    if (graph.isConstant(value))
      return true;
    Operation *op = value.getDefiningOp();
    // Another reader of a dequantize keeps one of its own.
    if (!op || (!value.hasOneUse() && !isa<DequantizeOp>(op)))
      return false;
    SmallVector<unsigned> operands = dividedOperands(op);
    return !operands.empty() && llvm::all_of(operands, [&](unsigned i) { return canDivide(op->getOperand(i)); });
  }

  Value divided(PatternRewriter &b, Value value, Value scale) const {
    if (graph.isConstant(value))
      return createOp<DivOp>(b, shapes, value.getLoc(), value, scale);
    Operation *op = value.getDefiningOp();
    SmallVector<Value> operands(op->getOperands());
    for (unsigned i : dividedOperands(op))
      operands[i] = divided(b, operands[i], scale);
    Operation *copy = b.clone(*op);
    copy->setOperands(operands);
    return copy->getResult(0);
  }
};

/// quantize(relu x, s, lowest)  ->  quantize(x, s, lowest), which cuts at the real number 0
struct ReluByQuantize : GraphPattern<QuantizeOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &b) const override {
    auto relu = op.getX().getDefiningOp<ReluOp>();
    auto type = dyn_cast<IntegerType>(getElementTypeOrSelf(op));
    DenseElementsAttr zero;
    if (!relu || !type || !matchPattern(op.getZeroPoint(), m_Constant(&zero)) || !zero.isSplat())
      return failure();
    APInt lowest = type.isUnsigned() ? APInt::getMinValue(type.getWidth()) : APInt::getSignedMinValue(type.getWidth());
    if (zero.getSplatValue<APInt>() != lowest)
      return failure();
    if (!arePositive(constantFloats(op.getScale())))
      return b.notifyMatchFailure(op, "keeps the relu before it: its scale is not a constant above 0");
    b.modifyOpInPlace(op, [&] { op.getXMutable().assign(relu.getX()); });
    return done(relu.getLoc(), "is what the quantization behind it does");
  }
};

} // namespace

void cameo::populateBiasPatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<IntegerBias>(patterns.getContext(), graph, counted);
}

void cameo::populateRequantizationPatterns(RewritePatternSet &patterns, GraphRewriter &graph,
                                           llvm::StringLiteral counted) {
  patterns.add<SumOfQuantized>(patterns.getContext(), graph, counted, /*benefit=*/2);
  patterns.add<ScaleOfQuantize, ReluByQuantize>(patterns.getContext(), graph, counted);
}
