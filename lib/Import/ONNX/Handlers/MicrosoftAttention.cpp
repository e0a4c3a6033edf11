// MicrosoftAttention.cpp - com.microsoft's attention nodes: Attention, MultiHeadAttention, GroupQueryAttention, and
// their RotaryEmbedding. Each becomes cameo.attention with what the node does around it: projections, caches, rotation,
// padding masks.
#include "Attention.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

LogicalResult checkHeads(OpBinder &op, StringRef name, int64_t heads) {
  if (heads < 1)
    return op.error("E-ATTR", name + " is " + Twine(heads) + "; expected 1 or more");
  if (heads > INT32_MAX)
    return op.error("E-OVERFLOW", name + " is " + Twine(heads) + "; expected at most " + Twine(INT32_MAX));
  return success();
}

/// 0, 1, ..., count - 1.
Value counting(OpBinder &op, Dim count) {
  Value number = op.sizes({count});
  return number ? op.create<RangeOp>(op.i64({0}), op.i64({1}), number) : Value();
}

/// A mask of integers, 1 for what counts, as what is added to the scores: 0 or the node's mask_filter_value.
Value maskBias(Compose &c, Value mask, Type type) {
  Value kept = c.cast(mask, type);
  return c.mul(c.sub(c.like(kept, 1), kept), c.op.floatAttr("mask_filter_value", -10000));
}

/// x + y where either may be absent.
Value addGiven(Compose &c, Value x, Value y) { return x && y ? c.add(x, y) : x ? x : y; }

// ---- MultiHeadAttention

/// The padding mask of a node, input `i`, into what the op takes: lengths of the sequences, or a bias.
LogicalResult bindPadding(Compose &c, size_t i, AttentionParts &p, Type type) {
  OpBinder &op = c.op;
  Value mask = op.input(i);
  if (!mask)
    return success();
  ArrayRef<Dim> dims = op.shapes().dimsOf(mask);
  Dim batch = op.shapes().dim(p.q, 0);
  Value bias;
  switch (op.rank(mask)) {
  case 1:
    if (dims[0] == batch) {
      p.lengths = op.cast(mask, op.builder.getI64Type());
      return p.lengths ? success() : failure();
    }
    return op.unsupported("input '" + op.node.inputs[i] + "' has shape " + formatShape(dims) +
                          "; supported are [batch] lengths and masks of rank 2 to 4");
  case 2:
    bias = c.unsqueeze(maskBias(c, mask, type), {1, 2});
    break;
  case 3:
    bias = c.unsqueeze(maskBias(c, mask, type), 1);
    break;
  case 4:
    return op.unsupported("input '" + op.node.inputs[i] + "' has rank 4; supported are ranks 1 to 3");
  }
  if (!bias)
    return failure();
  p.mask = addGiven(c, p.mask, bias);
  return p.mask ? success() : failure();
}

/// past and new tokens along axis 2; `past` may be absent.
Value withPast(OpBinder &op, Value past, Value tokens) {
  return past && tokens ? op.create<ConcatOp>(SmallVector<Value>{past, tokens}, int64_t(2)) : tokens;
}

/// Where MultiHeadAttention and DecoderMaskedMultiHeadAttention have their inputs behind the first three.
struct MultiHeadInputs {
  size_t bias, padding, scores, pastKey, pastValue;
  size_t pastLength;     ///< given where the caches have room for more rows than they hold
  size_t beams;          ///< which beam each row of a cache came from
  StringRef scoresStage; ///< which scores the fourth result is
};

LogicalResult multiHeadAttention(OpBinder &op, const MultiHeadInputs &at) {
  Compose c{op};
  int64_t heads = op.intAttr("num_heads", 0);
  if (failed(checkHeads(op, "num_heads", heads)))
    return failure();
  if (op.hasInput(at.beams))
    return op.unsupported("input '" + op.node.inputs[at.beams] + "' is given; supported is a past without beams");
  Value query = op.input(0), key = op.input(1), value = op.input(2), bias = op.input(at.bias);
  Type type = op.elementType(query);
  int64_t rank = op.rank(query);
  AttentionParts p;
  DimContext &d = op.dims();
  // The bias of the three projections: [hidden + hidden + value's hidden].
  auto biased = [&](Value x, Dim begin) -> Value {
    if (!bias || !x)
      return x;
    return c.add(x, sliceAxis(op, bias, 0, begin, d.add(begin, op.shapes().dim(x, 2))));
  };
  /// Part `n` of [B, T, heads, parts, width].
  auto part = [&](Value packed, int64_t n) {
    return c.squeeze(sliceAxis(op, packed, 3, d.constant(n), d.constant(n + 1)), 3);
  };
  auto flat = [&](Value x) -> Value {
    if (!x)
      return {};
    ArrayRef<Dim> dims = op.shapes().dimsOf(x);
    return op.reshape(x, {dims[0], dims[1], d.mul(dims[2], dims[3])});
  };
  if (rank == 5) {
    query = flat(part(op.input(0), 0));
    key = flat(part(op.input(0), 1));
    value = flat(part(op.input(0), 2));
  } else if (rank != 3) {
    return op.error("E-SHAPE", "input '" + op.node.inputs[0] + "' has rank " + Twine(rank) +
                                   "; expected 3, or 5 for packed tokens");
  } else if (key && op.rank(key) == 5) {
    value = flat(part(key, 1));
    key = flat(part(key, 0));
  }
  if (!query || !key || !value)
    return rank == 5 ? failure() : op.error("E-ARITY", "key or value is left out; expected both, or packed tokens");
  Dim hidden = op.shapes().dim(query, 2);
  p.q = splitHeads(op, biased(query, d.constant(0)), heads);
  p.k = op.rank(key) == 4 ? key : splitHeads(op, biased(key, hidden), heads);
  p.v = op.rank(value) == 4 ? value : splitHeads(op, biased(value, d.mul(hidden, 2)), heads);
  if (!p.q || !p.k || !p.v)
    return failure();
  Value pastKey = op.input(at.pastKey), pastValue = op.input(at.pastValue);
  bool isCausal = op.intAttr("unidirectional", 0) != 0;
  if (op.hasInput(at.pastLength) && pastKey && pastValue) {
    Value length = c.cast(c.scalarOf(op.input(at.pastLength)), op.builder.getI64Type());
    Value starts = c.make<ExpandOp>(length, op.sizes({op.shapes().dim(p.q, 0)}));
    p.lengths = c.add(starts, op.sizes({op.shapes().dim(p.k, 2)}));
    p.offsets = isCausal ? starts : Value();
    p.k = c.make<TensorScatterOp>(pastKey, p.k, starts, int64_t(2), false);
    p.v = c.make<TensorScatterOp>(pastValue, p.v, starts, int64_t(2), false);
  } else {
    p.offsets = pastKey && isCausal ? op.sizes({op.shapes().dim(pastKey, 2)}) : Value();
    p.k = withPast(op, pastKey, p.k);
    p.v = withPast(op, pastValue, p.v);
  }
  if (!p.k || !p.v)
    return failure();
  p.mask = op.input(at.scores);
  if (failed(bindPadding(c, at.padding, p, type)))
    return failure();
  if (op.hasAttr("scale") && op.floatAttr("scale", 0) != 0)
    p.scale = op.floatAttr("scale", 1);
  p.right = isCausal ? 0 : -1;
  AttentionResults r = makeAttention(c, p, op.hasOutput(3) ? at.scoresStage : "");
  if (failed(op.result(mergeHeads(op, r.y))) || failed(op.result(1, p.k)) || failed(op.result(2, p.v)))
    return failure();
  return op.hasOutput(3) ? op.result(3, r.scores) : success();
}

// ---- Attention

} // namespace

LogicalResult cameo::onnx::projectedAttention(Compose &c, Value projected, ProjectedInputs inputs) {
  OpBinder &op = c.op;
  int64_t heads = op.intAttr("num_heads", 0);
  if (!projected || failed(checkHeads(op, "num_heads", heads)))
    return failure();
  if (op.intAttr("do_rotary", 0) || op.intAttr("past_present_share_buffer", 0))
    return op.unsupported("do_rotary or past_present_share_buffer is set; supported are a plain past and no rotation "
                          "(GroupQueryAttention has both)");
  DimContext &d = op.dims();
  Dim third = d.floorDiv(op.shapes().dim(projected, 2), 3);
  SmallVector<Dim> widths{third, third, third};
  if (auto given = op.intsAttr("qkv_hidden_sizes"); given && !given->empty()) {
    if (given->size() != 3)
      return op.error("E-ATTR", "qkv_hidden_sizes has " + Twine(given->size()) + " entries; expected 3");
    for (size_t i = 0; i < 3; ++i) {
      if ((*given)[i] < 1 || (*given)[i] > INT32_MAX)
        return op.error("E-ATTR", "entry " + Twine(i) + " of qkv_hidden_sizes is " + Twine((*given)[i]) +
                                      "; expected 1 to " + Twine(INT32_MAX));
      widths[i] = d.constant((*given)[i]);
    }
  }
  AttentionParts p;
  Dim begin = d.constant(0);
  for (auto [part, width] : llvm::zip(std::array{&p.q, &p.k, &p.v}, widths)) {
    *part = splitHeads(op, sliceAxis(op, projected, 2, begin, d.add(begin, width)), heads);
    if (!*part)
      return failure();
    begin = d.add(begin, width);
  }
  bool causal = op.intAttr("unidirectional", 0) != 0;
  if (Value past = op.input(inputs.past)) {
    if (op.rank(past) != 5)
      return op.error("E-SHAPE",
                      "input '" + op.node.inputs[inputs.past] + "' has rank " + Twine(op.rank(past)) + "; expected 5");
    auto half = [&](int64_t n) { return c.squeeze(sliceAxis(op, past, 0, d.constant(n), d.constant(n + 1)), 0); };
    p.offsets = causal ? op.sizes({op.shapes().dim(past, 3)}) : Value();
    p.k = withPast(op, half(0), p.k);
    p.v = withPast(op, half(1), p.v);
    if (!p.k || !p.v)
      return failure();
  }
  p.mask = inputs.bias ? op.input(*inputs.bias) : Value();
  if (failed(bindPadding(c, inputs.mask, p, op.elementType(projected))))
    return failure();
  if (op.hasAttr("scale") && op.floatAttr("scale", 0) != 0)
    p.scale = op.floatAttr("scale", 1);
  p.right = causal ? 0 : -1;
  AttentionResults r = makeAttention(c, p);
  if (failed(op.result(mergeHeads(op, r.y))))
    return failure();
  if (!op.hasOutput(1))
    return success();
  SmallVector<Value> present{c.unsqueeze(p.k, 0), c.unsqueeze(p.v, 0)};
  return present[0] && present[1] ? op.result(1, op.create<ConcatOp>(present, int64_t(0))) : failure();
}

namespace {

LogicalResult fusedProjectionAttention(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), weights = op.input(1);
  if (op.rank(x) != 3 || op.rank(weights) != 2)
    return op.error("E-SHAPE", "input and weights have ranks " + Twine(op.rank(x)) + " and " + Twine(op.rank(weights)) +
                                   "; expected 3 and 2");
  Value projected = c.make<MatMulOp>(x, weights, false, false, TypeAttr());
  if (op.hasInput(2))
    projected = c.add(projected, op.input(2));
  return projectedAttention(c, projected, {/*mask=*/3, /*past=*/4, /*bias=*/5});
}

// ---- GroupQueryAttention

/// The cache, `past` made as long as `length`, with the new tokens written from `starts` on.
Value cached(Compose &c, Value past, Value tokens, Value starts, Dim length) {
  OpBinder &op = c.op;
  ArrayRef<Dim> dims = op.shapes().dimsOf(tokens);
  Value zero = op.scalar(op.elementType(tokens), 0), base;
  if (!past) {
    Value sizes = op.sizes({dims[0], dims[1], length, dims[3]});
    base = sizes ? op.create<ExpandOp>(zero, sizes) : Value();
  } else if (Dim own = op.shapes().dim(past, 2); own == length) {
    base = past;
  } else {
    Dim none = op.dims().constant(0);
    Value pads = op.sizes({none, none, none, none, none, none, op.dims().sub(length, own), none});
    base = pads ? op.create<PadOp>(past, pads, zero, "constant") : Value();
  }
  return base ? op.create<TensorScatterOp>(base, tokens, starts, int64_t(2), false) : Value();
}

LogicalResult groupQueryAttention(OpBinder &op) {
  Compose c{op};
  int64_t heads = op.intAttr("num_heads", 0), groups = op.intAttr("kv_num_heads", 0);
  if (failed(checkHeads(op, "num_heads", heads)) || failed(checkHeads(op, "kv_num_heads", groups)))
    return failure();
  if (op.hasInput(12) || op.hasInput(13) || op.stringAttr("k_quant_type", "NONE") != "NONE" ||
      op.stringAttr("v_quant_type", "NONE") != "NONE")
    return op.unsupported("the cache is quantized; supported are caches of the queries' type");
  Value query = op.input(0);
  if (op.rank(query) != 3 || !op.hasInput(5) || !op.hasInput(6))
    return op.error("E-SHAPE", "query has rank " + Twine(op.rank(query)) +
                                   "; expected 3, with seqlens_k and total_sequence_length");
  DimContext &d = op.dims();
  Type i64 = op.builder.getI64Type();
  AttentionParts p;
  if (op.hasInput(1) != op.hasInput(2))
    return op.error("E-ARITY", "key or value is left out; expected both, or packed tokens");
  if (op.hasInput(1)) {
    p.q = splitHeads(op, query, heads);
    p.k = splitHeads(op, op.input(1), groups);
    p.v = splitHeads(op, op.input(2), groups);
  } else {
    // Queries, keys and values of a token side by side.
    Value all = splitHeads(op, query, heads + 2 * groups);
    auto part = [&](int64_t begin, int64_t count) {
      return sliceAxis(op, all, 1, d.constant(begin), d.constant(begin + count));
    };
    p.q = part(0, heads);
    p.k = part(heads, groups);
    p.v = part(heads + groups, groups);
  }
  if (!p.q || !p.k || !p.v)
    return failure();
  Dim tokens = op.shapes().dim(p.q, 2);
  // Each row's tokens end at seqlens_k (one less than its length); a padded prompt begins at 0.
  Value lengths = c.add(op.cast(op.input(5), i64), op.i64Scalar(1));
  Value before = c.sub(lengths, op.sizes({tokens}));
  Value starts = c.max(before, op.i64Scalar(0));
  if (!starts)
    return failure();
  if (op.rank(starts) != 1)
    starts = op.reshape(starts, {op.shapes().dim(p.q, 0)});
  if (op.intAttr("do_rotary", 0)) {
    if (!op.hasInput(7) || !op.hasInput(8))
      return op.error("E-ARITY", "do_rotary is 1, but cos_cache or sin_cache is left out");
    Value positions = op.hasInput(9) ? op.input(9) : c.add(c.unsqueeze(starts, 1), counting(op, tokens));
    bool interleaved = op.intAttr("rotary_interleaved", 0) != 0;
    for (Value *x : {&p.q, &p.k}) {
      *x = positions ? rotated(op, *x, op.input(7), op.input(8), positions, 0, 0, interleaved) : Value();
      if (!*x)
        return failure();
    }
  }
  auto total = op.shapes().elements(op.input(6));
  if (!total || total->size() != 1)
    return op.error("E-SHAPE", "total_sequence_length has shape " + formatShape(op.shapes().dimsOf(op.input(6))) +
                                   "; expected one element");
  Dim length = op.hasInput(3) ? d.max(total->front(), op.shapes().dim(op.input(3), 2)) : total->front();
  p.k = cached(c, op.input(3), p.k, starts, length);
  p.v = cached(c, op.input(4), p.v, starts, length);
  if (!p.k || !p.v)
    return failure();
  p.offsets = starts;
  p.right = 0;
  if (int64_t window = op.intAttr("local_window_size", -1); window > 0)
    p.left = window - 1;
  p.mask = op.input(10);
  p.softcap = op.floatAttr("softcap", 0);
  if (op.hasAttr("scale") && op.floatAttr("scale", 0) != 0)
    p.scale = op.floatAttr("scale", 1);
  if (op.hasInput(11))
    p.sinks = op.cast(op.input(11), op.elementType(p.q));
  else if (op.intAttr("smooth_softmax", 0) > 0)
    p.sinks = op.splat(op.elementType(p.q), {heads}, 0);
  AttentionResults r = makeAttention(c, p);
  if (failed(op.result(mergeHeads(op, r.y))) || failed(op.result(1, p.k)))
    return failure();
  return op.result(2, p.v);
}

// ---- RotaryEmbedding

/// The node's first input rotated; `cos` and `sin` as `rotated` takes them, with the tables' width.
LogicalResult rotatedResult(OpBinder &op, Value cos, Value sin, Value positions) {
  if (op.intAttr("is_packed_batching", 0) || op.floatAttr("scale", 1) != 1)
    return op.unsupported("is_packed_batching or scale is set; supported are 0 and 1");
  Value x = op.input(0);
  int64_t heads = op.intAttr("num_heads", 0), width = op.intAttr("rotary_embedding_dim", 0);
  if (op.rank(x) == 3 && heads == 0) {
    auto hidden = op.shapes().dim(x, 2).constant(), half = op.shapes().dim(op.input(2), 1).constant();
    if (!hidden || !half || *half < 1)
      return op.error("E-SHAPE", "num_heads is left out and follows from sizes that are not known at compile time; "
                                 "give it, or fix the sizes with --dim");
    heads = *hidden / (2 * *half);
  }
  return op.result(rotated(op, x, cos, sin, positions, heads, width, op.intAttr("interleaved", 0) != 0));
}

LogicalResult rotaryEmbedding(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), positions = op.input(1);
  // One number: the position of the first token.
  if (op.rank(positions) == 1) {
    Dim tokens = op.shapes().dim(x, op.rank(x) == 3 ? 1 : 2);
    positions = c.unsqueeze(c.add(op.cast(positions, op.builder.getI64Type()), counting(op, tokens)), 0);
  }
  return positions ? rotatedResult(op, op.input(2), op.input(3), positions) : failure();
}

/// Of three positions that a token has, in time, height and width, each counts for some of the columns.
LogicalResult multimodalRotary(OpBinder &op) {
  Compose c{op};
  auto sections = op.intsAttr("mrope_section").value_or(SmallVector<int64_t>());
  int64_t layout = op.intAttr("mrope_layout", 0);
  auto half = op.shapes().dim(op.input(2), 1).constant(), kinds = op.shapes().dim(op.input(1), 0).constant();
  if (kinds && *kinds != 3)
    return op.error("E-SHAPE", "position_ids has shape " + formatShape(op.shapes().dimsOf(op.input(1))) +
                                   "; expected three positions of each token along axis 0");
  constexpr int64_t kMostColumns = 1 << 16; // a table without rows may claim any number
  bool fits = sections.size() == 3 && half && *half <= kMostColumns &&
              llvm::all_of(sections, [&](int64_t n) { return n >= 0 && n <= *half; });
  if (!fits || sections[0] + sections[1] + sections[2] != *half || (layout != 0 && layout != 1))
    return op.error("E-ATTR", "mrope_section has " + Twine(sections.size()) + " entries and mrope_layout is " +
                                  Twine(layout) + "; expected three whose sum is the width of cos_cache, " +
                                  formatShape(op.shapes().dim(op.input(2), 1)) + ", known and at most " +
                                  Twine(kMostColumns) + ", and 0 or 1");
  SmallVector<int64_t> streams;
  for (int64_t column = 0; column < *half; ++column) {
    int64_t stream = column % 3;
    if (layout == 0)
      stream = column < sections[0] ? 0 : column < sections[0] + sections[1] ? 1 : 2;
    else if (column >= 3 * sections[stream])
      stream = 0;
    streams.push_back(stream);
  }
  Value stream = op.i64(streams), positions = op.input(1);
  auto perToken = [&](Value table) {
    Value rows = c.make<GatherOp>(table, positions, int64_t(0)); // [3, B, T, half]
    auto row = [&](int64_t i) { return c.make<GatherOp>(rows, op.i64Scalar(i), int64_t(0)); };
    auto is = [&](int64_t i) { return c.make<EqualOp>(stream, op.i64Scalar(i)); };
    return c.where(is(0), row(0), c.where(is(1), row(1), row(2)));
  };
  Value cos = perToken(op.input(2)), sin = perToken(op.input(3));
  return cos && sin ? rotatedResult(op, cos, sin, {}) : failure();
}

/// T5's bias of attention scores, [1, heads, queries, keys]: a table's entry per head and distance of key and query.
/// Half of the buckets are for one distance each, the others cover ever more up to max_distance; distances to both
/// sides have buckets of their own where is_bidirectional says so, and keys behind the query count as near otherwise.
/// The table [buckets, heads] lies column by column.
LogicalResult relativePositionBias(OpBinder &op) {
  Compose c{op};
  Value table = op.input(0);
  auto entries = op.shapes().dim(table, 0).constant();
  auto queries = op.shapes().elements(op.input(1)), keys = op.shapes().elements(op.input(2));
  int64_t farthest = op.intAttr("max_distance", 128);
  bool isBidirectional = op.intAttr("is_bidirectional", 0) != 0;
  if (!entries || !queries || queries->size() != 1 || !keys || keys->size() != 1)
    return op.error("E-SHAPE", "bias_table, query_length and key_length have shapes " +
                                   formatShape(op.shapes().dimsOf(table)) + ", " +
                                   formatShape(op.shapes().dimsOf(op.input(1))) + " and " +
                                   formatShape(op.shapes().dimsOf(op.input(2))) +
                                   "; expected a known number of buckets, and one element each");
  int64_t buckets = isBidirectional ? *entries / 2 : *entries, exact = buckets / 2;
  if (exact < 1 || farthest <= exact)
    return op.error("E-ATTR", "max_distance is " + Twine(farthest) + " with " + Twine(*entries) +
                                  " buckets; expected more than the distances that have a bucket of their own, " +
                                  Twine(exact) + ", of which there is at least one");
  auto places = [&](Dim count, int64_t axis) {
    return c.unsqueeze(c.make<RangeOp>(op.i64({0}), op.i64({1}), op.sizes({count})), {axis});
  };
  Type i64 = op.builder.getI64Type();
  Value ahead = c.sub(places((*keys)[0], 0), places((*queries)[0], 1)), distance, offset;
  if (isBidirectional) {
    distance = c.make<AbsOp>(ahead);
    offset = c.mul(c.cast(c.make<LessOp>(c.like(ahead, 0), ahead), i64), double(buckets));
  } else {
    distance = c.make<NegOp>(c.min(ahead, c.like(ahead, 0)));
  }
  Value ratio = c.div(c.cast(c.max(distance, c.like(distance, exact)), op.builder.getF32Type()), double(exact));
  Value share = c.mul(c.div(c.make<LogOp>(ratio), std::log(double(farthest) / exact)), double(buckets - exact));
  Value far = c.min(c.add(c.cast(share, i64), double(exact)), c.like(ahead, buckets - 1));
  Value bucket = c.where(c.make<LessOp>(distance, c.like(distance, exact)), distance, far);
  if (offset)
    bucket = c.add(bucket, offset);
  Value rows = op.reshape(table, {op.shapes().dim(table, 1), op.shapes().dim(table, 0)});
  return op.result(c.unsqueeze(c.make<GatherOp>(rows, bucket, int64_t(1)), {0}));
}

} // namespace

namespace cameo::onnx {
void registerMicrosoftAttentionHandlers(HandlerTable &table) {
  table.onMicrosoft("Attention", "input:3 weights:2 bias:1? mask_index? past:5? attention_bias? past_sequence_length?",
                    fusedProjectionAttention);
  table.onMicrosoft("MultiHeadAttention",
                    "query key? value? bias:1? key_padding_mask? attention_bias? past_key:4? past_value:4? "
                    "past_sequence_length? cache_indirection?",
                    [](OpBinder &op) {
                      return multiHeadAttention(op, {.bias = 3,
                                                     .padding = 4,
                                                     .scores = 5,
                                                     .pastKey = 6,
                                                     .pastValue = 7,
                                                     .pastLength = 8,
                                                     .beams = 9,
                                                     .scoresStage = "product"});
                    });
  table.onMicrosoft("DecoderMaskedMultiHeadAttention",
                    "query key? value? mask_index? attention_bias? past_key:4? past_value:4? past_sequence_length? "
                    "beam_width? cache_indirection? bias:1?",
                    [](OpBinder &op) {
                      return multiHeadAttention(op, {.bias = 10,
                                                     .padding = 3,
                                                     .scores = 4,
                                                     .pastKey = 5,
                                                     .pastValue = 6,
                                                     .pastLength = 7,
                                                     .beams = 9,
                                                     .scoresStage = "weights"});
                    });
  table.onMicrosoft("GroupQueryAttention",
                    "query:3 key:3? value:3? past_key:4? past_value:4? seqlens_k total_sequence_length cos_cache:2? "
                    "sin_cache:2? position_ids? attention_bias? head_sink? k_scale? v_scale?",
                    groupQueryAttention);
  table.onMicrosoft("RotaryEmbedding", "input position_ids cos_cache:2 sin_cache:2", rotaryEmbedding);
  table.onMicrosoft("MRotaryEmbedding", "input position_ids:3 cos_cache:2 sin_cache:2", multimodalRotary);
  table.onMicrosoft("RelativePositionBias", "bias_table:2 query_length key_length", relativePositionBias);
}
} // namespace cameo::onnx
