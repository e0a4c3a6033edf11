// MathFunctions.cpp - the functions of MathFunctions.h. Coefficients without a source were fitted by least squares,
// reweighted until the error was even.
#include "cameo/Codegen/MathFunctions.h"
#include "Formula.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <numbers>

using namespace mlir;
using namespace cameo::codegen;

namespace {

using enum arith::CmpFPredicate;

/// x = n ln2 + r: `fraction` is e^r - 1; the low bits of `power` hold n.
struct Exponential {
  Value fraction, power;
};
} // namespace

/// |x| <= 104. Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
static Exponential reduceExp(Formula &f, Value x) {
  constexpr double kRound = 0x1.8p23;
  Value shifted = f.fma(x, std::numbers::log2e, kRound), n = f.add(shifted, -kRound);
  Value r = f.fma(n, -0.693359375, x); // exact: nine bits
  r = f.fma(n, 2.12194440e-4, r);
  Value q = f.polynomial(
      r, {0.0013814590638503432, 0.0083687175065279, 0.04166838899254799, 0.1666652113199234, 0.4999999403953552});
  return {f.fma(f.mul(r, r), q, r), f.bits(shifted)};
}

static Value buildExp(Formula &f, Value x) {
  Exponential e = reduceExp(f, f.clamp(x, -104, 89));
  // 2^n in two factors, because n may lie outside the exponents of f32.
  Value half = f.shiftLeft(f.shiftRight(e.power, 1), 23), rest = f.intSub(f.shiftLeft(e.power, 23), half);
  constexpr int64_t kOne = 0x3f800000;
  Value first = f.fromBits(f.intAdd(half, kOne)), second = f.fromBits(f.intAdd(rest, kOne));
  return f.mul(f.mul(f.add(e.fraction, 1), first), second);
}

/// e^x for x in [-87, 88], where 2^n is a normal number; NaN stays NaN.
static Value buildPlainExp(Formula &f, Value x) {
  Exponential e = reduceExp(f, x);
  return f.mul(f.add(e.fraction, 1), f.fromBits(f.intAdd(f.shiftLeft(e.power, 23), 0x3f800000)));
}

/// e^x for x at most 0; 0 where it would be subnormal.
static Value buildDecay(Formula &f, Value x) {
  return f.select(f.compare(OLT, x, -87.33654), f.number(x, 0), buildPlainExp(f, x));
}

/// 2^x for x at most 0; 0 where it would be subnormal.
static Value buildDecay2(Formula &f, Value x) {
  constexpr double kRound = 0x1.8p23;
  Value shifted = f.add(x, kRound), r = f.sub(x, f.add(shifted, -kRound));
  Value p = f.polynomial(r, {0.00015353362010485215, 0.001339887467150691, 0.00961843735937844, 0.05550332470478299,
                             0.24022647913596537, 0.6931472028553675, 1});
  Value y = f.mul(p, f.fromBits(f.intAdd(f.shiftLeft(f.bits(shifted), 23), 0x3f800000)));
  return f.select(f.compare(OLT, x, -126), f.number(x, 0), y);
}

/// The same by AVX-512's x - floor(x) and x * 2^floor(y); null for vectors of another length.
static Value buildScaledDecay2(Formula &f, Value x) {
  auto type = dyn_cast<VectorType>(x.getType());
  int64_t lanes = type ? type.getNumElements() : 0;
  if (lanes != 4 && lanes != 8 && lanes != 16)
    return {};
  std::string suffix = std::to_string(lanes * 32);
  Value all = arith::ConstantOp::create(f.b, f.b.getIntegerAttr(f.b.getIntegerType(std::max<int64_t>(lanes, 8)), -1));
  auto number = [&](int32_t v) { return arith::ConstantOp::create(f.b, f.b.getI32IntegerAttr(v)); };
  auto call = [&](StringRef name, SmallVector<Value> operands) {
    operands.append({x, all});
    if (lanes == 16)
      operands.push_back(number(4)); // the rounding of the moment
    return LLVM::CallIntrinsicOp::create(f.b, type, f.b.getStringAttr("llvm.x86.avx512.mask." + name + ".ps." + suffix),
                                         operands)
        .getResult(0);
  };
  constexpr int32_t kFloor = 9;
  Value r = call("reduce", {x, number(kFloor)});
  Value p = f.polynomial(r, {0.00021612921610209565, 0.0012467844669385442, 0.009675451742188748, 0.055485280540564993,
                             0.24022930556741387, 0.6931470444423491, 1});
  return call("scalef", {p, x});
}

static Value buildExpM1(Formula &f, Value x) {
  Exponential e = reduceExp(f, f.clamp(x, -30, 89));
  Value half = f.fromBits(f.intAdd(f.shiftLeft(e.power, 23), 0x3f000000)); // 2^(n-1): n may be 128
  Value y = f.fma(e.fraction, half, f.add(half, -0.5));
  return f.select(f.compare(OEQ, x, 0), x, f.add(y, y));
}

static Value buildLog(Formula &f, Value x) {
  Value small = f.compare(OLT, x, 0x1p-126);
  Value a = f.select(small, f.mul(x, 0x1p23), x), shift = f.select(small, f.number(x, -23), f.number(x, 0));
  Value power = f.intAnd(f.intAdd(f.bits(a), -0x3f2aaaab), 0xff800000); // n << 23 for a = 2^n m, m in [2/3, 4/3)
  Value n = f.fma(f.toFloat(power), 0x1p-23, shift);
  Value m = f.add(f.fromBits(f.intSub(f.bits(a), power)), -1), square = f.mul(m, m);
  Value odd = f.fma(square, -0.130310059, -0.121483512), even = f.fma(square, 0.140869141, 0.139814854);
  Value y = f.fma(odd, m, even);
  for (double c : {-0.166846126, 0.200120345, -0.249996200, 0.333331972, -0.5})
    y = f.fma(y, m, c);
  y = f.fma(n, std::numbers::ln2, f.fma(y, square, m));
  y = f.select(f.compare(OLT, x, kInfinity), y, x); // infinity and NaN
  y = f.select(f.compare(OLT, x, 0), f.number(x, kNan), y);
  return f.select(f.compare(OEQ, x, 0), f.number(x, -kInfinity), y);
}

static Value buildLog1p(Formula &f, Value x) {
  // 1 + x = 2^n u; x and 1 are scaled apart, so that what 1 + x rounds away is kept.
  Value power = f.intAnd(f.intAdd(f.bits(f.add(x, 1)), -0x3f400000), 0xff800000);
  Value scale = f.fromBits(f.intSub(f.integer(x, 0x40800000), power)); // 4 * 2^-n
  Value scaled = f.fromBits(f.intSub(f.bits(x), power));
  Value m = f.add(scaled, f.fma(scale, 0.25, -1)), square = f.mul(m, m);
  Value even = f.polynomial(square, {-4.53948975e-2, -1.32274792e-1, -1.66412741e-1, -2.50002742e-1});
  Value odd = f.polynomial(square, {1.05468750e-1, 1.44911826e-1, 1.99887201e-1});
  Value y = f.fma(odd, m, even);
  y = f.fma(y, m, 3.33335280e-1);
  y = f.fma(y, m, -0.5);
  y = f.fma(f.mul(f.toFloat(power), 0x1p-23), std::numbers::ln2, f.fma(y, square, m));
  y = f.select(f.compare(OLT, x, kInfinity), y, x);
  y = f.select(f.compare(OLT, x, -1), f.number(x, kNan), y);
  y = f.select(f.compare(OEQ, x, -1), f.number(x, -kInfinity), y);
  return f.select(f.compare(OLT, f.abs(x), 1e-8), x, y); // scaling by bits needs a normal number
}

static Value buildTanh(Formula &f, Value x) {
  Value magnitude = f.abs(x), square = f.mul(x, x);
  // 1 - 2 e / (1 + e) with e = e^(-2 |x|), which counts for nothing from |x| = 10 on.
  Value e = buildPlainExp(f, f.mul(f.select(f.compare(OGT, magnitude, 10), f.number(x, 10), magnitude), -2));
  Value large = f.sub(f.number(x, 1), f.div(f.add(e, e), f.add(e, 1)));
  Value p = f.polynomial(square, {-0.005704953335225582, 0.020639054477214813, -0.05373970419168472,
                                  0.13331441581249237, -0.3333328068256378});
  Value near = f.fma(f.mul(p, square), x, x);
  return f.copySign(f.select(f.compare(OLT, magnitude, 0.625), near, large), x);
}

static Value buildErf(Formula &f, Value x) {
  Value t = f.abs(x), square = f.mul(x, x);
  Value high = f.fma(t, -1.72853470e-5, 3.83197126e-4), low = f.fma(t, -3.88396438e-3, 2.42546219e-2);
  Value r = f.fma(high, square, low);
  for (double c : {-1.06777877e-1, -6.34846687e-1, -1.28717512e-1})
    r = f.fma(r, t, c);
  r = f.fma(r, t, f.neg(t));
  r = f.select(f.compare(OGT, t, 4), f.number(x, -20), r); // 1 from here on; the polynomial would turn
  Value large = f.copySign(f.sub(f.number(x, 1), buildPlainExp(f, r)), x);
  Value p = f.polynomial(square,
                         {-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1});
  return f.select(f.compare(OGT, t, 0.927734375), large, f.fma(p, x, x));
}

Value cameo::codegen::selectSpecialPowers(Formula &f, Value x, Value y, Value result) {
  Value half = f.mul(y, 0.5);
  Value isInteger = f.compare(OEQ, f.trunc(y), y), isOdd = f.both(isInteger, f.compare(UNE, f.trunc(half), half));
  result = f.select(isOdd, f.copySign(result, x), result);
  Value isNegative = f.both(f.compare(OLT, x, 0), f.compare(OGT, x, -kInfinity));
  result = f.select(f.both(isNegative, f.negate(isInteger)), f.number(x, kNan), result);
  Value isOne = f.either(f.compare(OEQ, x, 1), f.compare(OEQ, y, 0));
  isOne = f.either(isOne, f.both(f.compare(OEQ, x, -1), f.compare(OEQ, f.abs(y), kInfinity)));
  return f.select(isOne, f.number(x, 1), result);
}

static Value buildPow(Formula &f, Value x, Value y) {
  constexpr double kRound = 0x1.8p52;
  // log2 |x| = n + 2 / ln2 * atanh(s), s = (m - 1) / (m + 1), m in [2/3, 4/3).
  Value a = f.widen(f.abs(x));
  Value power = f.intAnd(f.intAdd(f.bits(a), -0x3fe5555555555555), int64_t(0xfff0000000000000));
  Value g = f.add(f.fromBits(f.intSub(f.bits(a), power)), -1), s = f.div(g, f.add(g, 2));
  Value series = f.polynomial(f.mul(s, s), {0.2908913018855071, 0.31927946637683274, 0.4122263532912814,
                                            0.5770777532408229, 0.961796694836108, 2.885390081777417});
  Value logarithm = f.fma(s, series, f.toFloat(f.shiftRight(power, 52)));
  logarithm = f.select(f.compare(OLT, a, kInfinity), logarithm, a);
  logarithm = f.select(f.compare(OEQ, a, 0), f.number(a, -kInfinity), logarithm);
  // 2^t, t = n + r. Beyond +-160 the result is 0 or infinity.
  Value t = f.clamp(f.mul(logarithm, f.widen(y)), -160, 160);
  Value shifted = f.add(t, kRound), r = f.sub(t, f.add(shifted, -kRound));
  Value fraction = f.polynomial(r, {0.00015345794530154856, 0.001339993107835283, 0.009618489022075504,
                                    0.055503287774039595, 0.24022646890033827, 0.6931472057369961, 1.000000000554247});
  Value scale = f.fromBits(f.intAdd(f.shiftLeft(f.bits(shifted), 52), 0x3ff0000000000000));
  Value result = f.narrow(f.mul(fraction, scale));

  return selectSpecialPowers(f, x, y, result);
}

/// sin, or with `quarter` 1 cos: sin(x + quarter pi/2), for |x| <= 2^20.
static Value buildSine(Formula &f, Value x, int64_t quarter) {
  constexpr double kRound = 0x1.8p52, kHigh = 0x1.921fb544p0, kLow = 0x1.0b4611a626331p-34; // pi/2; n * kHigh is exact
  Value wide = f.widen(x);
  Value shifted = f.add(f.mul(wide, 2 / std::numbers::pi), kRound), n = f.add(shifted, -kRound);
  Value reduced = f.sub(f.sub(wide, f.mul(n, kHigh)), f.mul(n, kLow));
  Value r = f.narrow(reduced), square = f.mul(r, r);
  Value sine =
      f.fma(f.polynomial(square, {2.86567956e-6, -1.98559923e-4, 8.33338592e-3, -1.66666672e-1}), f.mul(r, square), r);
  Value cosine = f.polynomial(square, {2.44677067e-5, -1.38877297e-3, 4.16666567e-2, -0.5, 1});
  // n mod 4 in f32, which holds it exactly, so that everything has the lanes of x.
  Value n32 = f.narrow(f.sub(n, f.mul(f.floor(f.mul(n, 0.25)), 4)));
  if (quarter)
    n32 = f.add(n32, double(quarter));
  Value isOdd = f.either(f.compare(OEQ, n32, 1), f.compare(OEQ, n32, 3));
  Value y = f.select(isOdd, cosine, sine);
  Value isLower = f.both(f.compare(OGE, n32, 2), f.compare(OLT, n32, 4));
  y = f.select(isLower, f.neg(y), y);
  return quarter ? y : f.select(f.compare(OEQ, x, 0), x, y); // keeps the sign of zero
}

namespace {

using Builder = Value (*)(Formula &, Value);

/// An op of one f32 operand becomes what `build` makes of it.
template <typename OpT> struct ExpandUnary : OpRewritePattern<OpT> {
  ExpandUnary(MLIRContext *context, Builder build, bool hasFma)
      : OpRewritePattern<OpT>(context), build(build), hasFma(hasFma) {}
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "not f32");
    Formula f(op.getLoc(), rewriter, hasFma);
    rewriter.replaceOp(op, build(f, op.getOperand()));
    return success();
  }
  Builder build;
  bool hasFma;
};

/// With `afn` the argument is at most 0 and subnormal results may be 0.
struct ExpandExp : OpRewritePattern<math::ExpOp> {
  ExpandExp(MLIRContext *context, bool hasFma) : OpRewritePattern(context), hasFma(hasFma) {}
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "not f32");
    Formula f(op.getLoc(), rewriter, hasFma);
    bool decays = arith::bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::afn);
    rewriter.replaceOp(op, (decays ? buildDecay : buildExp)(f, op.getOperand()));
    return success();
  }
  bool hasFma;
};

/// Only those with `afn`, which promise what ExpandExp says.
struct ExpandExp2 : OpRewritePattern<math::Exp2Op> {
  ExpandExp2(MLIRContext *context, MathTarget target) : OpRewritePattern(context), target(target) {}
  LogicalResult matchAndRewrite(math::Exp2Op op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32() ||
        !arith::bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::afn))
      return rewriter.notifyMatchFailure(op, "not f32, or of numbers above 0");
    Formula f(op.getLoc(), rewriter, target.hasFma);
    Value y = target.hasScale ? buildScaledDecay2(f, op.getOperand()) : Value();
    rewriter.replaceOp(op, y ? y : buildDecay2(f, op.getOperand()));
    return success();
  }
  MathTarget target;
};

struct ExpandPow : OpRewritePattern<math::PowFOp> {
  ExpandPow(MLIRContext *context, bool hasFma) : OpRewritePattern(context), hasFma(hasFma) {}
  LogicalResult matchAndRewrite(math::PowFOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "not f32");
    Formula f(op.getLoc(), rewriter, hasFma);
    rewriter.replaceOp(op, buildPow(f, op.getLhs(), op.getRhs()));
    return success();
  }
  bool hasFma;
};

/// sin(x) -> if any |x| > 2^20 then libm's sin(x) else arithmetic
template <typename OpT> struct ExpandSine : OpRewritePattern<OpT> {
  ExpandSine(MLIRContext *context, int64_t quarter, bool hasFma)
      : OpRewritePattern<OpT>(context), quarter(quarter), hasFma(hasFma) {}
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32() || op->hasAttr(cameo::kKeepCallAttr))
      return rewriter.notifyMatchFailure(op, "not f32, or kept as a call");
    Formula f(op.getLoc(), rewriter, hasFma);
    Value x = op.getOperand(), isLarge = f.negate(f.compare(OLE, f.abs(x), 0x1p20));
    if (isa<VectorType>(x.getType()))
      isLarge = vector::ReductionOp::create(f.b, vector::CombiningKind::OR, isLarge);
    auto branch = scf::IfOp::create(f.b, op.getType(), isLarge, /*withElseRegion=*/true);
    OpBuilder large = branch.getThenBodyBuilder(), usual = branch.getElseBodyBuilder();
    auto call = OpT::create(large, op.getLoc(), x);
    call->setAttr(cameo::kKeepCallAttr, rewriter.getUnitAttr());
    scf::YieldOp::create(large, op.getLoc(), call.getResult());
    Formula inside(op.getLoc(), usual, hasFma);
    scf::YieldOp::create(inside.b, buildSine(inside, x, quarter));
    rewriter.replaceOp(op, branch.getResults());
    return success();
  }
  int64_t quarter;
  bool hasFma;
};

} // namespace

void cameo::codegen::populateMathFunctionPatterns(RewritePatternSet &patterns, MathTarget target) {
  bool hasFma = target.hasFma;
  MLIRContext *context = patterns.getContext();
  patterns.add<ExpandExp, ExpandPow>(context, hasFma);
  patterns.add<ExpandExp2>(context, target);
  patterns.add<ExpandUnary<math::ExpM1Op>>(context, buildExpM1, hasFma);
  patterns.add<ExpandUnary<math::LogOp>>(context, buildLog, hasFma);
  patterns.add<ExpandUnary<math::Log1pOp>>(context, buildLog1p, hasFma);
  patterns.add<ExpandUnary<math::TanhOp>>(context, buildTanh, hasFma);
  patterns.add<ExpandUnary<math::ErfOp>>(context, buildErf, hasFma);
  patterns.add<ExpandSine<math::SinOp>>(context, 0, hasFma);
  patterns.add<ExpandSine<math::CosOp>>(context, 1, hasFma);
}
