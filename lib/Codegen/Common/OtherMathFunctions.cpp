// OtherMathFunctions.cpp - the functions of f64 of MathFunctions.h, and by them those of f32 that have no arithmetic of
// their own.
#include "Formula.h"
#include "cameo/Codegen/MathFunctions.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <numbers>

using namespace mlir;
using namespace cameo::codegen;

using enum arith::CmpFPredicate;

namespace {

constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33; // n * kLn2High is exact
constexpr double kRound = 0x1.8p52;
constexpr int64_t kOneBits = 0x3ff0000000000000;

/// x = n ln2 + r + lost: e^r = 1 + r + `tail`; the low bits of `power` hold n.
struct Exponential {
  Value r, lost, tail, power;
};

/// A number as the sum of two.
struct Pair {
  Value high, low;
};

} // namespace

/// x + y, |x| >= |y|.
static Pair fastSum(Formula &f, Value x, Value y) {
  Value sum = f.add(x, y);
  return {sum, f.sub(y, f.sub(sum, x))};
}

/// |x| <= 1500.
static Exponential reduceExp(Formula &f, Value x) {
  Value shifted = f.fma(x, std::numbers::log2e, kRound), n = f.add(shifted, -kRound);
  Value rest = f.fma(n, -kLn2High, x), r = f.fma(n, -kLn2Low, rest);
  SmallVector<double> coefficients{1.0 / 6227020800}; // 1 / k!
  for (int k = 13; k > 2; --k)
    coefficients.push_back(coefficients.back() * k);
  return {r, f.fma(n, -kLn2Low, f.sub(rest, r)), f.mul(f.mul(r, r), f.polynomial(r, coefficients)), f.bits(shifted)};
}

/// e^(x + low), |low| at most a few units in the last place of x. What is added to the rounded 1 + r is so small that
/// the result is rounded almost once: powers that are integers come out as such.
static Value buildExpOfSum(Formula &f, Value x, Value low) {
  Exponential e = reduceExp(f, f.clamp(x, -746, 710));
  Pair sum = fastSum(f, f.number(x, 1), e.r);
  Value lost = f.mul(f.add(low, e.lost), f.add(sum.high, e.tail));
  Value y = f.add(sum.high, f.add(e.tail, f.add(sum.low, lost)));
  Value half = f.shiftLeft(f.shiftRight(e.power, 1), 52), rest = f.intSub(f.shiftLeft(e.power, 52), half);
  Value first = f.fromBits(f.intAdd(half, kOneBits)), second = f.fromBits(f.intAdd(rest, kOneBits));
  return f.mul(f.mul(y, first), second);
}

static Value buildExp(Formula &f, Value x) { return buildExpOfSum(f, x, f.number(x, 0)); }

static Value buildExpM1(Formula &f, Value x) {
  Exponential e = reduceExp(f, f.clamp(x, -60, 710));
  Value half = f.fromBits(f.intAdd(f.shiftLeft(e.power, 52), 0x3fe0000000000000)); // 2^(n-1): n may be 1024
  Value y = f.fma(f.add(e.r, e.tail), half, f.add(half, -0.5));
  return f.select(f.compare(OEQ, x, 0), x, f.add(y, y));
}

/// log m = 2 (s + s^3 / 3 + ...), s = (m - 1) / (m + 1); `power` is the exponent in place.
static std::pair<Value, Value> splitForLog(Formula &f, Value x) {
  Value power = f.intAnd(f.intAdd(f.bits(x), -0x3fe6a09e667f3bcd), int64_t(0xfff0000000000000));
  return {f.fromBits(f.intSub(f.bits(x), power)), f.toFloat(f.shiftRight(power, 52))};
}

/// 2 (z / 3 + z^2 / 5 + ...).
static Value buildLogTail(Formula &f, Value z) {
  SmallVector<double> coefficients;
  for (int k = 11; k > 0; --k)
    coefficients.push_back(2.0 / (2 * k + 1));
  return f.mul(z, f.polynomial(z, coefficients));
}

static Value selectSpecialLogs(Formula &f, Value x, Value y) {
  y = f.select(f.compare(OLT, x, kInfinity), y, x); // infinity and NaN
  y = f.select(f.compare(OLT, x, 0), f.number(x, kNan), y);
  return f.select(f.compare(OEQ, x, 0), f.number(x, -kInfinity), y);
}

static std::pair<Value, Value> scaleSubnormals(Formula &f, Value x) {
  Value small = f.compare(OLT, x, 0x1p-1022);
  return {f.select(small, f.mul(x, 0x1p54), x), f.select(small, f.number(x, -54), f.number(x, 0))};
}

static Value buildLog(Formula &f, Value x) {
  auto [scaled, shift] = scaleSubnormals(f, x);
  auto [m, n] = splitForLog(f, scaled);
  n = f.add(n, shift);
  Value g = f.add(m, -1), s = f.div(g, f.add(g, 2)), half = f.mul(f.mul(g, 0.5), g);
  Value tail = f.mul(s, f.add(half, buildLogTail(f, f.mul(s, s))));
  // g - (half - tail) is log m, with g exact.
  Value y = f.sub(half, f.fma(n, kLn2Low, tail));
  return selectSpecialLogs(f, x, f.fma(n, kLn2High, f.sub(g, y)));
}

static Value buildLog1p(Formula &f, Value x) {
  Value u = f.add(x, 1), rounded = f.add(u, -1);
  Value y = f.mul(buildLog(f, u), f.div(x, rounded)); // what 1 + x rounds away, given back
  y = f.select(f.compare(OEQ, rounded, 0), x, y);
  return f.select(f.compare(OEQ, x, kInfinity), x, y);
}

static Value buildSinh(Formula &f, Value x) {
  Value a = f.abs(x), t = buildExpM1(f, a), e = buildExp(f, f.mul(a, 0.5));
  Value y = f.mul(f.add(t, f.div(t, f.add(t, 1))), 0.5);
  return f.copySign(f.select(f.compare(OGT, a, 20), f.mul(f.mul(e, 0.5), e), y), x);
}

static Value buildCosh(Formula &f, Value x) {
  Value a = f.abs(x), e = buildExp(f, a), half = buildExp(f, f.mul(a, 0.5));
  Value y = f.mul(f.add(e, f.div(f.number(x, 1), e)), 0.5);
  return f.select(f.compare(OGT, a, 20), f.mul(f.mul(half, 0.5), half), y);
}

static Value buildTanh(Formula &f, Value x) {
  Value a = f.abs(x), t = buildExpM1(f, f.add(a, a));
  return f.copySign(f.select(f.compare(OGT, a, 22), f.number(x, 1), f.div(t, f.add(t, 2))), x);
}

static Value buildAsinh(Formula &f, Value x) {
  Value a = f.abs(x), square = f.mul(a, a), root = math::SqrtOp::create(f.b, f.add(square, 1));
  Value y = buildLog1p(f, f.add(a, f.div(square, f.add(root, 1))));
  Value large = f.add(buildLog(f, a), std::numbers::ln2);
  return f.copySign(f.select(f.compare(OGT, a, 0x1p28), large, y), x);
}

static Value buildAcosh(Formula &f, Value x) {
  Value t = f.add(x, -1), root = math::SqrtOp::create(f.b, f.fma(t, t, f.add(t, t)));
  Value large = f.add(buildLog(f, x), std::numbers::ln2);
  Value y = f.select(f.compare(OGT, x, 0x1p28), large, buildLog1p(f, f.add(t, root)));
  return f.select(f.compare(OLT, x, 1), f.number(x, kNan), y);
}

static Value buildAtanh(Formula &f, Value x) {
  Value a = f.abs(x);
  Value y = f.mul(buildLog1p(f, f.div(f.add(a, a), f.sub(f.number(x, 1), a))), 0.5);
  return f.copySign(y, x);
}

static Value buildAtan(Formula &f, Value x) {
  Value a = f.abs(x), isLarge = f.compare(OGT, a, 1);
  Value t = f.select(isLarge, f.div(f.number(x, 1), a), a);
  Value isMiddle = f.compare(OGT, t, 0.41421356237309503);
  Value u = f.select(isMiddle, f.div(f.add(t, -1), f.add(t, 1)), t), z = f.mul(u, u);
  Value p = f.polynomial(z, {1.62858201153657823623e-02, -3.65315727442169155270e-02, 4.97687799461593236017e-02,
                             -5.83357013379057348645e-02, 6.66107313738753120669e-02, -7.69187620504482999495e-02,
                             9.09088713343650656196e-02, -1.11111104054623557880e-01, 1.42857142725034663711e-01,
                             -1.99999999998764832476e-01, 3.33333333333329318027e-01});
  Value y = f.sub(u, f.mul(u, f.mul(z, p)));
  y = f.select(isMiddle, f.add(f.add(y, 0x1.1a62633145c07p-55), std::numbers::pi / 4), y);
  y = f.select(isLarge, f.sub(f.number(x, std::numbers::pi / 2), f.add(y, -0x1.1a62633145c07p-54)), y);
  return f.copySign(y, x);
}

static Value buildAsin(Formula &f, Value x) {
  Value one = f.number(x, 1);
  return buildAtan(f, f.div(x, math::SqrtOp::create(f.b, f.mul(f.sub(one, x), f.add(one, x)))));
}

static Value buildAcos(Formula &f, Value x) {
  Value one = f.number(x, 1);
  Value y = buildAtan(f, math::SqrtOp::create(f.b, f.div(f.sub(one, x), f.add(one, x))));
  return f.add(y, y);
}

namespace {
struct SineCosine {
  Value sine, cosine, isOdd, isUpper; ///< of the remainder; the quarter it lies in
};
} // namespace

/// x = n pi/2 + r, |r| <= pi/4.
static SineCosine reduceSine(Formula &f, Value x, int64_t quarter) {
  Value shifted = f.fma(x, 2 / std::numbers::pi, kRound), n = f.add(shifted, -kRound);
  Value r = f.fma(n, -0x1.921fb54442d18p0, x);
  r = f.fma(n, -0x1.1a62633145c07p-54, r);
  r = f.fma(n, 0x1.f1976b7ed8fbcp-110, r);
  Value z = f.mul(r, r);
  Value sine = f.polynomial(z, {1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
                                -1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01});
  Value cosine = f.polynomial(z, {-1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
                                  2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02});
  Value half = f.mul(z, 0.5), w = f.sub(f.number(x, 1), half);
  // 1 - half is not exact; what it rounds away is given back.
  cosine = f.add(w, f.fma(f.mul(z, z), cosine, f.sub(f.sub(f.number(x, 1), w), half)));
  if (quarter)
    n = f.add(n, double(quarter));
  n = f.sub(n, f.mul(f.floor(f.mul(n, 0.25)), 4));
  Value isOdd = f.either(f.compare(OEQ, n, 1), f.compare(OEQ, n, 3));
  return {f.fma(f.mul(r, z), sine, r), cosine, isOdd, f.compare(OGE, n, 2)};
}

static Value buildSine(Formula &f, Value x, int64_t quarter) {
  SineCosine parts = reduceSine(f, x, quarter);
  Value y = f.select(parts.isOdd, parts.cosine, parts.sine);
  y = f.select(parts.isUpper, f.neg(y), y);
  return quarter ? y : f.select(f.compare(OEQ, x, 0), x, y);
}

static Value buildSin(Formula &f, Value x) { return buildSine(f, x, 0); }
static Value buildCos(Formula &f, Value x) { return buildSine(f, x, 1); }

static Value buildTan(Formula &f, Value x) {
  SineCosine parts = reduceSine(f, x, 0);
  Value y =
      f.div(f.select(parts.isOdd, f.neg(parts.cosine), parts.sine), f.select(parts.isOdd, parts.sine, parts.cosine));
  return f.select(f.compare(OEQ, x, 0), x, y);
}

/// 2 / sqrt(pi) e^(-x^2) (x + 2 x^3 / 3 + 4 x^5 / 15 + ...), and 1 from 6 on.
static Value buildErf(Formula &f, Value x) {
  constexpr int64_t kTerms = 160;
  Value a = f.clamp(f.abs(x), 0, 6), twice = f.mul(f.mul(a, a), 2);
  auto index = [&](int64_t i) { return Value(arith::ConstantIndexOp::create(f.b, i)); };
  auto loop = scf::ForOp::create(f.b, index(0), index(kTerms), index(1), ValueRange{a, a, f.number(x, 3)});
  {
    OpBuilder::InsertionGuard guard(f.b);
    f.b.setInsertionPointToStart(loop.getBody());
    Value term = loop.getRegionIterArg(1), odd = loop.getRegionIterArg(2);
    term = f.div(f.mul(term, twice), odd);
    scf::YieldOp::create(f.b, ValueRange{f.add(loop.getRegionIterArg(0), term), term, f.add(odd, 2)});
  }
  Value y = f.mul(f.mul(loop.getResult(0), 2 * std::numbers::inv_sqrtpi), buildExp(f, f.neg(f.mul(a, a))));
  y = f.select(f.compare(OGE, f.abs(x), 6), f.number(x, 1), y);
  return f.copySign(y, x);
}

static Value buildPow(Formula &f, Value x, Value y) {
  auto [scaled, shift] = scaleSubnormals(f, f.abs(x));
  auto [m, n] = splitForLog(f, scaled);
  n = f.add(n, shift);
  // s = (m - 1) / (m + 1) in two parts.
  Value g = f.add(m, -1), divisor = f.add(g, 2), lost = f.sub(g, f.add(divisor, -2)), s = f.div(g, divisor);
  Value rest = f.div(f.sub(f.fma(f.neg(s), divisor, g), f.mul(s, lost)), divisor);
  Value tail = f.mul(s, buildLogTail(f, f.mul(s, s)));
  Pair sum = fastSum(f, f.mul(n, kLn2High), f.add(s, s));
  // With n = 0 the second summand is the larger one.
  Value isOne = f.compare(OEQ, n, 0);
  sum.high = f.select(isOne, f.add(s, s), sum.high);
  sum.low = f.select(isOne, f.number(x, 0), sum.low);
  Pair logarithm = fastSum(f, sum.high, f.add(sum.low, f.fma(n, kLn2Low, f.add(tail, f.add(rest, rest)))));
  Value a = f.abs(x);
  Value isSpecial = f.either(f.compare(OEQ, a, 0), f.negate(f.compare(OLT, a, kInfinity)));
  Value high = f.mul(logarithm.high, y);
  Value low = f.fma(logarithm.low, y, f.fma(logarithm.high, y, f.neg(high)));
  low = f.select(f.compare(OLT, f.abs(high), 1000), low, f.number(x, 0));
  high = f.select(isSpecial, f.mul(selectSpecialLogs(f, a, high), y), high);
  low = f.select(isSpecial, f.number(x, 0), low);
  return selectSpecialPowers(f, x, y, buildExpOfSum(f, high, low));
}

namespace {

using Builder = Value (*)(Formula &, Value);

template <typename OpT> struct Expand : OpRewritePattern<OpT> {
  Expand(MLIRContext *context, Builder build, bool keepsF64 = false)
      : OpRewritePattern<OpT>(context, /*benefit=*/0), build(build), keepsF64(keepsF64) {}
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    bool isWide = getElementTypeOrSelf(op.getType()).isF64();
    if (isWide && keepsF64)
      return rewriter.notifyMatchFailure(op, "f64 stays a call");
    Formula f(op.getLoc(), rewriter, /*hasFma=*/true);
    Value y = build(f, isWide ? op.getOperand() : f.widen(op.getOperand()));
    rewriter.replaceOp(op, isWide ? y : f.narrow(y));
    return success();
  }
  Builder build;
  bool keepsF64;
};

struct ExpandPow : OpRewritePattern<math::PowFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::PowFOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF64())
      return rewriter.notifyMatchFailure(op, "f32 has arithmetic of its own");
    Formula f(op.getLoc(), rewriter, /*hasFma=*/true);
    rewriter.replaceOp(op, buildPow(f, op.getLhs(), op.getRhs()));
    return success();
  }
};

} // namespace

void cameo::codegen::populateOtherMathFunctionPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  // Their benefit is less than that of populateMathFunctionPatterns: only f64 is left.
  patterns.add<Expand<math::ExpOp>>(context, buildExp);
  patterns.add<Expand<math::ExpM1Op>>(context, buildExpM1);
  patterns.add<Expand<math::LogOp>>(context, buildLog);
  patterns.add<Expand<math::Log1pOp>>(context, buildLog1p);
  patterns.add<Expand<math::TanhOp>>(context, buildTanh);
  patterns.add<Expand<math::ErfOp>>(context, buildErf);
  patterns.add<Expand<math::SinOp>>(context, buildSin);
  patterns.add<Expand<math::CosOp>>(context, buildCos);
  patterns.add<ExpandPow>(context);
  patterns.add<Expand<math::TanOp>>(context, buildTan);
  populateInverseMathFunctionPatterns(patterns, /*keepsF64=*/false);
}

void cameo::codegen::populateInverseMathFunctionPatterns(RewritePatternSet &patterns, bool keepsF64) {
  MLIRContext *context = patterns.getContext();
  patterns.add<Expand<math::AtanOp>>(context, buildAtan, keepsF64);
  patterns.add<Expand<math::AsinOp>>(context, buildAsin, keepsF64);
  patterns.add<Expand<math::AcosOp>>(context, buildAcos, keepsF64);
  patterns.add<Expand<math::SinhOp>>(context, buildSinh, keepsF64);
  patterns.add<Expand<math::CoshOp>>(context, buildCosh, keepsF64);
  patterns.add<Expand<math::AsinhOp>>(context, buildAsinh, keepsF64);
  patterns.add<Expand<math::AcoshOp>>(context, buildAcosh, keepsF64);
  patterns.add<Expand<math::AtanhOp>>(context, buildAtanh, keepsF64);
}
