// RoundInPlace.cpp - integers that a kernel makes for itself stay real numbers.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Passes/Quantization/Passes.h"
#include "cameo/Passes/Remarks.h"
#include "cameo/Passes/Simplify/GraphRewriter.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace cameo {
#define GEN_PASS_DEF_ROUNDINPLACEPASS
#include "cameo/Passes/Quantization/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

/// The integer that a value of a kernel's body is everywhere.
std::optional<APInt> uniformInteger(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    if (auto kernel = dyn_cast<KernelOp>(argument.getOwner()->getParentOp()))
      value = kernel.getInputs()[argument.getArgNumber()];
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat() ||
      !isa<IntegerType>(elements.getElementType()))
    return std::nullopt;
  return elements.getSplatValue<APInt>();
}

/// Sums of integers times a number: never NaN.
bool isScaledSum(Value value) {
  auto mul = value.getDefiningOp<MulOp>();
  auto cast = mul ? mul.getX().getDefiningOp<CastOp>() : CastOp();
  return cast && isa<IntegerType>(getElementTypeOrSelf(cast.getX()));
}

/// dequantize(quantize(x, 1, z), s, w)  ->  (min(max(round x, lowest - z), highest - z) + (z - w)) * s
struct RoundInPlace : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DequantizeOp op, PatternRewriter &b) const override {
    auto quantize = op.getX().getDefiningOp<QuantizeOp>();
    auto type = dyn_cast<IntegerType>(getElementTypeOrSelf(op.getX()));
    if (!quantize || !isa<KernelOp>(op->getParentOp()) || !quantize->hasOneUse() || !isScaledSum(quantize.getX()) ||
        uniformFloat(quantize.getScale()) != 1.0 || !type || type.getWidth() > 16)
      return failure();
    auto zero = uniformInteger(quantize.getZeroPoint()), subtracted = uniformInteger(op.getZeroPoint());
    if (!zero || !subtracted)
      return failure();
    bool isUnsigned = type.isUnsigned();
    unsigned width = type.getWidth();
    APInt lowest = isUnsigned ? APInt::getMinValue(width) : APInt::getSignedMinValue(width),
          highest = isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
    Location loc = quantize.getLoc();
    auto scalar = RankedTensorType::get({}, b.getF32Type());
    // Exact: all are below 2^17.
    auto difference = [&](const APInt &v, const APInt &w) -> Value {
      float number = v.roundToDouble(!isUnsigned) - w.roundToDouble(!isUnsigned);
      return ConstantOp::create(b, loc, scalar, DenseElementsAttr::get(scalar, number));
    };
    Value x = RoundOp::create(b, loc, op.getType(), quantize.getX());
    x = MaxOp::create(b, loc, op.getType(), x, difference(lowest, *zero));
    x = MinOp::create(b, loc, op.getType(), x, difference(highest, *zero));
    if (*zero != *subtracted)
      x = AddOp::create(b, loc, op.getType(), x, difference(*zero, *subtracted));
    b.replaceOpWithNewOp<MulOp>(op, op.getType(), x, op.getScale());
    return success();
  }
};

struct RoundInPlacePass : public cameo::impl::RoundInPlacePassBase<RoundInPlacePass> {
  using RoundInPlacePassBase::RoundInPlacePassBase;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RoundInPlace>(&getContext());
    RemarkListener remarks(getArgument());
    (void)applyPatternsGreedily(getOperation(), std::move(patterns), GreedyRewriteConfig().setListener(&remarks));
  }
};

} // namespace
