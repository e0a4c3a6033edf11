// MicrosoftQuantization.cpp - com.microsoft's operators on 8-bit integers: real arithmetic between dequantize and
// quantize, and integer products whose sums become real numbers.
#include "Attention.h"
#include "Axes.h"
#include "Pooling.h"
#include "Quantization.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

// ---- dequantize, compute, quantize

/// The tensor, scale and zero point at inputs `first` to `first` + 2 as real numbers.
Value dequantized(Compose &c, size_t first) {
  OpBinder &op = c.op;
  Value x = op.input(first), scale = op.input(first + 1),
        zero = op.hasInput(first + 2) ? op.input(first + 2) : c.like(x, 0);
  return c.make<DequantizeOp>(x, scale, zero);
}

/// y as integers like those of `like`, with the scale and zero point at inputs `first` and `first` + 1.
Value quantized(Compose &c, Value y, Value like, size_t first) {
  OpBinder &op = c.op;
  Value zero = op.hasInput(first + 1) ? op.input(first + 1) : c.like(like, 0);
  return c.make<QuantizeOp>(y, op.input(first), zero);
}

template <typename OpT> LogicalResult qLinearBinary(OpBinder &op) {
  Compose c{op};
  return op.result(quantized(c, c.make<OpT>(dequantized(c, 0), dequantized(c, 3)), op.input(0), 6));
}

LogicalResult qLinearUnary(OpBinder &op, llvm::function_ref<Value(Compose &, Value)> function) {
  Compose c{op};
  return op.result(quantized(c, function(c, dequantized(c, 0)), op.input(0), 3));
}

LogicalResult qLinearWhere(OpBinder &op) {
  Compose c{op};
  Value y = c.where(op.input(0), dequantized(c, 1), dequantized(c, 4));
  return op.result(quantized(c, y, op.input(1), 7));
}

/// Inputs: the result's scale and zero point, then three for each part.
LogicalResult qLinearConcat(OpBinder &op) {
  Compose c{op};
  if (op.numInputs() < 5 || op.numInputs() % 3 != 2)
    return op.error("E-ARITY", "the node has " + Twine(op.numInputs()) + " inputs; expected 2 and 3 for each part");
  auto axis = normalAxis(op, "axis", op.intAttr("axis", 0), op.rank(op.input(2)));
  if (failed(axis))
    return failure();
  SmallVector<Value> parts;
  for (size_t i = 2; i < op.numInputs(); i += 3) {
    parts.push_back(dequantized(c, i));
    if (!parts.back())
      return failure();
  }
  return op.result(quantized(c, op.create<ConcatOp>(parts, *axis), op.input(2), 0));
}

LogicalResult qLinearSoftmax(OpBinder &op) {
  auto axis = axisAttr(op, -1);
  if (failed(axis))
    return failure();
  // Before opset 13 a softmax takes all axes from `axis` on as one.
  if (op.intAttr("opset", 13) < 13 && *axis != op.rank(op.input(0)) - 1)
    return op.unsupported("opset is " + Twine(op.intAttr("opset", 13)) +
                          " and axis not the last; supported is 13 or the last axis");
  return qLinearUnary(op, [&](Compose &c, Value x) { return c.make<SoftmaxOp>(x, *axis); });
}

/// The mean over the spatial axes, which are kept.
LogicalResult qLinearGlobalAveragePool(OpBinder &op) {
  bool channelsLast = op.intAttr("channels_last", 0) != 0;
  int64_t rank = op.rank(op.input(0));
  if (rank < 3)
    return op.error("E-SHAPE", "input '" + op.node.inputs[0] + "' has rank " + Twine(rank) + "; expected 3 or more");
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(channelsLast ? 1 : 2, channelsLast ? rank - 1 : rank));
  return qLinearUnary(op, [&](Compose &c, Value x) { return c.reduce(x, axes, "mean"); });
}

LogicalResult qLinearAveragePool(OpBinder &op) {
  bool isLast = op.intAttr("channels_last", 0) != 0;
  return qLinearUnary(op, [&](Compose &c, Value x) {
    x = isLast ? channelsFirst(op, x) : x;
    Value y = x ? averagePoolOf(op, x) : x;
    return isLast ? channelsLast(op, y) : y;
  });
}

LogicalResult qLinearReduceMean(OpBinder &op) {
  auto axes = normalAxes(op, op.intsAttr("axes").value_or(SmallVector<int64_t>()));
  if (failed(axes))
    return failure();
  if (axes->empty())
    *axes = llvm::to_vector(llvm::seq<int64_t>(0, op.rank(op.input(0))));
  return qLinearUnary(op,
                      [&](Compose &c, Value x) { return c.reduce(x, *axes, "mean", op.intAttr("keepdims", 1) != 0); });
}

// ---- integer products

/// x y, where each is a scalar, or a vector along columns; null when one is.
Value product(Compose &c, Value x, Value y) {
  auto plain = [&](Value v) { return v && isPerTensor(c.op, v) && c.op.rank(v) == 1 ? c.op.squeeze(v, {0}) : v; };
  return c.mul(plain(x), plain(y));
}

/// The integer product as real numbers, plus the bias if there is one.
Value realProduct(Compose &c, Value sums, Value scale, Value bias) {
  if (!sums || !scale)
    return {};
  Value y = c.mul(c.cast(sums, c.op.elementType(scale)), scale);
  return bias ? c.add(y, bias) : y;
}

LogicalResult matMulIntegerToFloat(OpBinder &op) {
  Compose c{op};
  Value sums = integerMatMul(c, op.input(0), op.input(4), op.input(1), op.input(5));
  return op.result(realProduct(c, sums, product(c, op.input(2), op.input(3)), op.input(6)));
}

LogicalResult dynamicQuantizeMatMul(OpBinder &op) {
  Compose c{op};
  DynamicQuantized a = dynamicallyQuantized(c, op.input(0));
  if (!a.value || !a.zero)
    return failure();
  Value sums = integerMatMul(c, a.value, a.zero, op.input(1), op.input(3));
  return op.result(realProduct(c, sums, product(c, a.scale, op.input(2)), op.input(4)));
}

/// alpha a' b' + c with c in the scale of the product; real numbers where there is no scale for the result.
LogicalResult qGemm(OpBinder &op) {
  Compose c{op};
  Value sums = integerMatMul(c, op.input(0), op.input(2), op.input(3), op.input(5), op.intAttr("transA", 0) != 0,
                             op.intAttr("transB", 0) != 0);
  if (op.hasInput(6))
    sums = c.add(sums, op.input(6));
  Value scale = product(c, op.input(1), op.input(4));
  double alpha = op.floatAttr("alpha", 1);
  if (alpha != 1)
    scale = c.mul(scale, alpha);
  if (!op.hasInput(7))
    return op.result(realProduct(c, sums, scale, Value()));
  return op.result(
      requantize(c, sums, c.div(scale, op.input(7)), op.hasInput(8) ? op.input(8) : c.like(op.input(0), 0)));
}

LogicalResult qAttention(OpBinder &op) {
  Compose c{op};
  Value sums = integerMatMul(c, op.input(0), op.input(6), op.input(1), op.input(7));
  Value projected = realProduct(c, sums, product(c, op.input(3), op.input(4)), op.input(2));
  return projectedAttention(c, projected, {/*mask=*/5, /*past=*/8, /*bias=*/std::nullopt});
}

} // namespace

namespace cameo::onnx {
void registerMicrosoftQuantizationHandlers(HandlerTable &table) {
  table.onMicrosoft("QLinearAdd", "A A_scale A_zero_point? B B_scale B_zero_point? C_scale C_zero_point?",
                    qLinearBinary<AddOp>);
  table.onMicrosoft("QLinearMul", "A A_scale A_zero_point? B B_scale B_zero_point? C_scale C_zero_point?",
                    qLinearBinary<MulOp>);
  table.onMicrosoft("QLinearSigmoid", "X X_scale X_zero_point? Y_scale Y_zero_point?", [](OpBinder &op) {
    return qLinearUnary(op, [](Compose &c, Value x) { return c.make<SigmoidOp>(x); });
  });
  table.onMicrosoft("QLinearLeakyRelu", "X X_scale X_zero_point? Y_scale Y_zero_point?", [](OpBinder &op) {
    return qLinearUnary(
        op, [&](Compose &c, Value x) { return c.make<LeakyReluOp>(x, c.f32(op.floatAttr("alpha", 0.01))); });
  });
  table.onMicrosoft("QLinearWhere", "condition X x_scale x_zero_point Y y_scale y_zero_point z_scale z_zero_point",
                    qLinearWhere);
  table.onMicrosoft("QLinearConcat", "Y_scale Y_zero_point inputs*", qLinearConcat);
  table.onMicrosoft("QLinearSoftmax", "X X_scale x_zero_point? y_scale y_zero_point?", qLinearSoftmax);
  table.onMicrosoft("QLinearGlobalAveragePool", "X x_scale x_zero_point y_scale y_zero_point",
                    qLinearGlobalAveragePool);
  table.onMicrosoft("QLinearAveragePool", "X x_scale x_zero_point? y_scale y_zero_point?", qLinearAveragePool);
  table.onMicrosoft("QLinearReduceMean", "data data_scale data_zero_point? reduced_scale reduced_zero_point?",
                    qLinearReduceMean);
  table.onMicrosoft("MatMulIntegerToFloat", "A B a_scale b_scale a_zero_point? b_zero_point? bias?",
                    matMulIntegerToFloat);
  table.onMicrosoft("DynamicQuantizeMatMul", "A B b_scale b_zero_point? bias?", dynamicQuantizeMatMul);
  table.onMicrosoft("QGemm", "A a_scale a_zero_point B b_scale b_zero_point C? y_scale? y_zero_point?", qGemm);
  table.onMicrosoft(
      "QAttention",
      "input:3 weight:2 bias:1 input_scale weight_scale mask_index? input_zero_point? weight_zero_point? past:5?",
      qAttention);
}
} // namespace cameo::onnx
