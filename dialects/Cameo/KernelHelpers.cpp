// KernelHelpers.cpp - the small builders declared in KernelEmitter.h.
#include "cameo/Dialect/Cameo/Cameo.h"

using namespace mlir;
using namespace cameo;

Value cameo::constantIndex(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

static Value splat(OpBuilder &b, Location loc, Type type, TypedAttr scalar) {
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, Attribute(scalar)));
  return arith::ConstantOp::create(b, loc, scalar);
}

Value cameo::constantScalar(OpBuilder &b, Location loc, Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  if (isa<FloatType>(element))
    return splat(b, loc, type, b.getFloatAttr(element, value));
  return constantInt(b, loc, type, int64_t(value));
}

Value cameo::constantInt(OpBuilder &b, Location loc, Type type, int64_t value) {
  Type element = getElementTypeOrSelf(type);
  if (isa<FloatType>(element))
    return splat(b, loc, type, b.getFloatAttr(element, double(value)));
  if (isa<IndexType>(element))
    return splat(b, loc, type, b.getIndexAttr(value));
  unsigned width = element.getIntOrFloatBitWidth();
  return splat(b, loc, type,
               b.getIntegerAttr(element, llvm::APInt(width, uint64_t(value), false, /*implicitTrunc=*/true)));
}

void cameo::loopNest(OpBuilder &b, Location loc, ValueRange sizes,
                     llvm::function_ref<void(OpBuilder &, Location, ValueRange)> body) {
  reduceNest(b, loc, sizes, {}, [&](OpBuilder &b, Location loc, ValueRange indices, ValueRange) {
    body(b, loc, indices);
    return SmallVector<Value>{};
  });
}

SmallVector<Value>
cameo::reduceNest(OpBuilder &b, Location loc, ValueRange sizes, ValueRange init,
                  llvm::function_ref<SmallVector<Value>(OpBuilder &, Location, ValueRange, ValueRange)> body) {
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Value> indices;
  SmallVector<scf::ForOp> loops;
  SmallVector<Value> carried(init);
  if (sizes.empty())
    return body(b, loc, indices, carried);
  Value zero = constantIndex(b, loc, 0), one = constantIndex(b, loc, 1);
  for (Value size : sizes) {
    auto loop = scf::ForOp::create(b, loc, zero, size, one, carried);
    carried.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
    indices.push_back(loop.getInductionVar());
    loops.push_back(loop);
    b.setInsertionPointToStart(loop.getBody());
  }
  SmallVector<Value> yielded = body(b, loc, indices, carried);
  for (scf::ForOp loop : llvm::reverse(loops)) {
    b.setInsertionPointToEnd(loop.getBody());
    if (!init.empty())
      scf::YieldOp::create(b, loc, yielded);
    yielded.assign(loop.getResults().begin(), loop.getResults().end());
  }
  return yielded;
}

SmallVector<Value> cameo::sizesOf(KernelEmitter &k, ArrayRef<Dim> dims) {
  return llvm::map_to_vector(dims, [&](Dim d) { return k.size(d); });
}

static Type like(Type shaped, Type element) {
  if (auto vector = dyn_cast<VectorType>(shaped))
    return vector.clone(element);
  return element;
}

/// An f64 as f32, whose last bit is 1 where it is not exact: what is rounded once more is then as rounded once (Boldo
/// and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
static Value truncateToOdd(OpBuilder &b, Location loc, Value x) {
  Type f32 = like(x.getType(), b.getF32Type()), i32 = like(x.getType(), b.getI32Type());
  Value nearest = arith::TruncFOp::create(b, loc, f32, x), back = arith::ExtFOp::create(b, loc, x.getType(), nearest);
  Value bits = arith::BitcastOp::create(b, loc, i32, nearest), one = constantScalar(b, loc, i32, 1);
  Value isBeyond = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, Value(math::AbsFOp::create(b, loc, back)),
                                         Value(math::AbsFOp::create(b, loc, x)));
  Value towardZero = arith::SelectOp::create(b, loc, isBeyond, Value(arith::SubIOp::create(b, loc, bits, one)), bits);
  Value isExact = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UEQ, back, x);
  Value odd = arith::SelectOp::create(b, loc, isExact, bits, Value(arith::OrIOp::create(b, loc, towardZero, one)));
  return arith::BitcastOp::create(b, loc, f32, odd);
}

Value cameo::convertScalar(OpBuilder &b, Location loc, Value x, Type from, Type to, NarrowRounding rounding) {
  if (isNarrowFloat(from)) {
    if (from == to)
      return x;
    x = widenNarrowFloat(b, loc, x, from);
    from = b.getF32Type();
  }
  if (isNarrowFloat(to)) {
    // From a type that holds every integer of up to 32 bits, because two roundings differ from one.
    Type real = isa<IntegerType>(from) && from.getIntOrFloatBitWidth() > 16 ? b.getF64Type() : b.getF32Type();
    Value exact = isa<IntegerType>(from) ? convertScalar(b, loc, x, from, real) : x;
    return roundToNarrowFloat(b, loc, exact, to, rounding);
  }
  Type source = computeType(from), target = computeType(to);
  Type type = like(x.getType(), target);
  bool fromUnsigned = from.isUnsignedInteger() || from.isInteger(1);
  if (isa<FloatType>(source)) {
    if (to.isInteger(1))
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x, constantScalar(b, loc, x.getType(), 0));
    if (isa<FloatType>(target)) {
      unsigned a = source.getIntOrFloatBitWidth(), c = target.getIntOrFloatBitWidth();
      if (a < c)
        return arith::ExtFOp::create(b, loc, type, x);
      bool isHalf = to.isF16() || to.isBF16();
      if (a > c)
        x = isHalf ? truncateToOdd(b, loc, x) : Value(arith::TruncFOp::create(b, loc, type, x));
      // f16 and bf16 are computed in f32: the rounding to them happens here, so that a cast is a cast even inside a
      // kernel.
      if (from != to && isHalf)
        return arith::ExtFOp::create(b, loc, type, Value(arith::TruncFOp::create(b, loc, like(x.getType(), to), x)));
      return x;
    }
    // Through 64 bits: what does not fit the narrow type wraps, as other implementations do.
    Type wide = like(x.getType(), b.getI64Type());
    Value integer = to.isUnsignedInteger(64) ? Value(arith::FPToUIOp::create(b, loc, wide, x))
                                             : Value(arith::FPToSIOp::create(b, loc, wide, x));
    return target.getIntOrFloatBitWidth() == 64 ? integer : Value(arith::TruncIOp::create(b, loc, type, integer));
  }
  if (isa<FloatType>(target)) {
    Value y = fromUnsigned ? Value(arith::UIToFPOp::create(b, loc, type, x))
                           : Value(arith::SIToFPOp::create(b, loc, type, x));
    if (to.isF16() || to.isBF16())
      return arith::ExtFOp::create(b, loc, type, Value(arith::TruncFOp::create(b, loc, like(x.getType(), to), y)));
    return y;
  }
  if (to.isInteger(1))
    return from.isInteger(1)
               ? x
               : arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x, constantInt(b, loc, x.getType(), 0));
  unsigned a = source.getIntOrFloatBitWidth(), c = target.getIntOrFloatBitWidth();
  if (a == c)
    return x;
  if (a > c)
    return arith::TruncIOp::create(b, loc, type, x);
  return fromUnsigned ? Value(arith::ExtUIOp::create(b, loc, type, x)) : Value(arith::ExtSIOp::create(b, loc, type, x));
}

Value cameo::toIndex(OpBuilder &b, Location loc, Value scalar, Type type) {
  if (type.isUnsignedInteger() || type.isInteger(1))
    return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), scalar);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), scalar);
}

Value cameo::addScalar(OpBuilder &b, Location loc, Value x, Value y, bool reassociate) {
  Type element = getElementTypeOrSelf(x.getType());
  if (isa<FloatType>(element)) {
    auto flags = reassociate ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none;
    return arith::AddFOp::create(b, loc, x, y, flags);
  }
  if (element.isInteger(1))
    return arith::OrIOp::create(b, loc, x, y);
  return arith::AddIOp::create(b, loc, x, y);
}

Value cameo::mulScalar(OpBuilder &b, Location loc, Value x, Value y) {
  Type element = getElementTypeOrSelf(x.getType());
  if (isa<FloatType>(element))
    return arith::MulFOp::create(b, loc, x, y);
  if (element.isInteger(1))
    return arith::AndIOp::create(b, loc, x, y);
  return arith::MulIOp::create(b, loc, x, y);
}

Value cameo::maxScalar(OpBuilder &b, Location loc, Value x, Value y, Type element) {
  if (isa<FloatType>(element))
    return arith::MaximumFOp::create(b, loc, x, y);
  return element.isUnsignedInteger() || element.isInteger(1) ? Value(arith::MaxUIOp::create(b, loc, x, y))
                                                             : Value(arith::MaxSIOp::create(b, loc, x, y));
}

Value cameo::minScalar(OpBuilder &b, Location loc, Value x, Value y, Type element) {
  if (isa<FloatType>(element))
    return arith::MinimumFOp::create(b, loc, x, y);
  return element.isUnsignedInteger() || element.isInteger(1) ? Value(arith::MinUIOp::create(b, loc, x, y))
                                                             : Value(arith::MinSIOp::create(b, loc, x, y));
}

Value cameo::lessThan(OpBuilder &b, Location loc, Value x, Value y, Type element) {
  if (isa<FloatType>(element))
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
  bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
  return arith::CmpIOp::create(b, loc, isUnsigned ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt, x, y);
}

SmallVector<Value> cameo::broadcastIndices(OpBuilder &b, Location loc, KernelEmitter &k, const KernelTensor &operand,
                                           ArrayRef<Dim> resultDims, ValueRange indices) {
  SmallVector<Value> result;
  size_t offset = resultDims.size() - operand.dims.size();
  for (auto [i, d] : llvm::enumerate(operand.dims)) {
    Value index = indices[offset + i];
    if (d == resultDims[offset + i]) {
      result.push_back(index);
    } else if (d.isConstant(1)) {
      result.push_back(constantIndex(b, loc, 0));
    } else if (d.constant()) {
      result.push_back(index);
    } else {
      // Equal or 1, which only the run can tell.
      Value isOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, k.size(d), constantIndex(b, loc, 1));
      result.push_back(arith::SelectOp::create(b, loc, isOne, constantIndex(b, loc, 0), index));
    }
  }
  return result;
}
