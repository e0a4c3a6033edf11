// MathOps.td - functions of analysis, element by element. Each is one op of the math dialect; code generation decides how it is
// computed.
#ifndef CAMEO_MATH_OPS_TD
#define CAMEO_MATH_OPS_TD
include "dialects/Cameo/PointwiseBase.td"

def Cameo_ExpOp : Cameo_FloatUnary<"exp", "Exp", [{ return math::ExpOp::create(b, x[0]); }], [Cameo_NonNegative]> {
  let summary = "e^x";
  let description = [{ ONNX: Exp, since 6. Example: `%y = cameo.exp %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_LogOp : Cameo_FloatUnary<"log", "Log", [{ return math::LogOp::create(b, x[0]); }]> {
  let summary = "natural logarithm of x";
  let description = [{ ONNX: Log, since 6. Example: `%y = cameo.log %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_SqrtOp : Cameo_FloatUnary<"sqrt", "Sqrt", [{ return math::SqrtOp::create(b, x[0]); }]> {
  let summary = "square root of x";
  let description = [{ ONNX: Sqrt, since 6. Example: `%y = cameo.sqrt %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_SinOp : Cameo_FloatUnary<"sin", "Sin", [{ return math::SinOp::create(b, x[0]); }]> {
  let summary = "sine of x";
  let description = [{ ONNX: Sin, since 7. Example: `%y = cameo.sin %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_CosOp : Cameo_FloatUnary<"cos", "Cos", [{ return math::CosOp::create(b, x[0]); }]> {
  let summary = "cosine of x";
  let description = [{ ONNX: Cos, since 7. Example: `%y = cameo.cos %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_TanOp : Cameo_FloatUnary<"tan", "Tan", [{ return math::TanOp::create(b, x[0]); }]> {
  let summary = "tangent of x";
  let description = [{ ONNX: Tan, since 7. Example: `%y = cameo.tan %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_AsinOp : Cameo_FloatUnary<"asin", "Asin", [{ return math::AsinOp::create(b, x[0]); }]> {
  let summary = "arc sine of x";
  let description = [{ ONNX: Asin, since 7. Example: `%y = cameo.asin %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_AcosOp : Cameo_FloatUnary<"acos", "Acos", [{ return math::AcosOp::create(b, x[0]); }]> {
  let summary = "arc cosine of x";
  let description = [{ ONNX: Acos, since 7. Example: `%y = cameo.acos %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_AtanOp : Cameo_FloatUnary<"atan", "Atan", [{ return math::AtanOp::create(b, x[0]); }]> {
  let summary = "arc tangent of x";
  let description = [{ ONNX: Atan, since 7. Example: `%y = cameo.atan %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_SinhOp : Cameo_FloatUnary<"sinh", "Sinh", [{ return math::SinhOp::create(b, x[0]); }]> {
  let summary = "hyperbolic sine of x";
  let description = [{ ONNX: Sinh, since 9. Example: `%y = cameo.sinh %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_CoshOp : Cameo_FloatUnary<"cosh", "Cosh", [{ return math::CoshOp::create(b, x[0]); }]> {
  let summary = "hyperbolic cosine of x";
  let description = [{ ONNX: Cosh, since 9. Example: `%y = cameo.cosh %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_TanhOp : Cameo_FloatUnary<"tanh", "Tanh", [{ return math::TanhOp::create(b, x[0]); }]> {
  let summary = "hyperbolic tangent of x";
  let description = [{ ONNX: Tanh, since 6. Example: `%y = cameo.tanh %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_AsinhOp : Cameo_FloatUnary<"asinh", "Asinh", [{ return math::AsinhOp::create(b, x[0]); }]> {
  let summary = "inverse hyperbolic sine of x";
  let description = [{ ONNX: Asinh, since 9. Example: `%y = cameo.asinh %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_AcoshOp : Cameo_FloatUnary<"acosh", "Acosh", [{ return math::AcoshOp::create(b, x[0]); }]> {
  let summary = "inverse hyperbolic cosine of x";
  let description = [{ ONNX: Acosh, since 9. Example: `%y = cameo.acosh %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_AtanhOp : Cameo_FloatUnary<"atanh", "Atanh", [{ return math::AtanhOp::create(b, x[0]); }]> {
  let summary = "inverse hyperbolic tangent of x";
  let description = [{ ONNX: Atanh, since 9. Example: `%y = cameo.atanh %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_ErfOp : Cameo_FloatUnary<"erf", "Erf", [{ return math::ErfOp::create(b, x[0]); }]> {
  let summary = "error function of x";
  let description = [{ ONNX: Erf, since 9. Example: `%y = cameo.erf %x : (tensor<2xf32>) -> tensor<2xf32>` }];
}
def Cameo_PowOp : Cameo_Binary<"pow", "", [{
    if (isa<FloatType>(element)) return math::PowFOp::create(b, x[0], x[1]);
    return ::cameo::integerPower(b, x[0], x[1], element);
  }]> {
  let arguments = (ins Cameo_NumberTensor:$x, Cameo_NumberTensor:$y);
  let summary = "x to the power of y; integers wrap";
  let description = [{
    Integers to a negative power are 0 unless |x| is 1. ONNX: Pow, since 7; where its types differ, the importer casts.
    Example: `%z = cameo.pow %x, %y : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>`
  }];
  let hasFolder = 1;
}
#endif
