// Attention.cpp - ONNX's own attention nodes: Attention, FlexAttention, LinearAttention, RotaryEmbedding.
#include "Attention.h"
#include "cameo/Dialect/Cameo/Attention.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

// ---- shared with ONNX Runtime's nodes

Value cameo::onnx::sliceAxis(OpBinder &op, Value x, int64_t axis, Dim begin, Dim end) {
  Value from = op.sizes({begin}), to = op.sizes({end});
  return x && from && to ? op.create<SliceOp>(x, from, to, op.i64({1}), ArrayRef<int64_t>{axis}) : Value();
}

Value cameo::onnx::splitHeads(OpBinder &op, Value x, int64_t heads) {
  if (!x)
    return {};
  ArrayRef<Dim> dims = op.shapes().dimsOf(x);
  auto width = dims.empty() ? std::nullopt : dims.back().constant();
  if (dims.size() != 3 || heads < 1 || (width && *width % heads)) {
    (void)op.error("E-SHAPE", "a tensor of shape " + formatShape(dims) + " is to be split into " + Twine(heads) +
                                  " heads; expected [batch, tokens, a multiple of the heads]");
    return {};
  }
  Value split = op.reshape(x, {dims[0], dims[1], op.dims().constant(heads), op.dims().floorDiv(dims[2], heads)});
  return split ? op.transpose(split, {0, 2, 1, 3}) : Value();
}

Value cameo::onnx::mergeHeads(OpBinder &op, Value x) {
  Value tokens = x ? op.transpose(x, {0, 2, 1, 3}) : Value();
  if (!tokens)
    return {};
  ArrayRef<Dim> dims = op.shapes().dimsOf(tokens);
  return op.reshape(tokens, {dims[0], dims[1], op.dims().mul(dims[2], dims[3])});
}

/// One over the square root of the head size, which is the last of `q`. Where only the run knows it, that divides the
/// queries, and 1 is left.
static double defaultScale(Compose &c, Value &q) {
  OpBinder &op = c.op;
  Dim width = op.shapes().dim(q, op.rank(q) - 1);
  if (auto known = width.constant())
    return 1 / std::sqrt(double(std::max<int64_t>(1, *known)));
  Value root = c.make<SqrtOp>(c.cast(op.sizes({width}), op.builder.getF32Type()));
  q = c.div(q, c.cast(root, op.elementType(q)));
  return 1;
}

AttentionResults cameo::onnx::makeAttention(Compose &c, AttentionParts p, StringRef stage) {
  OpBinder &op = c.op;
  if (!p.q || !p.k || !p.v)
    return {};
  double scale = p.scale ? *p.scale : defaultScale(c, p.q);
  if (!p.q)
    return {};
  OpBuilder &b = op.builder;
  // What reaches beyond all keys is no bound.
  auto bound = [&](int64_t n) { return n < 0 || n > kMostAttentionWindow ? IntegerAttr() : b.getI64IntegerAttr(n); };
  SmallVector<Type> types(stage.empty() ? 1 : 2, placeholderType(b.getContext()));
  auto made = AttentionOp::create(b, op.loc, types[0], stage.empty() ? Type() : types[1], p.q, p.k, p.v, p.mask,
                                  p.lengths, p.offsets, p.sinks, b.getF32FloatAttr(scale),
                                  p.softcap == 0 ? FloatAttr() : b.getF32FloatAttr(p.softcap), bound(p.left),
                                  bound(p.right), stage.empty() ? StringAttr() : b.getStringAttr(stage));
  auto done = cast_or_null<AttentionOp>(finishOp(op.shapes(), made));
  return done ? AttentionResults{done.getResult(), done.getScores()} : AttentionResults{};
}

Value cameo::onnx::rotated(OpBinder &op, Value x, Value cos, Value sin, Value positions, int64_t heads, int64_t width,
                           bool interleaved) {
  int64_t rank = op.rank(x);
  if (rank != 3 && rank != 4) {
    (void)op.error("E-SHAPE", "the rotated tensor has rank " + Twine(rank) + "; expected 3 or 4");
    return {};
  }
  Type type = op.elementType(x);
  ArrayRef<Dim> dims = op.shapes().dimsOf(x);
  SmallVector<Dim> original(dims);
  int64_t axis = 2;
  if (rank == 3) {
    auto columns = dims[2].constant();
    if (heads < 1 || (columns && *columns % heads)) {
      (void)op.error("E-ATTR", "num_heads is " + Twine(heads) + "; expected a divisor of " + formatShape(dims[2]) +
                                   ", the last size");
      return {};
    }
    axis = 1;
    x = op.reshape(x, {dims[0], dims[1], op.dims().constant(heads), op.dims().floorDiv(dims[2], heads)});
  }
  // A table may be wider than what is rotated.
  if (width && !op.shapes().dim(cos, op.rank(cos) - 1).isConstant(width / 2)) {
    Dim zero = op.dims().constant(0), half = op.dims().constant(width / 2);
    cos = sliceAxis(op, cos, op.rank(cos) - 1, zero, half);
    sin = sliceAxis(op, sin, op.rank(sin) - 1, zero, half);
  }
  if (!x || !cos || !sin)
    return {};
  cos = op.cast(cos, type);
  sin = op.cast(sin, type);
  Value y = cos && sin ? op.create<RotaryEmbeddingOp>(x, cos, sin, positions, axis, interleaved) : Value();
  return y && rank == 3 ? op.reshape(y, original) : y;
}

namespace {

// ---- Attention

LogicalResult attention(OpBinder &op) {
  Compose c{op};
  AttentionParts p;
  bool packed = op.rank(op.input(0)) == 3;
  Type type = op.elementType(op.input(0));
  if (packed) {
    int64_t heads = op.intAttr("q_num_heads", 0), groups = op.intAttr("kv_num_heads", 0);
    if (heads < 1 || groups < 1)
      return op.error("E-ATTR", "q_num_heads is " + Twine(heads) + " and kv_num_heads " + Twine(groups) +
                                    "; inputs of rank 3 need both, 1 or more");
    p.q = splitHeads(op, op.input(0), heads);
    p.k = splitHeads(op, op.input(1), groups);
    p.v = splitHeads(op, op.input(2), groups);
  } else {
    p.q = op.input(0);
    p.k = op.input(1);
    p.v = op.input(2);
  }
  if (!p.q || !p.k || !p.v)
    return failure();
  if (op.rank(p.q) != 4 || op.rank(p.k) != 4 || op.rank(p.v) != 4)
    return op.error("E-SHAPE", "Q, K and V have ranks " + Twine(op.rank(p.q)) + ", " + Twine(op.rank(p.k)) + " and " +
                                   Twine(op.rank(p.v)) + "; expected 3 or 4, all the same");
  Dim queries = op.shapes().dim(p.q, 2);
  if (op.hasInput(4) != op.hasInput(5))
    return op.error("E-ARITY", "only one of past_key and past_value is given; expected both or none");
  if (op.hasInput(4)) {
    p.offsets = op.sizes({op.shapes().dim(op.input(4), 2)});
    p.k = op.create<ConcatOp>(SmallVector<Value>{op.input(4), p.k}, int64_t(2));
    p.v = op.create<ConcatOp>(SmallVector<Value>{op.input(5), p.v}, int64_t(2));
    if (!p.offsets || !p.k || !p.v)
      return failure();
  }
  if (failed(op.result(1, p.k)) || failed(op.result(2, p.v)))
    return failure();
  p.v = op.cast(p.v, type);
  if (op.hasInput(6)) {
    p.lengths = op.input(6);
    if (!p.offsets)
      p.offsets = c.sub(op.cast(p.lengths, op.builder.getI64Type()), op.sizes({queries}));
  }
  if (Value mask = op.input(3))
    p.mask = op.elementType(mask).isInteger(1) ? mask : op.cast(mask, type);
  if (op.hasAttr("scale"))
    p.scale = op.floatAttr("scale", 1);
  p.softcap = op.floatAttr("softcap", 0);
  p.left = op.intAttr("left_window_size", -1);
  p.right = op.intAttr("right_window_size", -1);
  if (op.intAttr("is_causal", 0))
    p.right = 0;
  int64_t mode = op.intAttr("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return op.error("E-ATTR", "qk_matmul_output_mode is " + Twine(mode) + "; expected 0 to 3");
  static constexpr StringRef stages[] = {"product", "capped", "masked", "weights"};
  AttentionResults r = makeAttention(c, p, op.hasOutput(3) ? stages[mode] : StringRef());
  if (!r.y || failed(op.result(packed ? mergeHeads(op, r.y) : r.y)))
    return failure();
  return op.hasOutput(3) ? op.result(3, r.scores) : success();
}

// ---- FlexAttention

/// The graph attribute `name` applied to the only value it takes; x where the node has none. Null on failure
/// (reported).
Value modified(OpBinder &op, StringRef name, Value x) {
  const Graph *graph = op.node.getGraph(name);
  if (!graph || !x)
    return x;
  if (graph->inputs.size() != 1 || graph->outputs.size() != 1) {
    (void)op.error("E-ARITY", name + " has " + Twine(graph->inputs.size()) + " inputs and " +
                                  Twine(graph->outputs.size()) + " outputs; expected one of each");
    return {};
  }
  auto values = op.importSubgraph(*graph, op.builder.getInsertionBlock(), x);
  return failed(values) ? Value() : values->front();
}

/// The scores are a tensor that the node's graphs may do anything with, so they are computed as such.
LogicalResult flexAttention(OpBinder &op) {
  Compose c{op};
  Value q = op.input(0), k = op.input(1), v = op.input(2);
  for (size_t i = 0; i < 3; ++i)
    if (op.rank(op.input(i)) != 4)
      return op.error("E-SHAPE",
                      "input '" + op.node.inputs[i] + "' has rank " + Twine(op.rank(op.input(i))) + "; expected 4");
  Type type = op.elementType(q);
  auto precision = op.dtypeAttr("softmax_precision", c.wideType(type));
  if (failed(precision))
    return failure();
  if (!precision->isF16() && !precision->isBF16() && !precision->isF32() && !precision->isF64())
    return op.error("E-ATTR", "softmax_precision is " + dataTypeName(dataTypeOf(*precision)) +
                                  "; expected float, double, float16 or bfloat16");
  ArrayRef<Dim> sizes = op.shapes().dimsOf(q);
  SmallVector<Dim> dims(sizes);
  Dim groups = op.shapes().dim(k, 1), keys = op.shapes().dim(k, 2), width = op.shapes().dim(v, 3);
  auto heads = dims[1].constant(), known = groups.constant();
  if ((known && *known < 1) || (heads && known && *heads % *known))
    return op.error("E-SHAPE", "Q has " + formatShape(dims[1]) + " heads and K " + formatShape(groups) +
                                   "; expected a multiple of the second for the first");
  q = op.cast(q, *precision);
  double scale = op.hasAttr("scale") || !q ? op.floatAttr("scale", 1) : defaultScale(c, q);
  if (!q)
    return failure();
  // Query heads of one key head are an axis of their own, along which keys and values broadcast; the run checks that
  // there are as many for each.
  Dim group = op.dims().floorDiv(dims[1], groups);
  Value grouped = op.reshape(q, {dims[0], groups, group, dims[2], dims[3]});
  Value scores =
      c.make<MatMulOp>(grouped, c.unsqueeze(c.cast(k, *precision), 2), false, /*transposeRhs=*/true, TypeAttr());
  scores = c.mul(scores, scale);
  scores = scores ? op.reshape(scores, {dims[0], dims[1], dims[2], keys}) : Value();
  scores = modified(op, "score_mod", scores);
  Value weights = modified(op, "prob_mod", c.make<SoftmaxOp>(scores, int64_t(-1)));
  weights = weights ? op.reshape(weights, {dims[0], groups, group, dims[2], keys}) : Value();
  Value y = c.make<MatMulOp>(weights, c.unsqueeze(c.cast(v, *precision), 2), false, false, TypeAttr());
  y = y ? op.reshape(y, {dims[0], dims[1], dims[2], width}) : Value();
  return op.result(c.cast(y, type));
}

// ---- LinearAttention

/// Which of the inputs 4, decay, and 5, beta, a node's update_rule needs.
struct UpdateRule {
  bool gated, delta;
};
FailureOr<UpdateRule> updateRule(OpBinder &op) {
  StringRef rule = op.stringAttr("update_rule", "gated_delta");
  bool gated = rule == "gated" || rule == "gated_delta", delta = rule == "delta" || rule == "gated_delta";
  if (!gated && !delta && rule != "linear")
    return op.error("E-ATTR", "update_rule is '" + rule + "'; expected linear, gated, delta or gated_delta");
  for (auto [needed, input, name] : {std::tuple(gated, 4, "decay"), std::tuple(delta, 5, "beta")})
    if (needed && !op.hasInput(input))
      return op.error("E-ARITY", "update_rule is '" + rule + "', which needs the input " + Twine(name));
  return UpdateRule{gated, delta};
}

LogicalResult linearAttention(OpBinder &op) {
  int64_t heads = op.intAttr("q_num_heads", 0), groups = op.intAttr("kv_num_heads", 0);
  auto rule = updateRule(op);
  if (failed(rule))
    return failure();
  auto [gated, delta] = *rule;
  auto unpacked = [&](Value x, int64_t count) -> Value {
    ArrayRef<Dim> dims = op.shapes().dimsOf(x);
    auto columns = dims.back().constant();
    if (dims.size() != 3 || count < 1 || (columns && *columns % count)) {
      (void)op.error("E-SHAPE", "a tensor of shape " + formatShape(dims) + " is to be split into " + Twine(count) +
                                    " heads; expected [batch, tokens, a multiple of the heads]");
      return {};
    }
    return op.reshape(x, {dims[0], dims[1], op.dims().constant(count), op.dims().floorDiv(dims[2], count)});
  };
  Value q = unpacked(op.input(0), heads), k = unpacked(op.input(1), groups), v = unpacked(op.input(2), groups);
  Value decay = gated ? unpacked(op.input(4), groups) : Value(), beta = delta ? op.input(5) : Value();
  if (!q || !k || !v || (gated && !decay))
    return failure();
  Compose c{op};
  double scale = op.floatAttr("scale", 0);
  if (scale == 0)
    scale = defaultScale(c, q);
  if (!q)
    return failure();
  Type state = op.hasInput(3) ? op.elementType(op.input(3)) : op.elementType(q);
  auto made = op.createWithResults<LinearAttentionOp>(2, q, k, v, op.input(3), decay, beta,
                                                      op.builder.getF32FloatAttr(scale), TypeAttr::get(state));
  if (!made)
    return failure();
  ArrayRef<Dim> dims = op.shapes().dimsOf(made.getResult());
  if (failed(op.result(op.reshape(made.getResult(), {dims[0], dims[1], op.dims().mul(dims[2], dims[3])}))))
    return failure();
  return op.result(1, made.getLast());
}

/// com.microsoft: what it has in common with ONNX's.
LogicalResult microsoftLinearAttention(OpBinder &op) {
  if (int64_t window = op.intAttr("state_window", 0))
    return op.unsupported("state_window is " + Twine(window) + "; supported is 0, the state behind the last token");
  return linearAttention(op);
}

/// com.microsoft's GatedDeltaNet: how much of the state stays, from what a projection gives; x is [B, T, heads, 1 or
/// D].
Value decayOf(Compose &c, Value x, Value rate, Value bias) {
  OpBinder &op = c.op;
  StringRef kind = op.stringAttr("gate_activation", "none");
  if (kind == "none" || !x)
    return x;
  bool isSoftplus = kind == "softplus" || kind == "qwen";
  if (!isSoftplus && kind != "sigmoid" && kind != "kda") {
    (void)op.error("E-ATTR",
                   "gate_activation is '" + kind + "'; expected none, softplus (or qwen) or sigmoid (or kda)");
    return {};
  }
  if (!rate || !bias) {
    (void)op.error("E-ARITY", "gate_activation is '" + kind + "', which needs the inputs a_log and dt_bias");
    return {};
  }
  Dim heads = op.shapes().dim(x, 2);
  Value perHead = c.make<ExpOp>(op.reshape(rate, {heads, op.dims().constant(1)}));
  Dim columns = op.dims().floorDiv(op.shapes().numElements(bias), heads);
  Value sum = c.add(x, op.reshape(bias, {heads, columns}));
  if (isSoftplus)
    return c.mul(c.make<NegOp>(perHead), c.make<SoftplusOp>(sum));
  return c.mul(c.make<SigmoidOp>(c.mul(perHead, sum)), op.floatAttr("gate_lower_bound", -5));
}

/// com.microsoft: tokens of all sequences in one row, [tokens, heads, width], or [B, T, heads, width]; the state is
/// [B, heads, E, D]. Heads of queries and keys serve as many heads of values each.
LogicalResult gatedDeltaNet(OpBinder &op) {
  Compose c{op};
  auto rule = updateRule(op);
  if (failed(rule))
    return failure();
  if (op.hasInput(3) || op.intAttr("state_update_capacity", 0))
    return op.unsupported("cu_seqlens or state_update_capacity is given; supported are sequences of one length, and "
                          "the state behind their last tokens");
  DimContext &d = op.dims();
  Type f32 = op.builder.getF32Type();
  Value q = op.input(0), k = op.input(1), v = op.input(2), initial = op.input(6);
  bool isPacked = !k && !v;
  int64_t leading = op.rank(q) - (isPacked ? 1 : 2);
  if ((leading != 1 && leading != 2) ||
      (isPacked ? !initial : !k || !v || op.rank(k) != op.rank(q) || op.rank(v) != op.rank(q)))
    return op.error("E-SHAPE", "query has rank " + Twine(op.rank(q)) +
                                   "; expected 3 or 4, as key and value have, or with initial_state 1 less and the "
                                   "three side by side");
  if (leading == 1 && !initial)
    return op.error("E-ARITY", "initial_state is left out; it says how many sequences the tokens belong to");
  SmallVector<Dim> place(op.shapes().dimsOf(q).take_front(leading));
  Dim batch = leading == 1 ? op.shapes().dim(initial, 0) : place[0];
  Dim tokens = leading == 1 ? d.floorDiv(place[0], batch) : place[1];
  auto tokenRows = [&](Value x, ArrayRef<Dim> row) -> Value {
    SmallVector<Dim> sizes{batch, tokens};
    sizes.append(row.begin(), row.end());
    return x ? op.reshape(op.cast(x, f32), sizes) : x;
  };
  Dim heads, groups, width, valueWidth; // of values, of queries and keys
  if (isPacked) {
    heads = op.shapes().dim(initial, 1);
    width = op.shapes().dim(initial, 3);
    valueWidth = op.shapes().dim(initial, 2);
    Dim columns = d.floorDiv(d.sub(op.shapes().dim(q, leading), d.mul(heads, valueWidth)), 2);
    groups = d.floorDiv(columns, width);
    Value packed = q;
    auto part = [&](Dim begin, Dim end) { return sliceAxis(op, packed, leading, begin, end); };
    q = part(d.constant(0), columns);
    k = part(columns, d.mul(columns, 2));
    v = part(d.mul(columns, 2), op.shapes().dim(packed, leading));
  } else {
    groups = op.shapes().dim(q, leading);
    width = op.shapes().dim(q, leading + 1);
    heads = op.shapes().dim(v, leading);
    valueWidth = op.shapes().dim(v, leading + 1);
  }
  auto most = heads.constant(), least = groups.constant();
  if (!most || !least || *least < 1 || *most % *least)
    return op.error("E-SHAPE", "there are " + formatShape(groups) + " heads of queries and " + formatShape(heads) +
                                   " of values; expected known numbers, the second a multiple of the first");
  // A head of queries or keys for each head of values.
  auto perHead = [&](Value x) -> Value {
    x = tokenRows(x, {groups, width});
    if (x && op.intAttr("qk_l2_norm", 0)) {
      Value square = c.add(c.reduce(c.mul(x, x), {3}, "sum"), 1e-6);
      x = c.div(x, c.make<SqrtOp>(square));
    }
    if (!x || *most == *least)
      return x;
    Value sizes = op.sizes({batch, tokens, groups, d.constant(*most / *least), width});
    Value repeated = c.make<ExpandOp>(c.unsqueeze(x, {3}), sizes);
    return repeated ? op.reshape(repeated, {batch, tokens, heads, width}) : repeated;
  };
  Value decay, beta;
  if (rule->gated) {
    Value given = op.input(4);
    decay = tokenRows(given, {heads, op.rank(given) == leading + 2 ? width : d.constant(1)});
    decay = decayOf(c, decay, op.input(7), op.input(8));
  }
  if (rule->delta) {
    beta = tokenRows(op.input(5), {heads});
    StringRef kind = op.stringAttr("beta_activation", "none");
    if (kind != "none" && kind != "sigmoid")
      return op.error("E-ATTR", "beta_activation is '" + kind + "'; expected none or sigmoid");
    if (kind == "sigmoid")
      beta = c.make<SigmoidOp>(beta);
  }
  q = perHead(q);
  k = perHead(k);
  v = tokenRows(v, {heads, valueWidth});
  if (!q || !k || !v || (rule->gated && !decay) || (rule->delta && !beta))
    return failure();
  double scale = op.floatAttr("scale", 0);
  if (scale == 0)
    scale = defaultScale(c, q);
  if (initial)
    initial = op.transpose(op.cast(initial, f32), {0, 1, 3, 2});
  if (!q || (op.hasInput(6) && !initial))
    return failure();
  auto made = op.createWithResults<LinearAttentionOp>(2, q, k, v, initial, decay, beta,
                                                      op.builder.getF32FloatAttr(scale), TypeAttr::get(f32));
  if (!made)
    return failure();
  place.append({heads, valueWidth});
  if (failed(op.result(c.cast(op.reshape(made.getResult(), place), op.elementType(op.input(0))))))
    return failure();
  return op.hasOutput(1) ? op.result(1, op.transpose(made.getLast(), {0, 1, 3, 2})) : success();
}

// ---- RotaryEmbedding

LogicalResult rotaryEmbedding(OpBinder &op) {
  return op.result(rotated(op, op.input(0), op.input(1), op.input(2), op.input(3), op.intAttr("num_heads", 0),
                           op.intAttr("rotary_embedding_dim", 0), op.intAttr("interleaved", 0) != 0));
}

// ---- as ONNX

/// Queries of a head, keys, and values as matrices: heads that share keys get them each, sums are in f32.
struct Matrices {
  Edge q, k, v;
  Type type; ///< of sums
};

Matrices matricesOf(AttentionOp op, NodeBuilder &b) {
  Type own = b.elementType(op.getQ()), type = own.isF64() ? own : b.f32();
  int64_t heads = cast<RankedTensorType>(op.getQ().getType()).getDimSize(1),
          groups = cast<RankedTensorType>(op.getK().getType()).getDimSize(1);
  auto perHead = [&](Value x) {
    Edge y = b.cast(b(x), type);
    if (groups == heads)
      return y;
    Edge repeated = b.node("Expand", {b.unsqueeze(y, {2}), b.i64({1, 1, heads / groups, 1, 1})});
    return b.node("Reshape", {repeated, b.i64({0, heads, -1, cast<RankedTensorType>(x.getType()).getDimSize(3)})});
  };
  return {b.cast(b(op.getQ()), type), perHead(op.getK()), perHead(op.getV()), type};
}

/// 0, 1, .. below the size of `x` along an axis, as a row or a column.
Edge countAlong(NodeBuilder &b, Edge x, int64_t axis, bool isColumn) {
  Edge size = b.squeeze(b.node("Shape", {x}, {{"start", axis}, {"end", axis + 1}}), {0});
  Edge range = b.node("Range", {b.i64Scalar(0), size, b.i64Scalar(1)});
  return isColumn ? b.unsqueeze(range, {1}) : range;
}

/// Of the keys a query may see by its position: [B or 1, 1, M, N] of bool; nothing where it sees all.
Edge visibleKeys(AttentionOp op, NodeBuilder &b, const Matrices &m) {
  auto perBatch = [&](Value v) { return b.reshape(b.cast(b(v), b.i64Type()), {-1, 1, 1, 1}); };
  Edge column = countAlong(b, m.k, 2, false), visible;
  auto both = [&](Edge condition) { visible = visible ? b.node("And", {visible, condition}) : condition; };
  if (op.getLeft() || op.getRight()) {
    Edge place = countAlong(b, m.q, 2, true);
    if (op.getOffsets())
      place = b.add(place, perBatch(op.getOffsets()));
    if (op.getRight())
      both(b.node("LessOrEqual", {column, b.add(place, b.i64Scalar(*op.getRight()))}));
    if (op.getLeft())
      both(b.node("GreaterOrEqual", {column, b.sub(place, b.i64Scalar(*op.getLeft()))}));
  }
  if (op.getLengths())
    both(b.node("Less", {column, perBatch(op.getLengths())}));
  return visible;
}

/// The mask, with keys behind its end out.
Edge wholeMask(AttentionOp op, NodeBuilder &b, const Matrices &m) {
  Value mask = op.getMask();
  int64_t rank = b.rank(mask);
  bool isBool = b.elementType(mask).isInteger(1);
  Edge edge = isBool ? b(mask) : b.cast(b(mask), m.type);
  Dim own = b.shapes().dim(mask, rank - 1), keys = b.shapes().dim(op.getK(), 2);
  if (own == keys || own.isConstant(1))
    return edge;
  auto size = [&](Edge x, int64_t axis) { return b.node("Shape", {x}, {{"start", axis}, {"end", axis + 1}}); };
  Edge missing = b.sub(size(m.k, 2), size(edge, rank - 1));
  Edge pads = b.node("Concat", {b.i64(SmallVector<int64_t>(2 * rank - 1, 0)), missing}, {{"axis", 0}});
  Edge fill = isBool ? b.number(b.elementType(mask), 0) : b.number(m.type, -std::numeric_limits<double>::infinity());
  return b.node("Pad", {edge, pads, fill});
}

/// As products, a softmax and what is between: ONNX's Attention, since 23, knows fewer cases.
LogicalResult exportAttention(AttentionOp op, NodeBuilder &b) {
  for (Value operand : {op.getQ(), op.getK()})
    if (ShapedType::isDynamic(cast<RankedTensorType>(operand.getType()).getDimSize(1)))
      return b.refuse("the number of heads is known only at run time");
  Matrices m = matricesOf(op, b);
  Edge scores = b.node("MatMul", {b.mul(m.q, b.number(m.type, op.getScale().convertToFloat())), b.transposed(m.k, 4)});
  llvm::StringMap<Edge> stages{{"product", scores}};
  if (auto cap = op.getSoftcap()) {
    Edge limit = b.number(m.type, cap->convertToFloat());
    scores = b.mul(b.node("Tanh", {b.node("Div", {scores, limit})}), limit);
  }
  stages["capped"] = scores;
  Edge out = b.number(m.type, -std::numeric_limits<double>::infinity());
  Edge visible = visibleKeys(op, b, m);
  if (visible)
    scores = b.node("Where", {visible, scores, out});
  if (op.getMask()) {
    Edge mask = wholeMask(op, b, m);
    scores = b.elementType(op.getMask()).isInteger(1) ? b.node("Where", {mask, scores, out}) : b.add(scores, mask);
  }
  stages["masked"] = scores;
  if (op.getSinks()) {
    Edge one = b.node("ReduceMax", {scores, b.i64({3})}); // a column of the right shape
    Edge sinks = b.reshape(b.cast(b(op.getSinks()), m.type), {1, -1, 1, 1});
    scores = b.node("Concat", {scores, b.node("Expand", {sinks, b.node("Shape", {one})})}, {{"axis", 3}});
  }
  Edge weights = b.node("Softmax", {scores}, {{"axis", 3}});
  if (op.getSinks())
    weights = b.slice(weights, 3, b.i64({0}), b.i64({-1}));
  else if (visible || op.getMask()) // a row of which nothing is left
    weights = b.node("Where", {b.node("IsNaN", {weights}), b.number(m.type, 0), weights});
  stages["weights"] = weights;
  Type type = b.elementType(op.getResult());
  SmallVector<Edge> results{b.cast(b.node("MatMul", {weights, m.v}), type)};
  if (op.getScores())
    results.push_back(b.cast(stages[*op.getStage()], type));
  return b.results(results);
}

LogicalResult exportRotaryEmbedding(RotaryEmbeddingOp op, NodeBuilder &b) {
  bool tokensFirst = op.getAxis() == 1;
  auto exchanged = [&](Edge x) { return tokensFirst ? b.transpose(x, {0, 2, 1, 3}) : x; };
  int64_t rotated = 2 * cast<RankedTensorType>(op.getCos().getType()).getShape().back();
  if (rotated < 0)
    return b.refuse("the number of rotated elements is known only at run time");
  SmallVector<Edge> inputs{exchanged(b(op.getX())), b(op.getCos()), b(op.getSin())};
  if (Value positions = op.getPositions()) {
    // One list for all batches is repeated for each.
    Edge batch = b.node("Shape", {b(op.getX())}, {{"start", 0}, {"end", 1}});
    inputs.push_back(
        b.node("Expand", {b.cast(b(positions), b.i64Type()), b.node("Concat", {batch, b.i64({1})}, {{"axis", 0}})}));
  }
  return b.result(exchanged(
      b.node("RotaryEmbedding", inputs, {{"interleaved", op.getInterleaved()}, {"rotary_embedding_dim", rotated}})));
}

/// Heads side by side, as ONNX packs them.
LogicalResult exportLinearAttention(LinearAttentionOp op, NodeBuilder &b) {
  auto heads = [&](Value x) { return cast<RankedTensorType>(x.getType()).getDimSize(2); };
  auto packed = [&](Value x) { return x ? b.reshape(b(x), {0, 0, -1}) : Edge(); };
  StringRef rule = op.getBeta() ? (op.getDecay() ? "gated_delta" : "delta") : (op.getDecay() ? "gated" : "linear");
  if (ShapedType::isDynamic(heads(op.getQ())) || ShapedType::isDynamic(heads(op.getK())))
    return b.refuse("the number of heads is known only at run time");
  SmallVector<Edge> results = b.nodes("LinearAttention",
                                      {packed(op.getQ()), packed(op.getK()), packed(op.getV()), b(op.getInitial()),
                                       packed(op.getDecay()), b(op.getBeta())},
                                      {{"q_num_heads", heads(op.getQ())},
                                       {"kv_num_heads", heads(op.getK())},
                                       {"update_rule", rule},
                                       {"scale", op.getScale()}},
                                      2);
  results[0] = b.reshape(results[0], {0, 0, heads(op.getQ()), -1});
  return b.results(results);
}

} // namespace

namespace cameo::onnx {
void registerAttentionHandlers(HandlerTable &table) {
  table.on("Attention", 23, attention);
  table.onMicrosoft("GatedDeltaNet",
                    "query key? value? cu_seqlens? decay? beta? initial_state:4? a_log? dt_bias? capture_count? "
                    "state_update_active?",
                    gatedDeltaNet);
  table.onMicrosoft("LinearAttention", "query:3 key:3 value:3 past_state:4? decay:3? beta:3?",
                    microsoftLinearAttention);
  table.on("LinearAttention", 27, linearAttention);
  table.on("RotaryEmbedding", 23, rotaryEmbedding);
  table.add("ai.onnx.preview", "FlexAttention", 1, flexAttention);

  table.exports<AttentionOp>(exportAttention);
  table.exports<RotaryEmbeddingOp>(exportRotaryEmbedding);
  table.exports<LinearAttentionOp>(exportLinearAttention);
}
} // namespace cameo::onnx
