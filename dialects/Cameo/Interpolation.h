// Interpolation.h - kernels and coordinates that resize and grid_sample share. Private to the dialect's families.
#ifndef CAMEO_DIALECTS_CAMEO_INTERPOLATION_H
#define CAMEO_DIALECTS_CAMEO_INTERPOLATION_H

#include "ContractionHelpers.h"

namespace cameo {

/// Arithmetic on floats of one type, to write formulas as they stand in papers.
class FloatMath {
public:
  FloatMath(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type) : b(b), loc(loc), type(type) {}
  mlir::Value constant(double v) const { return constantScalar(b, loc, type, v); }
  mlir::Value add(mlir::Value x, mlir::Value y) const { return mlir::arith::AddFOp::create(b, loc, x, y); }
  mlir::Value sub(mlir::Value x, mlir::Value y) const { return mlir::arith::SubFOp::create(b, loc, x, y); }
  mlir::Value mul(mlir::Value x, mlir::Value y) const { return mlir::arith::MulFOp::create(b, loc, x, y); }
  mlir::Value div(mlir::Value x, mlir::Value y) const { return mlir::arith::DivFOp::create(b, loc, x, y); }
  mlir::Value add(mlir::Value x, double y) const { return add(x, constant(y)); }
  mlir::Value sub(mlir::Value x, double y) const { return sub(x, constant(y)); }
  mlir::Value mul(mlir::Value x, double y) const { return mul(x, constant(y)); }
  mlir::Value floor(mlir::Value x) const { return mlir::math::FloorOp::create(b, loc, x); }
  mlir::Value ceil(mlir::Value x) const { return mlir::math::CeilOp::create(b, loc, x); }
  mlir::Value abs(mlir::Value x) const { return mlir::math::AbsFOp::create(b, loc, x); }
  mlir::Value fromIndex(mlir::Value x) const {
    return mlir::arith::SIToFPOp::create(b, loc, type, indexToI64(b, loc, x));
  }
  mlir::Value select(mlir::Value c, mlir::Value x, mlir::Value y) const {
    return mlir::arith::SelectOp::create(b, loc, c, x, y);
  }
  /// Ordered comparisons: false for NaN.
  mlir::Value less(mlir::Value x, mlir::Value y) const { return compare(mlir::arith::CmpFPredicate::OLT, x, y); }
  mlir::Value lessEqual(mlir::Value x, mlir::Value y) const { return compare(mlir::arith::CmpFPredicate::OLE, x, y); }
  mlir::Value equal(mlir::Value x, mlir::Value y) const { return compare(mlir::arith::CmpFPredicate::OEQ, x, y); }
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value x, mlir::Value y) const {
    return mlir::arith::CmpFOp::create(b, loc, predicate, x, y);
  }

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type;
};

/// max(1 - |x|, 0): the kernel of linear interpolation.
mlir::Value linearKernel(const FloatMath &m, mlir::Value x);
/// The cubic convolution kernel with parameter `a`, 0 from distance 2 on.
/// Source: Keys 1981, "Cubic convolution interpolation for digital image processing", eq. 15 (a = -0.5 there).
mlir::Value cubicKernel(const FloatMath &m, mlir::Value x, double a);

} // namespace cameo
#endif
