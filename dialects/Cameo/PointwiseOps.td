// PointwiseOps.td - arithmetic, comparison and logic, element by element. Adding one is this file only.
#ifndef CAMEO_POINTWISE_OPS_TD
#define CAMEO_POINTWISE_OPS_TD
include "dialects/Cameo/PointwiseBase.td"

// ---- arithmetic

def Cameo_AddOp : Cameo_Binary<"add", "Add", [{ return ::cameo::addScalar(b, b.getLoc(), x[0], x[1]); }], [Commutative, Cameo_FollowsElements, Cameo_Homogeneous]> {
  let summary = "x + y, wrapping for integers";
  let description = [{ ONNX: Add, since 7. Example: `%z = cameo.add %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>` }];
  let hasFolder = 1;
}
def Cameo_MulOp : Cameo_Binary<"mul", "Mul", [{ return ::cameo::mulScalar(b, b.getLoc(), x[0], x[1]); }], [Commutative, Cameo_FollowsElements]> {
  let summary = "x * y, wrapping for integers";
  let description = [{ ONNX: Mul, since 7. Example: `%z = cameo.mul %x, %y : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>` }];
  let hasFolder = 1;
}
def Cameo_SubOp : Cameo_Binary<"sub", "Sub", [{
    if (isa<FloatType>(getElementTypeOrSelf(type))) return arith::SubFOp::create(b, x[0], x[1]);
    return arith::SubIOp::create(b, x[0], x[1]);
  }], [Cameo_FollowsElements, Cameo_Homogeneous]> {
  let summary = "x - y, wrapping for integers";
  let description = [{ ONNX: Sub, since 7. Example: `%z = cameo.sub %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>` }];
  let hasFolder = 1;
}
def Cameo_DivOp : Cameo_Binary<"div", "Div", [{
    if (isa<FloatType>(getElementTypeOrSelf(type))) return arith::DivFOp::create(b, x[0], x[1]);
    return ::cameo::safeIntegerDivide(b, x[0], x[1], element);
  }], [Cameo_FollowsElements, Cameo_DividesBySecond]> {
  let summary = "x / y; integers truncate towards zero, and x / 0 is 0";
  let description = [{ ONNX: Div, since 7. Example: `%z = cameo.div %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>` }];
  let hasFolder = 1;
}

def Cameo_ModOp : Cameo_Binary<"mod", "", [{ return ::cameo::moduloScalar(b, x[0], x[1], element); }], [Cameo_FollowsElements, Cameo_DividesBySecond]> {
  let summary = "remainder with the divisor's sign, as Python's %";
  let description = [{
    `x - y * floor(x / y)`; for integers 0 where y is 0, which is also a run-time error. ONNX: Mod with fmod = 0, since 10.
    Example: `%z = cameo.mod %x, %y : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>`
  }];
}
def Cameo_RemainderOp : Cameo_Binary<"remainder", "", [{
    if (isa<FloatType>(getElementTypeOrSelf(type))) return arith::RemFOp::create(b, x[0], x[1]);
    return ::cameo::safeIntegerRemainder(b, x[0], x[1], element);
  }], [Cameo_FollowsElements, Cameo_DividesBySecond]> {
  let summary = "remainder with the dividend's sign, as C's fmod and %";
  let description = [{
    `x - y * trunc(x / y)`; for integers 0 where y is 0, which is also a run-time error. ONNX: Mod with fmod = 1, since 10.
    Example: `%z = cameo.remainder %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>`
  }];
}
def Cameo_MaxOp : Cameo_Binary<"max", "Max", [{ return ::cameo::maxScalar(b, b.getLoc(), x[0], x[1], element); }], [Cameo_FollowsElements, Cameo_Homogeneous]> {
  let summary = "the larger of x and y; NaN when either is";
  let description = [{ ONNX: Max, since 8; Clip. Example: `%z = cameo.max %x, %y : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>` }];
}
def Cameo_MinOp : Cameo_Binary<"min", "Min", [{ return ::cameo::minScalar(b, b.getLoc(), x[0], x[1], element); }], [Cameo_FollowsElements, Cameo_Homogeneous]> {
  let summary = "the smaller of x and y; NaN when either is";
  let description = [{ ONNX: Min, since 8; Clip. Example: `%z = cameo.min %x, %y : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>` }];
}

// ---- unary

def Cameo_NegOp : Cameo_Unary<"neg", "Neg", [{
    if (isa<FloatType>(getElementTypeOrSelf(type))) return arith::NegFOp::create(b, x[0]);
    return arith::SubIOp::create(b, ::cameo::constantInt(b, b.getLoc(), type, 0), x[0]);
  }], [Cameo_FollowsElements]> {
  let summary = "-x";
  let description = [{ ONNX: Neg, since 6. Example: `%y = cameo.neg %x : (tensor<2xf32>) -> tensor<2xf32>` }];
  let hasFolder = 1;
}
def Cameo_AbsOp : Cameo_Unary<"abs", "Abs", [{
    if (isa<FloatType>(getElementTypeOrSelf(type))) return math::AbsFOp::create(b, x[0]);
    if (element.isUnsignedInteger()) return x[0];
    return math::AbsIOp::create(b, x[0]);
  }], [Cameo_NonNegative]> {
  let summary = "|x|; the least integer stays itself";
  let description = [{ ONNX: Abs, since 6. Example: `%y = cameo.abs %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_SignOp : Cameo_Unary<"sign", "Sign", [{
    Value zero = ::cameo::constantInt(b, b.getLoc(), type, 0), one = ::cameo::constantInt(b, b.getLoc(), type, 1);
    Value y = arith::SelectOp::create(b, ::cameo::lessThan(b, b.getLoc(), zero, x[0], element), one, x[0]);
    if (element.isUnsignedInteger()) return y;
    Value minusOne = ::cameo::constantInt(b, b.getLoc(), type, -1);
    return arith::SelectOp::create(b, ::cameo::lessThan(b, b.getLoc(), x[0], zero, element), minusOne, y);
  }]> {
  let summary = "-1, 0 or 1 by the sign of x; NaN stays NaN";
  let description = [{ ONNX: Sign, since 9. Example: `%y = cameo.sign %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_FloorOp : Cameo_FloatUnary<"floor", "Floor", [{ return math::FloorOp::create(b, x[0]); }]> {
  let summary = "largest integer not above x";
  let description = [{ ONNX: Floor, since 6. Example: `%y = cameo.floor %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_CeilOp : Cameo_FloatUnary<"ceil", "Ceil", [{ return math::CeilOp::create(b, x[0]); }]> {
  let summary = "smallest integer not below x";
  let description = [{ ONNX: Ceil, since 6. Example: `%y = cameo.ceil %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_RoundOp : Cameo_FloatUnary<"round", "Round", [{ return math::RoundEvenOp::create(b, x[0]); }]> {
  let summary = "nearest integer, halves to even";
  let description = [{ ONNX: Round, since 11. Example: `%y = cameo.round %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}

// ---- logic and bits

class Cameo_Bits<string mnemonic, string onnx, string body, list<Trait> traits = []>
    : Cameo_Binary<mnemonic, onnx, body, traits> {
  let arguments = (ins Cameo_BitsTensor:$x, Cameo_BitsTensor:$y);
}
def Cameo_AndOp : Cameo_Bits<"and", "And", [{ return arith::AndIOp::create(b, x[0], x[1]); }], [Commutative, Cameo_FollowsElements]> {
  let summary = "logical and of bools, bitwise and of integers";
  let description = [{ ONNX: And, since 7; BitwiseAnd, since 18. Example: `%z = cameo.and %x, %y : (tensor<2xi1>, tensor<2xi1>) -> tensor<2xi1>` }];
}
def Cameo_OrOp : Cameo_Bits<"or", "Or", [{ return arith::OrIOp::create(b, x[0], x[1]); }], [Commutative, Cameo_FollowsElements]> {
  let summary = "logical or of bools, bitwise or of integers";
  let description = [{ ONNX: Or, since 7; BitwiseOr, since 18. Example: `%z = cameo.or %x, %y : (tensor<2xi1>, tensor<2xi1>) -> tensor<2xi1>` }];
}
def Cameo_XorOp : Cameo_Bits<"xor", "Xor", [{ return arith::XOrIOp::create(b, x[0], x[1]); }], [Commutative, Cameo_FollowsElements]> {
  let summary = "exclusive or of bools, or of the bits of integers";
  let description = [{ ONNX: Xor, since 7; BitwiseXor, since 18. Example: `%z = cameo.xor %x, %y : (tensor<2xi1>, tensor<2xi1>) -> tensor<2xi1>` }];
}
def Cameo_NotOp : Cameo_Pointwise<"not", "Not", (ins Cameo_BitsTensor:$x), Cameo_SameElement, [{
    return arith::XOrIOp::create(b, x[0], ::cameo::constantInt(b, b.getLoc(), type, -1));
  }], [Cameo_FollowsElements]> {
  let summary = "logical not of bools, complement of integers";
  let description = [{ ONNX: Not, since 1; BitwiseNot, since 18. Example: `%y = cameo.not %x : (tensor<2xi1>) -> tensor<2xi1>` }];
  let hasFolder = 1;
}
def Cameo_ShiftLeftOp : Cameo_Bits<"shift_left", "", [{
    Value width = ::cameo::constantInt(b, b.getLoc(), type, getElementTypeOrSelf(type).getIntOrFloatBitWidth());
    Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, x[1], width);
    return arith::SelectOp::create(b, inside, arith::ShLIOp::create(b, x[0], x[1]), ::cameo::constantInt(b, b.getLoc(), type, 0));
  }]> {
  let summary = "x * 2^y, wrapping; 0 when y is not less than the width";
  let description = [{ ONNX: BitShift, since 11. Example: `%z = cameo.shift_left %x, %y : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xui8>` }];
}
def Cameo_ShiftRightOp : Cameo_Bits<"shift_right", "", [{
    Value width = ::cameo::constantInt(b, b.getLoc(), type, getElementTypeOrSelf(type).getIntOrFloatBitWidth());
    Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, x[1], width);
    Value zero = ::cameo::constantInt(b, b.getLoc(), type, 0);
    if (element.isUnsignedInteger()) return arith::SelectOp::create(b, inside, arith::ShRUIOp::create(b, x[0], x[1]), zero);
    Value sign = arith::ShRSIOp::create(b, x[0], arith::SubIOp::create(b, width, ::cameo::constantInt(b, b.getLoc(), type, 1)));
    return arith::SelectOp::create(b, inside, arith::ShRSIOp::create(b, x[0], x[1]), sign);
  }]> {
  let summary = "floor(x / 2^y); where y is negative or not less than the width, what remains is 0, or -1 for negative x";
  let description = [{ ONNX: BitShift, since 11. Example: `%z = cameo.shift_right %x, %y : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xui8>` }];
}

// ---- comparison and choice

def Cameo_LessOp : Cameo_Compare<"less", "Less", [{ return ::cameo::lessThan(b, b.getLoc(), x[0], x[1], element); }], [Cameo_FollowsElements]> {
  let summary = "x < y; false when either is NaN";
  let description = [{ ONNX: Less, since 7. Example: `%z = cameo.less %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>` }];
}
def Cameo_LessEqualOp : Cameo_Compare<"less_equal", "LessOrEqual", [{
    if (isa<FloatType>(element)) return arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, x[0], x[1]);
    auto predicate = element.isUnsignedInteger() ? arith::CmpIPredicate::ule : arith::CmpIPredicate::sle;
    return arith::CmpIOp::create(b, predicate, x[0], x[1]);
  }], [Cameo_FollowsElements]> {
  let summary = "x <= y; false when either is NaN";
  let description = [{
    ONNX: LessOrEqual, since 12; GreaterOrEqual is imported with its operands exchanged.
    Example: `%z = cameo.less_equal %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>`
  }];
}
def Cameo_EqualOp : Cameo_Pointwise<"equal", "Equal", (ins Cameo_ComparableTensor:$x, Cameo_ComparableTensor:$y), Cameo_BoolElement, [{
    if (isa<FloatType>(element)) return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0], x[1]);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x[0], x[1]);
  }], [SameOperandsElementType, Commutative, Cameo_FollowsElements]> {
  let summary = "x == y; false when either is NaN";
  let description = [{ ONNX: Equal, since 7. Example: `%z = cameo.equal %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>` }];
}
def Cameo_IsNaNOp : Cameo_Pointwise<"is_nan", "IsNaN", (ins Cameo_FloatTensor:$x), Cameo_BoolElement, [{
    return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x[0], x[0]);
  }]> {
  let summary = "whether x is not a number";
  let description = [{ ONNX: IsNaN, since 9. Example: `%y = cameo.is_nan %x : (tensor<2xf32>) -> tensor<2xi1>` }];
}
def Cameo_IsInfOp : Cameo_Pointwise<"is_inf", "", (ins Cameo_FloatTensor:$x), Cameo_BoolElement, [{
    Value infinity = ::cameo::constantScalar(b, b.getLoc(), type, std::numeric_limits<double>::infinity());
    Value minus = ::cameo::constantScalar(b, b.getLoc(), type, -std::numeric_limits<double>::infinity());
    Value isPlus = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0], infinity);
    Value isMinus = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0], minus);
    if (!getNegative()) return isPlus;
    if (!getPositive()) return isMinus;
    return arith::OrIOp::create(b, isPlus, isMinus);
  }]> {
  let arguments = (ins Cameo_FloatTensor:$x, UnitAttr:$positive, UnitAttr:$negative);
  let summary = "whether x is plus or minus infinity, as far as asked for";
  let description = [{
    (C1) at least one of `positive` and `negative` is given. ONNX: IsInf, since 10.
    Example: `%y = cameo.is_inf %x {negative, positive} : (tensor<2xf32>) -> tensor<2xi1>`
  }];
  let hasVerifier = 1;
}
def Cameo_WhereOp : Cameo_Pointwise<"where", "Where", (ins Cameo_BoolTensor:$condition, Cameo_AnyTensor:$x, Cameo_AnyTensor:$y),
    Cameo_ResultElement<"::mlir::getElementTypeOrSelf(getX().getType())">, [{ return arith::SelectOp::create(b, x[0], x[1], x[2]); }], [Cameo_FollowsElements]> {
  let summary = "condition ? x : y";
  let description = [{ ONNX: Where, since 9. Example: `%z = cameo.where %c, %x, %y : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>` }];
  let hasFolder = 1;
}
def Cameo_CastOp : Cameo_Pointwise<"cast", "", (ins Cameo_NumericTensor:$x), Cameo_ResultElement<"getTo()">, [{
    return ::cameo::convertScalar(b, b.getLoc(), x[0], element, getTo(), {getSaturate(), getRoundMode()});
  }], [Cameo_FollowsElements]> {
  let arguments = (ins Cameo_NumericTensor:$x, TypeAttr:$to, DefaultValuedAttr<BoolAttr, "true">:$saturate,
                       DefaultValuedAttr<StrAttr, "\"up\"">:$roundMode);
  let summary = "x converted to the element type `to`";
  let description = [{
    Float to integer truncates; to bool is `x != 0`; to a narrower float rounds to nearest even. Narrow floats: NarrowRounding
    says what `saturate` and `roundMode` do. (C1) `roundMode` is up, down or nearest. ONNX: Cast, since 6.
    Example: `%y = cameo.cast %x {to = f8E5M2, saturate = false} : (tensor<2xf32>) -> tensor<2xf8E5M2>`
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}
def Cameo_BitCastOp : Cameo_Pointwise<"bit_cast", "", (ins Cameo_NumericTensor:$x), Cameo_ResultElement<"getTo()">, [{
    return ::cameo::reinterpretScalar(b, x[0], element, getTo());
  }]> {
  let arguments = (ins Cameo_NumericTensor:$x, TypeAttr:$to);
  let summary = "the bits of x as the element type `to`";
  let description = [{
    (C1) both types have elements of the same number of bits. ONNX: BitCast, since 26.
    Example: `%y = cameo.bit_cast %x {to = i32} : (tensor<2xf32>) -> tensor<2xi32>`
  }];
  let hasVerifier = 1;
}
#endif
