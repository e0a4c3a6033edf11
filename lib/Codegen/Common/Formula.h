// Formula.h - arithmetic as formulas, for the files of math functions.
#ifndef LIB_CODEGEN_COMMON_FORMULA_H
#define LIB_CODEGEN_COMMON_FORMULA_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <limits>

namespace cameo::codegen {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Arithmetic on f32 and f64 values, or vectors of them, in the order in which formulas are read.
class Formula {
public:
  Formula(mlir::Location loc, mlir::OpBuilder &builder, bool hasFma) : b(loc, builder), hasFma(hasFma) {}

  mlir::Value number(mlir::Value like, double value) {
    return splat(like.getType(), b.getFloatAttr(element(like), value));
  }
  mlir::Value integer(mlir::Value like, int64_t value) {
    mlir::Type type = b.getIntegerType(element(like).getIntOrFloatBitWidth());
    return splat(withElement(like, type),
                 b.getIntegerAttr(type, llvm::APInt(type.getIntOrFloatBitWidth(), uint64_t(value), false, true)));
  }
  mlir::Value add(mlir::Value x, mlir::Value y) { return mlir::arith::AddFOp::create(b, x, y); }
  mlir::Value add(mlir::Value x, double y) { return add(x, number(x, y)); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return mlir::arith::SubFOp::create(b, x, y); }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return mlir::arith::MulFOp::create(b, x, y); }
  mlir::Value mul(mlir::Value x, double y) { return mul(x, number(x, y)); }
  mlir::Value div(mlir::Value x, mlir::Value y) { return mlir::arith::DivFOp::create(b, x, y); }
  mlir::Value neg(mlir::Value x) { return mlir::arith::NegFOp::create(b, x); }
  mlir::Value abs(mlir::Value x) { return mlir::math::AbsFOp::create(b, x); }
  mlir::Value floor(mlir::Value x) { return mlir::math::FloorOp::create(b, x); }
  mlir::Value trunc(mlir::Value x) { return mlir::math::TruncOp::create(b, x); }
  mlir::Value copySign(mlir::Value magnitude, mlir::Value sign) {
    return mlir::math::CopySignOp::create(b, magnitude, sign);
  }
  /// x * y + z.
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z) {
    return hasFma ? mlir::Value(mlir::math::FmaOp::create(b, x, y, z)) : add(mul(x, y), z);
  }
  mlir::Value fma(mlir::Value x, mlir::Value y, double z) { return fma(x, y, number(x, z)); }
  mlir::Value fma(mlir::Value x, double y, mlir::Value z) { return fma(x, number(x, y), z); }
  mlir::Value fma(mlir::Value x, double y, double z) { return fma(x, number(x, y), number(x, z)); }
  /// coefficients[0] * x^n + ... + coefficients[n].
  mlir::Value polynomial(mlir::Value x, llvm::ArrayRef<double> coefficients) {
    mlir::Value sum = number(x, coefficients.front());
    for (double c : coefficients.drop_front())
      sum = fma(sum, x, c);
    return sum;
  }
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value x, mlir::Value y) {
    return mlir::arith::CmpFOp::create(b, predicate, x, y);
  }
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value x, double y) {
    return compare(predicate, x, number(x, y));
  }
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y) {
    return mlir::arith::SelectOp::create(b, condition, x, y);
  }
  /// Limits x; NaN stays NaN.
  mlir::Value clamp(mlir::Value x, double low, double high) {
    mlir::Value lower = number(x, low), upper = number(x, high);
    x = select(compare(mlir::arith::CmpFPredicate::OLT, x, lower), lower, x);
    return select(compare(mlir::arith::CmpFPredicate::OGT, x, upper), upper, x);
  }
  mlir::Value bits(mlir::Value x) {
    return mlir::arith::BitcastOp::create(b, withElement(x, b.getIntegerType(element(x).getIntOrFloatBitWidth())), x);
  }
  mlir::Value fromBits(mlir::Value i) {
    mlir::Type type = element(i).isInteger(64) ? mlir::Type(b.getF64Type()) : mlir::Type(b.getF32Type());
    return mlir::arith::BitcastOp::create(b, withElement(i, type), i);
  }
  mlir::Value toFloat(mlir::Value i) {
    mlir::Type type = element(i).isInteger(64) ? mlir::Type(b.getF64Type()) : mlir::Type(b.getF32Type());
    return mlir::arith::SIToFPOp::create(b, withElement(i, type), i);
  }
  mlir::Value widen(mlir::Value x) { return mlir::arith::ExtFOp::create(b, withElement(x, b.getF64Type()), x); }
  mlir::Value narrow(mlir::Value x) { return mlir::arith::TruncFOp::create(b, withElement(x, b.getF32Type()), x); }
  mlir::Value intAdd(mlir::Value x, mlir::Value y) { return mlir::arith::AddIOp::create(b, x, y); }
  mlir::Value intAdd(mlir::Value x, int64_t y) { return intAdd(x, integer(x, y)); }
  mlir::Value intSub(mlir::Value x, mlir::Value y) { return mlir::arith::SubIOp::create(b, x, y); }
  mlir::Value intAnd(mlir::Value x, int64_t y) { return mlir::arith::AndIOp::create(b, x, integer(x, y)); }
  mlir::Value shiftLeft(mlir::Value x, int64_t by) { return mlir::arith::ShLIOp::create(b, x, integer(x, by)); }
  mlir::Value shiftRight(mlir::Value x, int64_t by) { return mlir::arith::ShRSIOp::create(b, x, integer(x, by)); }
  mlir::Value both(mlir::Value x, mlir::Value y) { return mlir::arith::AndIOp::create(b, x, y); }
  mlir::Value either(mlir::Value x, mlir::Value y) { return mlir::arith::OrIOp::create(b, x, y); }
  mlir::Value negate(mlir::Value condition) {
    return mlir::arith::XOrIOp::create(b, condition, splat(condition.getType(), b.getBoolAttr(true)));
  }

  mlir::ImplicitLocOpBuilder b;

private:
  static mlir::Type element(mlir::Value x) { return mlir::getElementTypeOrSelf(x.getType()); }
  static mlir::Type withElement(mlir::Value like, mlir::Type type) {
    auto vector = llvm::dyn_cast<mlir::VectorType>(like.getType());
    return vector ? mlir::Type(vector.clone(type)) : type;
  }
  mlir::Value splat(mlir::Type type, mlir::TypedAttr scalar) {
    if (auto vector = llvm::dyn_cast<mlir::VectorType>(type))
      return mlir::arith::ConstantOp::create(b, mlir::DenseElementsAttr::get(vector, mlir::Attribute(scalar)));
    return mlir::arith::ConstantOp::create(b, scalar);
  }

  bool hasFma;
};

/// What pow gives where x is negative, infinite or NaN and where y is 0 or infinite; `result` is |x|^y elsewhere.
mlir::Value selectSpecialPowers(Formula &f, mlir::Value x, mlir::Value y, mlir::Value result);

} // namespace cameo::codegen
#endif
