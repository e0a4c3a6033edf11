// Gating.cpp - com.microsoft's ops between the products of newer decoders: gates, and the parallel streams of
// hyper-connections (arXiv:2409.19606). Sums are in f32 for f16 and bf16.
#include "Attention.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// x in a type to compute in.
Value wide(Compose &c, Value x) { return x ? c.cast(x, c.wideType(c.op.elementType(x))) : x; }

/// `value` in the element type of the node's first input, as its first result.
LogicalResult narrowResult(Compose &c, Value value, size_t output = 0) {
  return c.op.result(output, c.cast(value, c.op.elementType(c.op.input(0))));
}

Value scaledSilu(Compose &c, Value x, Value scale) {
  Value scaled = c.mul(x, scale);
  return c.mul(scaled, c.make<SigmoidOp>(scaled));
}

LogicalResult scaledSiLU(OpBinder &op) {
  Compose c{op};
  Value x = wide(c, op.input(0));
  Value scale =
      op.hasInput(1) ? c.cast(c.scalarOf(op.input(1)), op.elementType(x)) : c.like(x, op.floatAttr("alpha", 1));
  return narrowResult(c, scaledSilu(c, x, scale));
}

/// x + y * gate, where the gate may be the sigmoid of a product.
LogicalResult gatedAdd(OpBinder &op) {
  Compose c{op};
  Value gate = wide(c, op.input(2));
  if (op.hasInput(3))
    gate = c.make<SigmoidOp>(c.make<MatMulOp>(gate, wide(c, op.input(3)), false, false, TypeAttr()));
  return narrowResult(c, c.add(wide(c, op.input(0)), c.mul(wide(c, op.input(1)), gate)));
}

/// An activation of the gate times what it opens, both side by side where there is one input.
LogicalResult swiGlu(OpBinder &op) {
  Compose c{op};
  Value gate = wide(c, op.input(0)), up = wide(c, op.input(1));
  int64_t last = op.rank(gate) - 1;
  if (!up) {
    if (last < 0)
      return op.error("E-SHAPE", "gate is a scalar; expected rank 1 or more where up is left out");
    Dim whole = op.shapes().dim(gate, last), half = op.dims().floorDiv(whole, 2);
    if (auto width = whole.constant(); width && *width % 2)
      return op.error("E-SHAPE",
                      "gate has rows of " + Twine(*width) + " elements; expected an even number where up is left out");
    up = sliceAxis(op, gate, last, half, op.dims().mul(half, 2));
    gate = sliceAxis(op, gate, last, op.dims().constant(0), half);
  }
  if (double limit = op.floatAttr("limit", 0); limit > 0) {
    gate = c.min(gate, c.like(gate, limit));
    up = c.max(c.min(up, c.like(up, limit)), c.like(up, -limit));
  }
  Value open = c.make<SwishOp>(gate, c.f32(op.floatAttr("activation_alpha", 1)));
  return narrowResult(c, c.mul(open, c.add(up, op.floatAttr("activation_beta", 0))));
}

// ---- streams side by side

/// [.., C * H] as [.., C, H]; null on failure (reported).
Value splitStreams(Compose &c, Value x, Dim streams) {
  if (!x)
    return {};
  OpBinder &op = c.op;
  SmallVector<Dim> sizes(op.shapes().dimsOf(x));
  auto columns = sizes.empty() ? std::nullopt : sizes.back().constant(), count = streams.constant();
  if (sizes.empty() || (count && (*count < 1 || (columns && *columns % *count)))) {
    (void)op.error("E-SHAPE", "a tensor of shape " + formatShape(sizes) + " is to be split into " +
                                  formatShape(streams) + " streams; expected rows of a multiple of that");
    return {};
  }
  sizes.back() = op.dims().floorDiv(sizes.back(), streams);
  sizes.insert(sizes.end() - 1, streams);
  return op.reshape(x, sizes);
}

/// Input `i`, which is grouped, or flat where the node says how many streams there are, as [.., C, H] in f32 or wider.
Value streamsOf(Compose &c, size_t i) {
  OpBinder &op = c.op;
  Value x = wide(c, op.input(i));
  if (int64_t count = op.intAttr("num_branches", 0); count > 0)
    return splitStreams(c, x, op.dims().constant(count));
  if (x && op.rank(x) < 2) {
    (void)op.error("E-SHAPE", "input '" + op.node.inputs[i] + "' has rank " + Twine(op.rank(x)) +
                                  "; expected 2 or more, or num_branches");
    return {};
  }
  return x;
}

/// Gates of [.., C], [.., C, 1], [.., C, H] or [.., C * H] in a shape that broadcasts to the streams x; null on failure
/// (reported).
Value gatesOf(Compose &c, Value gates, Value x) {
  gates = wide(c, gates);
  if (!gates || !x || c.op.rank(gates) == c.op.rank(x))
    return x ? gates : x;
  if (c.op.rank(gates) + 1 != c.op.rank(x)) {
    (void)c.op.error("E-SHAPE", "gates of rank " + Twine(c.op.rank(gates)) + " are for streams of rank " +
                                    Twine(c.op.rank(x)) + "; expected the same rank, or one less");
    return {};
  }
  Dim streams = c.op.shapes().dim(x, c.op.rank(x) - 2);
  int64_t last = c.op.rank(gates) - 1;
  return c.op.shapes().dim(gates, last) == streams ? c.unsqueeze(gates, {last + 1}) : splitStreams(c, gates, streams);
}

/// In the shape of input 0.
LogicalResult streamsResult(Compose &c, Value x, size_t output = 0) {
  SmallVector<Dim> sizes(c.op.shapes().dimsOf(c.op.input(0)));
  return narrowResult(c, x ? c.op.reshape(x, sizes) : x, output);
}

/// Each stream divided by its root mean square, times `scale`: [C * H], [C, H], [H], or null.
Value normalizedStreams(Compose &c, Value x, Value scale) {
  if (!x)
    return {};
  OpBinder &op = c.op;
  Value square = c.reduce(c.mul(x, x), {op.rank(x) - 1}, "mean");
  Value y = c.div(x, c.make<SqrtOp>(c.add(square, op.floatAttr("epsilon", 1e-5))));
  if (!scale)
    return y;
  Dim width = op.shapes().dim(x, op.rank(x) - 1);
  scale = c.cast(scale, op.elementType(x));
  if (scale && op.rank(scale) == 1 && op.shapes().dim(scale, 0) != width)
    scale = splitStreams(c, scale, op.shapes().dim(x, op.rank(x) - 2));
  return c.mul(y, scale);
}

LogicalResult branchwiseNorm(OpBinder &op) {
  Compose c{op};
  return streamsResult(c, normalizedStreams(c, streamsOf(c, 0), op.input(1)));
}

/// The gated sum of the streams.
LogicalResult preMix(OpBinder &op) {
  Compose c{op};
  Value x = streamsOf(c, 0), gated = c.mul(x, gatesOf(c, op.input(1), x));
  Value sum = gated ? c.reduce(gated, {op.rank(gated) - 2}, "sum", /*keepDims=*/false) : gated;
  return narrowResult(c, c.mul(sum, op.floatAttr("reduction_scale", 1)));
}

/// x with `block` [.., H] added to each stream, gated.
Value injected(Compose &c, Value x, Value gates, Value block) {
  Value row = block ? c.unsqueeze(wide(c, block), {c.op.rank(block) - 1}) : block;
  return c.add(x, c.mul(gatesOf(c, gates, x), row));
}

LogicalResult postMix(OpBinder &op) {
  Compose c{op};
  Value x = streamsOf(c, 0), mixed = x;
  if (op.hasInput(3))
    mixed = c.make<MatMulOp>(wide(c, op.input(3)), x, /*transposeLhs=*/true, false, TypeAttr());
  return streamsResult(c, injected(c, mixed, op.input(2), op.input(1)));
}

/// A block's input, the sum of the streams gated by a network of two products, and the gates of its output.
LogicalResult lowRankMix(OpBinder &op) {
  Compose c{op};
  Value x = streamsOf(c, 0);
  if (op.hasInput(5) != op.hasInput(6))
    return op.error("E-ARITY", "only one of prev_block_output and prev_post_gate is given; expected both or none");
  if (op.hasInput(5))
    x = injected(c, x, op.input(6), op.input(5));
  Value streams = normalizedStreams(c, x, op.input(1));
  if (!streams)
    return failure();
  SmallVector<Dim> sizes(op.shapes().dimsOf(op.input(0)));
  Value flat = op.reshape(streams, sizes);
  auto times = [&](Value v, size_t weights) {
    return c.make<MatMulOp>(v, wide(c, op.input(weights)), false, false, TypeAttr());
  };
  Value hidden = times(flat, 2);
  hidden = scaledSilu(c, hidden, c.like(hidden, op.floatAttr("silu_alpha", 1)));
  Value gates = splitStreams(c, c.make<SigmoidOp>(times(hidden, 3)), op.shapes().dim(streams, op.rank(streams) - 2));
  Value sum = c.reduce(c.mul(streams, gates), {op.rank(streams) - 2}, "sum", /*keepDims=*/false);
  Value next = c.make<SigmoidOp>(c.div(times(flat, 4), op.floatAttr("gate_div", 1)));
  if (failed(narrowResult(c, c.mul(sum, op.floatAttr("reduction_scale", 1)))) ||
      failed(narrowResult(c, c.mul(next, op.floatAttr("gate_mul", 1)), 1)))
    return failure();
  return op.hasOutput(2) ? streamsResult(c, x, 2) : success();
}

/// A value [B, T, H], gated for each stream by how like a key and a query [B, T, C, H] are.
LogicalResult engramGate(OpBinder &op) {
  Compose c{op};
  Value key = normalizedStreams(c, wide(c, op.input(0)), op.input(3));
  Value query = normalizedStreams(c, wide(c, op.input(1)), op.input(4));
  Value product = c.mul(key, query);
  if (!product)
    return failure();
  Type type = op.elementType(product);
  Value width = c.make<SqrtOp>(c.cast(op.sizes({op.shapes().dim(product, 3)}), type));
  Value likeness = c.div(c.reduce(product, {3}, "sum"), width);
  Value root = c.make<SqrtOp>(c.max(c.make<AbsOp>(likeness), c.like(likeness, 1e-6)));
  Value gate = c.make<SigmoidOp>(c.mul(c.make<SignOp>(likeness), root));
  Value y = c.mul(gate, c.unsqueeze(wide(c, op.input(2)), {2}));
  if (failed(narrowResult(c, y)))
    return failure();
  if (!op.hasOutput(1))
    return success();
  if (!op.hasInput(5))
    return op.error("E-ARITY", "output 1 is asked for, but conv_norm_scale is left out");
  return narrowResult(c, normalizedStreams(c, y, op.input(5)), 1);
}

// ---- routing

/// 1 where `places` [rows, k] name a column of so many, else 0: [rows, columns].
Value chosen(Compose &c, Value places, Dim rows, Dim columns) {
  OpBinder &op = c.op;
  Type f32 = op.builder.getF32Type();
  Value none = c.make<ExpandOp>(op.scalar(f32, 0), op.sizes({rows, columns}));
  Value ones = places ? c.make<ExpandOp>(op.scalar(f32, 1), op.sizes(op.shapes().dimsOf(places))) : places;
  return c.make<ScatterElementsOp>(none, places, ones, int64_t(1), StringRef("none"));
}

/// Logarithms of the sigmoids of a token's best experts, in the best groups of experts; the rest has `router_sentinel`.
LogicalResult groupRouter(OpBinder &op) {
  Compose c{op};
  Type f32 = op.builder.getF32Type();
  int64_t experts = op.intAttr("top_k", 0), groups = op.intAttr("n_group", 1), best = op.intAttr("topk_group", 1),
          summed = op.intAttr("group_topk", 2);
  auto count = op.shapes().dim(op.input(1), 0).constant();
  if (!count || groups < 1 || *count % groups || best < 1 || best > groups || summed < 1 || experts < 1 ||
      experts > *count / groups * best)
    return op.error("E-ATTR", "top_k is " + Twine(experts) + ", n_group " + Twine(groups) + ", topk_group " +
                                  Twine(best) + " and group_topk " + Twine(summed) + " with " +
                                  formatShape(op.shapes().dimsOf(op.input(1))) +
                                  " experts; expected groups of one known size, and as many experts in the best ones");
  Value x = c.cast(op.input(0), f32);
  if (op.hasInput(2))
    x = c.make<MatMulOp>(x, c.cast(op.input(2), f32), false, /*transposeRhs=*/true, TypeAttr());
  if (!x)
    return failure();
  auto width = op.rank(x) ? op.shapes().dim(x, op.rank(x) - 1).constant() : int64_t(-1);
  if (width && *width != *count)
    return op.error("E-SHAPE", "the scores have shape " + formatShape(op.shapes().dimsOf(x)) + "; expected rows of " +
                                   Twine(*count) + ", one per expert of expert_bias");
  Dim all = op.dims().constant(*count), rows = op.dims().product(op.shapes().dimsOf(x).drop_back());
  Value scores = c.make<SigmoidOp>(op.reshape(x, {rows, all})), biased = c.add(scores, op.input(1));
  if ((op.hasOutput(1) && failed(op.result(1, biased))) || (op.hasOutput(2) && failed(op.result(2, scores))))
    return failure();
  if (!op.hasOutput(0))
    return success();
  auto topOf = [&](Value v, int64_t k) {
    return op.createWithResults<TopKOp>(2, v, op.i64({k}), int64_t(-1), /*largest=*/true);
  };
  if (groups > 1 && biased) {
    int64_t size = *count / groups;
    Value grouped = op.reshape(biased, {rows, op.dims().constant(groups), op.dims().constant(size)});
    TopKOp few = grouped ? topOf(grouped, std::min(summed, size)) : TopKOp();
    Value sums = few ? c.reduce(few.getValues(), {2}, "sum", /*keepDims=*/false) : Value();
    TopKOp top = sums ? topOf(sums, best) : TopKOp();
    if (!top)
      return failure();
    Value isBest = c.unsqueeze(chosen(c, top.getIndices(), rows, op.dims().constant(groups)), {2});
    Value kept = c.where(c.make<LessOp>(c.like(isBest, 0), isBest), grouped,
                         c.like(grouped, -std::numeric_limits<double>::infinity()));
    biased = kept ? op.reshape(kept, {rows, all}) : kept;
  }
  TopKOp top = biased ? topOf(biased, experts) : TopKOp();
  if (!top)
    return failure();
  Value taken = chosen(c, top.getIndices(), rows, all);
  Value logs = c.make<LogOp>(c.max(scores, c.like(scores, 1e-20)));
  return narrowResult(
      c, c.where(c.make<LessOp>(c.like(taken, 0), taken), logs, c.like(logs, op.floatAttr("router_sentinel", -10000))));
}

} // namespace

namespace cameo::onnx {
void registerGatingHandlers(HandlerTable &table) {
  table.onMicrosoft("ScaledSiLU", "X scale?", scaledSiLU);
  table.onMicrosoft("GatedAdd", "X Y gate gate_weight:2?", gatedAdd);
  table.onMicrosoft("SwiGLU", "gate up?", swiGlu);
  table.onMicrosoft("BranchwiseRMSNorm", "X scale?", branchwiseNorm);
  table.onMicrosoft("HyperConnectionPreMix", "streams pre_mix", preMix);
  table.onMicrosoft("HyperConnectionPostMix", "streams block_output post_mix stream_mix?", postMix);
  table.onMicrosoft("HyperConnectionLowRankMix",
                    "streams norm_scale down_weight:2 up_weight:2 inject_weight:2 prev_block_output? prev_post_gate?",
                    lowRankMix);
  table.onMicrosoft("EngramGate", "key:4 query:4 value:3 key_norm_scale query_norm_scale conv_norm_scale?", engramGate);
  table.onMicrosoft("MoEGroupRouter", "logits expert_bias:1 projection_weight:2?", groupRouter);
}
} // namespace cameo::onnx
