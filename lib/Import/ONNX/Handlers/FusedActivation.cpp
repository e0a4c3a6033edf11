// FusedActivation.cpp - activations of ONNX Runtime's fused nodes.
#include "FusedActivation.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

Value cameo::onnx::fusedActivation(OpBinder &op, Value x) {
  StringRef name = op.stringAttr("activation", "");
  if (!x || name.empty())
    return x;
  auto params = op.floatsAttr("activation_params");
  auto param = [&](size_t i, StringRef attribute, float fallback) {
    if (params && i < params->size())
      return (*params)[i];
    return float(op.floatAttr(attribute, fallback));
  };
  if (name == "Relu")
    return op.create<ReluOp>(x);
  if (name == "Sigmoid")
    return op.create<SigmoidOp>(x);
  if (name == "Tanh")
    return op.create<TanhOp>(x);
  if (name == "LeakyRelu")
    return op.create<LeakyReluOp>(x, llvm::APFloat(param(0, "activation_alpha", 0.01f)));
  if (name == "HardSigmoid")
    return op.create<HardSigmoidOp>(x, llvm::APFloat(param(0, "activation_alpha", 0.2f)),
                                    llvm::APFloat(param(1, "activation_beta", 0.5f)));
  if (name == "Clip") {
    Type type = op.elementType(x);
    Value low = op.scalar(type, param(0, "activation_min", -3.4028235e38f));
    Value high = op.scalar(type, param(1, "activation_max", 3.4028235e38f));
    Value raised = op.create<MaxOp>(x, low);
    return raised ? op.create<MinOp>(raised, high) : Value();
  }
  (void)op.unsupported("activation is '" + name +
                       "'; supported are Relu, Sigmoid, Tanh, LeakyRelu, HardSigmoid and Clip");
  return {};
}
