// ActivationOps.td - activation functions, element by element. Those that are short sums and products of others are composed by
// the importer (Celu, Selu, Softsign, Shrink, ThresholdedRelu).
#ifndef CAMEO_ACTIVATION_OPS_TD
#define CAMEO_ACTIVATION_OPS_TD
include "dialects/Cameo/PointwiseBase.td"

def Cameo_ReluOp : Cameo_Unary<"relu", "Relu", [{
    return ::cameo::maxScalar(b, b.getLoc(), x[0], ::cameo::constantScalar(b, b.getLoc(), type, 0), element);
  }], [Cameo_Homogeneous]> {
  let summary = "max(x, 0); NaN stays NaN";
  let description = [{ ONNX: Relu, since 6. Example: `%y = cameo.relu %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_LeakyReluOp : Cameo_FloatUnary<"leaky_relu", "LeakyRelu", [{
    Value scaled = arith::MulFOp::create(b, x[0], ::cameo::constantScalar(b, b.getLoc(), type, getAlpha().convertToFloat()));
    Value negative = ::cameo::lessThan(b, b.getLoc(), x[0], ::cameo::constantScalar(b, b.getLoc(), type, 0), element);
    return arith::SelectOp::create(b, negative, scaled, x[0]);
  }], [Cameo_Homogeneous]> {
  let arguments = (ins Cameo_FloatTensor:$x, F32Attr:$alpha);
  let summary = "x < 0 ? alpha * x : x";
  let description = [{ ONNX: LeakyRelu, since 6. Example: `%y = cameo.leaky_relu %x {alpha = 0.1 : f32} : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_PReluOp : Cameo_Binary<"prelu", "", [{
    Value negative = ::cameo::lessThan(b, b.getLoc(), x[0], ::cameo::constantScalar(b, b.getLoc(), type, 0), element);
    return arith::SelectOp::create(b, negative, ::cameo::mulScalar(b, b.getLoc(), x[0], x[1]), x[0]);
  }]> {
  let arguments = (ins Cameo_NumberTensor:$x, Cameo_NumberTensor:$slope);
  let summary = "x < 0 ? slope * x : x";
  let description = [{ ONNX: PRelu, since 7. Example: `%y = cameo.prelu %x, %s : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>` }];
}
def Cameo_SigmoidOp : Cameo_FloatUnary<"sigmoid", "Sigmoid", [{ return ::cameo::sigmoidScalar(b, x[0]); }], [Cameo_NonNegative]> {
  let summary = "1 / (1 + e^-x)";
  let description = [{ ONNX: Sigmoid, since 6. Example: `%y = cameo.sigmoid %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_HardSigmoidOp : Cameo_FloatUnary<"hard_sigmoid", "HardSigmoid", [{
    return ::cameo::hardSigmoidScalar(b, x[0], getAlpha().convertToFloat(), getBeta().convertToFloat());
  }]> {
  let arguments = (ins Cameo_FloatTensor:$x, F32Attr:$alpha, F32Attr:$beta);
  let summary = "alpha * x + beta, limited to 0 and 1";
  let description = [{
    ONNX: HardSigmoid, since 6.
    Example: `%y = cameo.hard_sigmoid %x {alpha = 0.2 : f32, beta = 0.5 : f32} : (tensor<2xf32>) -> tensor<2xf32>`
  }];
}
def Cameo_HardSwishOp : Cameo_FloatUnary<"hard_swish", "HardSwish", [{
    return arith::MulFOp::create(b, x[0], ::cameo::hardSigmoidScalar(b, x[0], 1.0 / 6, 0.5));
  }]> {
  let summary = "x * (x / 6 + 1/2, limited to 0 and 1)";
  let description = [{ ONNX: HardSwish, since 14. Example: `%y = cameo.hard_swish %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_SwishOp : Cameo_FloatUnary<"swish", "Swish", [{
    float alpha = getAlpha().convertToFloat();
    Value scaled = alpha == 1 ? x[0] : Value(arith::MulFOp::create(b, x[0], ::cameo::constantScalar(b, b.getLoc(), type, alpha)));
    return arith::MulFOp::create(b, x[0], ::cameo::sigmoidScalar(b, scaled));
  }]> {
  let arguments = (ins Cameo_FloatTensor:$x, F32Attr:$alpha);
  let summary = "x * sigmoid(alpha * x); SiLU when alpha is 1";
  let description = [{ ONNX: Swish, since 24; QuickGelu. Example: `%y = cameo.swish %x {alpha = 1.0 : f32} : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_MishOp : Cameo_FloatUnary<"mish", "Mish", [{ return ::cameo::mishScalar(b, x[0]); }]> {
  let summary = "x * tanh(log(1 + e^x))";
  let description = [{
    Computed as `x * n / (n + 2)` with `n = e^x * (e^x + 2)`: one exponential. ONNX: Mish, since 18.
    Example: `%y = cameo.mish %x : (tensor<2xf32>) -> tensor<2xf32>`
  }];
}
def Cameo_GeluOp : Cameo_FloatUnary<"gelu", "", [{ return ::cameo::geluScalar(b, x[0], getApproximate()); }]> {
  let arguments = (ins Cameo_FloatTensor:$x, UnitAttr:$approximate);
  let summary = "x times the normal distribution's probability below x";
  let description = [{
    `x / 2 * (1 + erf(x / sqrt(2)))`, or with `approximate` `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`.
    ONNX: Gelu, since 20; FastGelu. Example: `%y = cameo.gelu %x {approximate} : (tensor<2xf32>) -> tensor<2xf32>`
  }];
}
def Cameo_EluOp : Cameo_FloatUnary<"elu", "Elu", [{
    Value negative = ::cameo::lessThan(b, b.getLoc(), x[0], ::cameo::constantScalar(b, b.getLoc(), type, 0), element);
    Value alpha = ::cameo::constantScalar(b, b.getLoc(), type, getAlpha().convertToFloat());
    Value curve = arith::MulFOp::create(b, alpha, math::ExpM1Op::create(b, x[0]));
    return arith::SelectOp::create(b, negative, curve, x[0]);
  }]> {
  let arguments = (ins Cameo_FloatTensor:$x, F32Attr:$alpha);
  let summary = "x < 0 ? alpha * (e^x - 1) : x";
  let description = [{ ONNX: Elu, since 6. Example: `%y = cameo.elu %x {alpha = 1.0 : f32} : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_SoftplusOp : Cameo_FloatUnary<"softplus", "Softplus", [{
    Value e = math::ExpOp::create(b, arith::NegFOp::create(b, math::AbsFOp::create(b, x[0])));
    Value positive = ::cameo::maxScalar(b, b.getLoc(), x[0], ::cameo::constantScalar(b, b.getLoc(), type, 0), element);
    return arith::AddFOp::create(b, positive, math::Log1pOp::create(b, e));
  }]> {
  let summary = "log(1 + e^x)";
  let description = [{
    Computed as `max(x, 0) + log(1 + e^-|x|)`, which cannot overflow. ONNX: Softplus, since 1.
    Example: `%y = cameo.softplus %x : (tensor<2xf32>) -> tensor<2xf32>`
  }];
}
#endif
