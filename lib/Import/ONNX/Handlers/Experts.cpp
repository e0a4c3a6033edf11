// Experts.cpp - com.microsoft's MoE and QMoE: small networks of which a router picks k per row.
//
// Every expert is computed for every row, as batched matrix products, and weighted with what the router gives it: 0 for
// those it does not pick. Right whatever is picked, at the cost of experts / k times the arithmetic.
#include "Compose.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// [rows, experts]: the softmax of each row, 0 but for the k experts with the largest scores; with
/// normalize_routing_weights these are divided by their sum.
Value routing(Compose &c, Value scores) {
  OpBinder &op = c.op;
  int64_t k = op.intAttr("k", 1);
  auto experts = op.shapes().dim(scores, 1).constant();
  if (k < 1 || (experts && k > *experts)) {
    (void)op.error("E-ATTR", "k is " + Twine(k) + "; expected 1 to the number of experts");
    return {};
  }
  Type type = op.elementType(scores), wide = c.wideType(type);
  Value x = c.cast(scores, wide);
  Value weights = c.make<SoftmaxOp>(x, int64_t(-1));
  // The k largest, found as topk finds them: of equal scores the first counts.
  auto top = op.createWithResults<TopKOp>(2, x, op.i64({k}), int64_t(1), true);
  if (!weights || !top)
    return {};
  Value zeros = c.like(weights, 0);
  Value none = c.mul(weights, zeros);
  Value picked = c.make<GatherElementsOp>(weights, top->getResult(1), int64_t(1));
  if (op.intAttr("normalize_routing_weights", 0))
    picked = c.div(picked, c.reduce(picked, {1}, "sum"));
  return c.cast(c.make<ScatterElementsOp>(none, top->getResult(1), picked, int64_t(1), "none"), type);
}

/// What lies between the two products; `swiglu` halves the width.
Value activated(Compose &c, Value x) {
  OpBinder &op = c.op;
  StringRef name = op.stringAttr("activation_type", "relu");
  if (name == "relu")
    return c.make<ReluOp>(x);
  if (name == "gelu")
    return c.make<GeluOp>(x, false);
  if (name == "silu")
    return c.make<SwishOp>(x, c.f32(1));
  if (name == "identity")
    return x;
  if (name != "swiglu") {
    (void)op.unsupported("activation_type is '" + name + "'; supported are relu, gelu, silu, identity and swiglu");
    return {};
  }
  int64_t fusion = op.intAttr("swiglu_fusion", 0), last = op.rank(x) - 1;
  if (fusion != 1 && fusion != 2) {
    (void)op.unsupported("swiglu_fusion is " + Twine(fusion) +
                         "; supported are 1 (gate and linear part alternate) and 2 (one after the other)");
    return {};
  }
  Dim width = op.shapes().dim(x, last), half = op.dims().floorDiv(width, 2);
  auto part = [&](int64_t n) {
    Dim begin = fusion == 1 ? op.dims().constant(n)
                : n         ? half
                            : op.dims().constant(0),
        end = fusion == 1 || n ? width : half;
    Value from = op.sizes({begin}), to = op.sizes({end});
    return from && to ? c.make<SliceOp>(x, from, to, op.i64({fusion == 1 ? 2 : 1}), ArrayRef<int64_t>{last}) : Value();
  };
  Value gate = part(0), linear = part(1);
  double alpha = op.floatAttr("activation_alpha", 1), beta = op.floatAttr("activation_beta", 0);
  if (op.hasAttr("swiglu_limit")) {
    double limit = op.floatAttr("swiglu_limit", 0);
    gate = c.min(gate, c.like(gate, limit));
    linear = c.max(c.min(linear, c.like(linear, limit)), c.like(linear, -limit));
  }
  return c.mul(c.make<SwishOp>(gate, c.f32(alpha)), c.add(linear, beta));
}

/// x [.., hidden] through all experts: `first` [E, inner, hidden], `second` [E, hidden, inner]; biases may be null.
LogicalResult mixture(Compose &c, Value first, Value firstBias, Value second, Value secondBias) {
  OpBinder &op = c.op;
  Value x = op.input(0), scores = op.input(1);
  if (op.rank(scores) != 2 || (op.rank(x) != 2 && op.rank(x) != 3))
    return op.error("E-SHAPE", "input and router_probs have ranks " + Twine(op.rank(x)) + " and " +
                                   Twine(op.rank(scores)) + "; expected 2 or 3, and 2");
  if (op.intAttr("use_sparse_mixer", 0))
    return op.unsupported("use_sparse_mixer is 1; supported is 0");
  SmallVector<Dim> sizes(op.shapes().dimsOf(x));
  Dim rows = op.dims().product(ArrayRef(sizes).drop_back());
  Value flat = op.reshape(x, {op.dims().constant(1), rows, sizes.back()});
  Value hidden = c.make<MatMulOp>(flat, first, false, /*transposeRhs=*/true, TypeAttr());
  if (firstBias)
    hidden = c.add(hidden, c.unsqueeze(firstBias, 1));
  Value each = c.make<MatMulOp>(activated(c, hidden), second, false, /*transposeRhs=*/true, TypeAttr());
  if (secondBias)
    each = c.add(each, c.unsqueeze(secondBias, 1));
  Value weights = routing(c, scores);
  weights = weights ? c.unsqueeze(op.transpose(weights, {1, 0}), 2) : Value();
  Value y = c.reduce(c.mul(each, weights), {0}, "sum", false);
  return op.result(y ? op.reshape(y, sizes) : Value());
}

LogicalResult moe(OpBinder &op) {
  Compose c{op};
  if (op.hasInput(6))
    return op.unsupported("input '" + op.node.inputs[6] + "' is given (a third product per expert); supported are two");
  return mixture(c, op.input(2), op.input(3), op.input(4), op.input(5));
}

/// Weights of few bits: [E, rows, bytes], with a scale per row, or per block of it: [E, rows, blocks].
LogicalResult qMoe(OpBinder &op) {
  Compose c{op};
  if (op.hasInput(8))
    return op.unsupported("input '" + op.node.inputs[8] + "' is given (a third product per expert); supported are two");
  int64_t bits = op.intAttr("expert_weight_bits", 4);
  if (bits != 4 && bits != 8)
    return op.unsupported("expert_weight_bits is " + Twine(bits) + "; supported are 4 and 8");
  Type type = op.elementType(op.input(0)), ui8 = op.builder.getIntegerType(8, /*isSigned=*/false);
  auto real = [&](size_t weights, size_t scales, size_t zeros) -> Value {
    Value w = op.input(weights), scale = op.cast(op.input(scales), type), zero = op.input(zeros);
    if (op.elementType(w) != ui8 || op.rank(w) != 3) {
      (void)op.unsupported("input '" + op.node.inputs[weights] + "' is not a tensor of uint8 of rank 3");
      return {};
    }
    if (bits == 4)
      w = op.create<UnpackOp>(w, bits);
    if (op.rank(scale) == 2)
      scale = c.unsqueeze(scale, 2);
    if (!w || !scale)
      return {};
    SmallVector<Dim> sizes(op.shapes().dimsOf(w));
    Dim blocks = op.shapes().dim(scale, 2);
    Value blocked = op.reshape(w, {sizes[0], sizes[1], blocks, op.dims().floorDiv(sizes[2], blocks)});
    if (zero) {
      zero = bits == 4 ? op.create<UnpackOp>(zero, bits) : zero;
      if (zero && op.rank(zero) == 2)
        zero = c.unsqueeze(zero, 2);
      Value end = op.sizes({blocks});
      zero = end ? c.make<SliceOp>(zero, op.i64({0}), end, op.i64({1}), ArrayRef<int64_t>{2}) : Value();
      zero = c.unsqueeze(zero, 3);
    } else {
      zero = c.like(w, int64_t(1) << (bits - 1));
    }
    Value y = c.make<DequantizeOp>(blocked, c.unsqueeze(scale, 3), zero);
    return y ? op.reshape(y, sizes) : Value();
  };
  Value first = real(2, 3, 11), second = real(5, 6, 12);
  return first && second ? mixture(c, first, op.input(4), second, op.input(7)) : failure();
}

} // namespace

namespace cameo::onnx {
void registerExpertsHandlers(HandlerTable &table) {
  table.onMicrosoft(
      "MoE", "input router_probs:2 fc1_weights:3 fc1_bias? fc2_weights:3 fc2_bias? fc3_weights:3? fc3_bias?", moe);
  table.onMicrosoft("QMoE",
                    "input router_probs fc1_weights fc1_scales fc1_bias? fc2_weights fc2_scales fc2_bias? fc3_weights? "
                    "fc3_scales? fc3_bias? fc1_zero_points? fc2_zero_points? fc3_zero_points? router_weights?",
                    qMoe);
}
} // namespace cameo::onnx
