// PointwiseOps.td - arithmetic, comparison and logic, element by element. Adding one is this file only.
#ifndef CAMEO_POINTWISE_OPS_TD
#define CAMEO_POINTWISE_OPS_TD
include "dialects/Cameo/PointwiseBase.td"

// ---- arithmetic ------------------------------------------------------------------------------------------------------------

def Cameo_AddOp : Cameo_Binary<"add", "Add", [{ return ::cameo::addScalar(b, b.getLoc(), x[0], x[1]); }], [Commutative]> {
  let summary = "x + y, wrapping for integers";
  let description = [{ ONNX: Add, since 7. Example: `%z = cameo.add %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_MulOp : Cameo_Binary<"mul", "Mul", [{ return ::cameo::mulScalar(b, b.getLoc(), x[0], x[1]); }], [Commutative]> {
  let summary = "x * y, wrapping for integers";
  let description = [{ ONNX: Mul, since 7. Example: `%z = cameo.mul %x, %y : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>` }];
}
def Cameo_SubOp : Cameo_Binary<"sub", "Sub", [{
    if (isa<FloatType>(getElementTypeOrSelf(type))) return arith::SubFOp::create(b, x[0], x[1]);
    return arith::SubIOp::create(b, x[0], x[1]);
  }]> {
  let summary = "x - y, wrapping for integers";
  let description = [{ ONNX: Sub, since 7. Example: `%z = cameo.sub %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_DivOp : Cameo_Binary<"div", "Div", [{
    if (isa<FloatType>(getElementTypeOrSelf(type))) return arith::DivFOp::create(b, x[0], x[1]);
    return ::cameo::safeIntegerDivide(b, x[0], x[1], element);
  }]> {
  let summary = "x / y; integers truncate towards zero, and x / 0 is 0";
  let description = [{ ONNX: Div, since 7. Example: `%z = cameo.div %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>` }];
}

// ---- unary -----------------------------------------------------------------------------------------------------------------

def Cameo_NegOp : Cameo_Unary<"neg", "Neg", [{
    if (isa<FloatType>(getElementTypeOrSelf(type))) return arith::NegFOp::create(b, x[0]);
    return arith::SubIOp::create(b, ::cameo::constantInt(b, b.getLoc(), type, 0), x[0]);
  }]> {
  let summary = "-x";
  let description = [{ ONNX: Neg, since 6. Example: `%y = cameo.neg %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_ReluOp : Cameo_Unary<"relu", "Relu", [{
    return ::cameo::maxScalar(b, b.getLoc(), x[0], ::cameo::constantScalar(b, b.getLoc(), type, 0), element);
  }]> {
  let summary = "max(x, 0); NaN stays NaN";
  let description = [{ ONNX: Relu, since 6. Example: `%y = cameo.relu %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_SigmoidOp : Cameo_Unary<"sigmoid", "Sigmoid", [{
    Value one = ::cameo::constantScalar(b, b.getLoc(), type, 1.0);
    Value e = math::ExpOp::create(b, arith::NegFOp::create(b, x[0]));
    return arith::DivFOp::create(b, one, arith::AddFOp::create(b, one, e));
  }]> {
  let summary = "1 / (1 + e^-x)";
  let description = [{ ONNX: Sigmoid, since 6. Example: `%y = cameo.sigmoid %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}

// ---- comparison and choice -------------------------------------------------------------------------------------------------

def Cameo_LessOp : Cameo_Compare<"less", "Less", [{ return ::cameo::lessThan(b, b.getLoc(), x[0], x[1], element); }]> {
  let summary = "x < y; false when either is NaN";
  let description = [{ ONNX: Less, since 7. Example: `%z = cameo.less %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>` }];
}
def Cameo_WhereOp : Cameo_Pointwise<"where", "Where", (ins Cameo_BoolTensor:$condition, Cameo_AnyTensor:$x, Cameo_AnyTensor:$y),
    Cameo_ResultElement<"::mlir::getElementTypeOrSelf(getX().getType())">, [{ return arith::SelectOp::create(b, x[0], x[1], x[2]); }]> {
  let summary = "condition ? x : y";
  let description = [{ ONNX: Where, since 9. Example: `%z = cameo.where %c, %x, %y : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_CastOp : Cameo_Pointwise<"cast", "", (ins Cameo_AnyTensor:$x), Cameo_ResultElement<"getTo()">, [{
    return ::cameo::convertScalar(b, b.getLoc(), x[0], element, getTo());
  }]> {
  let arguments = (ins Cameo_AnyTensor:$x, TypeAttr:$to);
  let summary = "x converted to the element type `to`";
  let description = [{
    Float to integer truncates; to bool is `x != 0`; to a narrower float rounds to nearest even. ONNX: Cast, since 6.
    Example: `%y = cameo.cast %x {to = i64} : (tensor<2xf32>) -> tensor<2xi64>`
  }];
}
#endif
