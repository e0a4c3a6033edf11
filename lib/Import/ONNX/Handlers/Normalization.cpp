// Normalization.cpp - ONNX's normalizations, and the fused ones that ONNX Runtime writes into transformers.
#include "Axes.h"
#include "Compose.h"
#include "Pooling.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

// ---- rows: LayerNormalization, RMSNormalization and their fused forms

/// Mean (if `centre`) and 1 / standard deviation over the axes from `axis` on, in f32 or wider, axes kept. Nodes may
/// ask for them beside the normalized rows.
struct Statistics {
  Value mean, inverse;
};
Statistics statistics(Compose &c, Value x, int64_t axis, double epsilon, bool centre) {
  SmallVector<int64_t> axes = c.axesFrom(x, axis);
  x = c.cast(x, c.wideType(c.op.elementType(x)));
  Statistics s;
  if (centre) {
    s.mean = c.reduce(x, axes, "mean");
    x = c.sub(x, s.mean);
  }
  Value deviation = c.make<SqrtOp>(c.add(c.reduce(c.mul(x, x), axes, "mean"), epsilon));
  s.inverse = c.div(c.like(deviation, 1), deviation);
  return s;
}

Value rowNorm(Compose &c, Value x, Value scale, Value bias, int64_t axis, double epsilon, bool centre) {
  if (!x || !scale)
    return {};
  Type type = c.op.elementType(x);
  scale = c.cast(scale, type);
  if (!centre) {
    Value y = c.make<RmsNormOp>(x, scale, axis, c.f32(epsilon));
    return bias ? c.add(y, c.cast(bias, type)) : y;
  }
  // The bias is optional, so it is null where make would see a failed step.
  if (bias && !(bias = c.cast(bias, type)))
    return {};
  return c.op.create<LayerNormOp>(x, scale, bias, axis, c.f32(epsilon));
}

/// The results behind the first: mean and 1 / standard deviation, of which RMS normalization only has the second.
LogicalResult statisticsResults(Compose &c, Value x, int64_t axis, double epsilon, bool centre, size_t firstOutput) {
  OpBinder &op = c.op;
  size_t inverseOutput = centre ? firstOutput + 1 : firstOutput;
  if (!(centre && op.hasOutput(firstOutput)) && !op.hasOutput(inverseOutput))
    return success();
  Statistics s = statistics(c, x, axis, epsilon, centre);
  if (centre && failed(op.result(firstOutput, s.mean)))
    return failure();
  return op.result(inverseOutput, s.inverse);
}

LogicalResult rowNormalization(OpBinder &op, bool centre) {
  Compose c{op};
  auto axis = axisAttr(op, -1);
  if (failed(axis))
    return failure();
  double epsilon = op.floatAttr("epsilon", 1e-5);
  Value x = op.input(0);
  if (failed(op.result(rowNorm(c, x, op.input(1), op.input(2), *axis, epsilon, centre))))
    return failure();
  return statisticsResults(c, x, *axis, epsilon, centre, 1);
}

/// com.microsoft: (input + skip + bias) normalized. Outputs: the rows, mean, 1 / standard deviation, the sum.
LogicalResult skipNormalization(OpBinder &op, bool centre) {
  Compose c{op};
  double epsilon = op.floatAttr("epsilon", 1e-12);
  Value sum = c.add(op.input(0), op.input(1));
  Value beta = centre ? op.input(3) : Value();
  if (Value bias = op.input(centre ? 4 : 3))
    sum = c.add(sum, bias);
  if (!sum || failed(op.result(rowNorm(c, sum, op.input(2), beta, op.rank(sum) - 1, epsilon, centre))))
    return failure();
  if (op.hasOutput(1) || op.hasOutput(2)) {
    Statistics s = statistics(c, sum, op.rank(sum) - 1, epsilon, /*centre=*/true);
    if (failed(op.result(1, s.mean)) || failed(op.result(2, s.inverse)))
      return failure();
  }
  return op.result(3, sum);
}

/// com.microsoft: rows of as many elements as the scale has, normalized by their squares, times an activation of the
/// gate.
LogicalResult gatedNormalization(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), scale = op.input(1), gate = op.input(2);
  StringRef activation = op.stringAttr("activation", "silu");
  if (activation != "silu" && activation != "swish" && activation != "sigmoid")
    return op.error("E-ATTR", "activation is '" + activation + "'; expected silu, swish or sigmoid");
  Type type = op.elementType(x), wide = c.wideType(type);
  DimContext &d = op.dims();
  SmallVector<Dim> own(op.shapes().dimsOf(x)), split(own);
  if (own.empty() || op.rank(scale) != 1)
    return op.error("E-SHAPE", "X and scale have ranks " + Twine(op.rank(x)) + " and " + Twine(op.rank(scale)) +
                                   "; expected 1 or more, and 1");
  Dim width = op.shapes().dim(scale, 0);
  auto columns = own.back().constant(), known = width.constant();
  if (known && (*known < 1 || (columns && *columns % *known)))
    return op.error("E-SHAPE", "X has rows of " + formatShape(own.back()) + " elements and scale " + Twine(*known) +
                                   "; expected a multiple of the second for the first");
  split.back() = d.floorDiv(own.back(), width);
  split.push_back(width);
  Value rows = op.reshape(c.cast(x, wide), split);
  Value y = rowNorm(c, rows, scale, {}, int64_t(own.size()), op.floatAttr("epsilon", 1e-5), /*centre=*/false);
  Value z = c.cast(gate, wide), open = c.make<SigmoidOp>(z);
  y = y ? c.mul(op.reshape(y, own), activation == "sigmoid" ? open : c.mul(z, open)) : Value();
  return op.result(c.cast(y, type));
}

/// What an embedding is made of: com.microsoft's EmbedLayerNormalization and its quantized form.
struct Embedding {
  Value words, positions, segments, gamma, beta; ///< tables; that of segments may be null
  Value mask, positionIds;                       ///< may be null
};

/// Word, position and segment embeddings added, then normalized.
LogicalResult embedNormalization(OpBinder &op, const Embedding &e) {
  Compose c{op};
  Value ids = op.input(0), segments = op.input(1), words = e.words, positions = e.positions, segmentTable = e.segments;
  if (op.rank(ids) != 2)
    return op.error("E-SHAPE", "input '" + op.node.inputs[0] + "' has rank " + Twine(op.rank(ids)) +
                                   "; expected [batch, sequence]");
  Value sum = c.make<GatherOp>(words, ids, int64_t(0));
  if (e.positionIds) {
    sum = c.add(sum, c.make<GatherOp>(positions, e.positionIds, int64_t(0)));
  } else {
    Value length = op.sizes(op.shapes().dim(ids, 1));
    sum = c.add(sum, c.make<SliceOp>(positions, op.i64({0}), length, op.i64({1}), ArrayRef<int64_t>{0}));
  }
  if (segments && segmentTable)
    sum = c.add(sum, c.make<GatherOp>(segmentTable, segments, int64_t(0)));
  if (failed(op.result(rowNorm(c, sum, e.gamma, e.beta, 2, op.floatAttr("epsilon", 1e-12), /*centre=*/true))))
    return failure();
  if (op.hasOutput(1)) {
    // How many tokens of each sequence the mask keeps; zeros without a mask.
    Type i32 = op.builder.getI32Type();
    Value counts = e.mask ? c.reduce(c.cast(e.mask, i32), {1}, "sum", false)
                          : c.reduce(c.mul(c.cast(ids, i32), c.like(c.cast(ids, i32), 0)), {1}, "sum", false);
    if (failed(op.result(1, counts)))
      return failure();
  }
  return op.result(2, sum);
}

LogicalResult embedNormalization(OpBinder &op) {
  return embedNormalization(
      op, {op.input(2), op.input(3), op.input(4), op.input(5), op.input(6), op.input(7), op.input(8)});
}

/// com.microsoft: the same, from quantized tables.
LogicalResult quantizedEmbedNormalization(OpBinder &op) {
  Compose c{op};
  auto table = [&](size_t input, size_t scale) -> Value {
    return op.hasInput(input) ? c.make<DequantizeOp>(op.input(input), op.input(scale), op.input(scale + 5)) : Value();
  };
  return embedNormalization(op, {table(2, 8), table(3, 9), table(4, 10), table(5, 11), table(6, 12), op.input(7), {}});
}

// ---- channels: BatchNormalization, InstanceNormalization, GroupNormalization

LogicalResult groupNormalization(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), scale = op.input(1), bias = op.input(2);
  int64_t groups = op.intAttr("num_groups", 0);
  if (groups < 1)
    return op.error("E-ATTR", "num_groups is " + Twine(groups) + "; expected 1 or more");
  if (op.rank(x) < 2)
    return op.error("E-SHAPE",
                    "input '" + op.node.inputs[0] + "' has rank " + Twine(op.rank(x)) + "; expected 2 or more");
  if (op.opset() < 21) {
    // One scale and bias per group: repeated for the group's channels.
    Dim channels = op.shapes().dim(x, 1);
    auto perChannel = [&](Value v) {
      Value repeats = op.sizes({op.dims().constant(groups), op.dims().floorDiv(channels, groups)});
      Value spread = c.make<ExpandOp>(c.unsqueeze(v, {1}), repeats);
      return spread ? op.reshape(spread, {op.dims().mul(op.dims().floorDiv(channels, groups), groups)}) : Value();
    };
    scale = perChannel(scale);
    bias = perChannel(bias);
  }
  return op.result(c.make<GroupNormOp>(x, scale, bias, groups, c.f32(op.floatAttr("epsilon", 1e-5))));
}

/// com.microsoft: (X + skip + bias) normalized by groups of channels, which are last where `channels_last`.
LogicalResult groupNorm(OpBinder &op, bool hasSkip) {
  Compose c{op};
  Value x = op.input(0);
  bool isLast = op.intAttr("channels_last", 1) != 0;
  int64_t groups = op.intAttr("groups", 0), activation = op.intAttr("activation", 0), rank = op.rank(x);
  if (groups < 1 || (activation != 0 && activation != 1))
    return op.error("E-ATTR", "groups is " + Twine(groups) + " and activation " + Twine(activation) +
                                  "; expected 1 or more, and 0 (none) or 1 (SiLU)");
  if (hasSkip) {
    Value skip = op.input(3);
    if (op.rank(skip) == 2) // [N, C]
      skip = c.unsqueeze(skip, isLast ? ArrayRef<int64_t>{1, 2} : ArrayRef<int64_t>{2, 3});
    x = c.add(x, skip);
    if (Value bias = op.input(4))
      x = c.add(x, c.along(bias, isLast ? rank - 1 : 1, rank));
  }
  Type type = op.elementType(op.input(0));
  Value moved = x && isLast ? channelsFirst(op, x) : x;
  Value y = c.make<GroupNormOp>(moved, c.cast(op.input(1), type), c.cast(op.input(2), type), groups,
                                c.f32(op.floatAttr("epsilon", 1e-5)));
  if (activation)
    y = c.mul(y, c.make<SigmoidOp>(y));
  if (!y || failed(op.result(isLast ? channelsLast(op, y) : y)))
    return failure();
  return hasSkip ? op.result(1, x) : success();
}

LogicalResult instanceNormalization(OpBinder &op) {
  Compose c{op};
  return op.result(
      c.make<GroupNormOp>(op.input(0), op.input(1), op.input(2), int64_t(0), c.f32(op.floatAttr("epsilon", 1e-5))));
}

LogicalResult batchNormalization(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), scale = op.input(1), bias = op.input(2), mean = op.input(3), variance = op.input(4);
  int64_t rank = op.rank(x);
  if (rank < 1)
    return op.error("E-SHAPE", "input '" + op.node.inputs[0] + "' is a scalar; expected [batch, channels, ...]");
  for (size_t i = 1; i < 5; ++i) {
    Value v = op.input(i);
    if (op.rank(v) != 1)
      return op.unsupported("input '" + op.node.inputs[i] + "' has rank " + Twine(op.rank(v)) +
                            "; supported is one value per channel");
    Dim size = op.shapes().dim(v, 0), channels = rank > 1 ? op.shapes().dim(x, 1) : op.dims().constant(1);
    if (size.constant() && channels.constant() && size != channels)
      return op.error("E-SHAPE", "input '" + op.node.inputs[i] + "' has " + Twine(*size.constant()) +
                                     " values; expected " + Twine(*channels.constant()) + ", one per channel of '" +
                                     op.node.inputs[0] + "'");
  }
  bool training = op.intAttr("training_mode", 0) != 0;
  if (op.opset() < 14 && op.numOutputs() > 1)
    return op.unsupported("the node has outputs of training; Cameo compiles for inference");
  Type type = op.elementType(x), wide = c.wideType(type);
  Type statisticsType = op.elementType(mean);
  Value xWide = c.cast(x, wide);
  auto perChannel = [&](Value v) { return c.along(c.cast(v, wide), std::min<int64_t>(1, rank - 1), rank); };
  if (training) {
    // Statistics of the batch instead of the stored ones, which move towards them.
    SmallVector<int64_t> axes = c.axesFrom(x, 2);
    axes.insert(axes.begin(), 0);
    Value batchMean = c.reduce(xWide, axes, "mean");
    Value centred = c.sub(xWide, batchMean);
    Value batchVariance = c.reduce(c.mul(centred, centred), axes, "mean");
    double momentum = op.floatAttr("momentum", 0.9);
    auto moved = [&](Value stored, Value batch) {
      Value flat = c.cast(c.squeeze(batch, axes), statisticsType);
      return c.add(c.mul(stored, momentum), c.mul(flat, 1 - momentum));
    };
    if (op.hasOutput(1) && failed(op.result(1, moved(mean, batchMean))))
      return failure();
    if (op.hasOutput(2) && failed(op.result(2, moved(variance, batchVariance))))
      return failure();
    mean = c.squeeze(batchMean, axes);
    variance = c.squeeze(batchVariance, axes);
  }
  // y = x * factor + offset: two numbers per channel, which fold to constants where the parameters are.
  Value factor =
      c.div(c.cast(scale, wide), c.make<SqrtOp>(c.add(c.cast(variance, wide), op.floatAttr("epsilon", 1e-5))));
  Value offset = c.sub(c.cast(bias, wide), c.mul(c.cast(mean, wide), factor));
  if (!factor || !offset)
    return failure();
  return op.result(c.cast(c.add(c.mul(xWide, perChannel(factor)), perChannel(offset)), type));
}

// ---- others

LogicalResult lpNormalization(OpBinder &op) {
  Compose c{op};
  auto axis = axisAttr(op, -1);
  if (failed(axis))
    return failure();
  int64_t p = op.intAttr("p", 2);
  if (p != 1 && p != 2)
    return op.error("E-ATTR", "p is " + Twine(p) + "; expected 1 or 2");
  Type type = op.elementType(op.input(0));
  Value x = op.cast(op.input(0), c.wideType(type));
  Value norm = p == 1 ? c.reduce(c.make<AbsOp>(x), *axis, "sum") : c.make<SqrtOp>(c.reduce(c.mul(x, x), *axis, "sum"));
  // A row of zeros stays zero.
  Value safe = c.where(c.make<EqualOp>(norm, c.like(norm, 0)), c.like(norm, 1), norm);
  return op.result(c.cast(c.div(x, safe), type));
}

LogicalResult meanVarianceNormalization(OpBinder &op) {
  Compose c{op};
  auto axes = normalAxes(op, op.intsAttr("axes").value_or(SmallVector<int64_t>{0, 2, 3}));
  if (failed(axes))
    return failure();
  Type type = op.elementType(op.input(0));
  Value x = op.cast(op.input(0), c.wideType(type));
  Value centred = c.sub(x, c.reduce(x, *axes, "mean"));
  Value deviation = c.make<SqrtOp>(c.reduce(c.mul(centred, centred), *axes, "mean"));
  return op.result(c.cast(c.div(centred, c.add(deviation, 1e-9)), type));
}

LogicalResult lrn(OpBinder &op) {
  Compose c{op};
  int64_t size = op.intAttr("size", 0);
  if (size < 1)
    return op.error("E-ATTR", "size is " + Twine(size) + "; expected 1 or more");
  return op.result(op.create<LrnOp>(op.input(0), size, c.f32(op.floatAttr("alpha", 1e-4)),
                                    c.f32(op.floatAttr("beta", 0.75)), c.f32(op.floatAttr("bias", 1.0))));
}

// ---- as ONNX

LogicalResult exportGroupNorm(GroupNormOp op, NodeBuilder &b) {
  NodeAttribute epsilon("epsilon", op.getEpsilon());
  if (op.getGroups() == 0)
    return b.result(b.node("InstanceNormalization", b.operands(), {epsilon}));
  return b.result(b.node("GroupNormalization", b.operands(), {{"num_groups", op.getGroups()}, epsilon}));
}

} // namespace

namespace cameo::onnx {
void registerNormalizationHandlers(HandlerTable &table) {
  table.on("LayerNormalization", 17, [](OpBinder &op) { return rowNormalization(op, true); });
  table.on("RMSNormalization", 23, [](OpBinder &op) { return rowNormalization(op, false); });
  // ONNX Runtime writes these two without a domain of their own.
  table.on("LayerNormalization", 1, [](OpBinder &op) { return rowNormalization(op, true); });
  // In the domain of ai.onnx, where ONNX Runtime's optimizer puts it, though ONNX has no such op.
  table.on("SimplifiedLayerNormalization", 1,
           HandlerTable::checked("X scale", [](OpBinder &op) { return rowNormalization(op, false); }));
  table.onMicrosoft("LayerNormalization", "X Scale B?", [](OpBinder &op) { return rowNormalization(op, true); });
  table.onMicrosoft("SimplifiedLayerNormalization", "X scale",
                    [](OpBinder &op) { return rowNormalization(op, false); });
  table.onMicrosoft("SkipLayerNormalization", "input skip gamma beta? bias?",
                    [](OpBinder &op) { return skipNormalization(op, true); });
  table.onMicrosoft("SkipSimplifiedLayerNormalization", "input skip gamma bias?",
                    [](OpBinder &op) { return skipNormalization(op, false); });
  table.onMicrosoft("EmbedLayerNormalization",
                    "input_ids:2 segment_ids:2? word_embedding:2 position_embedding:2 segment_embedding:2? gamma:1 "
                    "beta:1 mask? position_ids?",
                    [](OpBinder &op) { return embedNormalization(op); });
  table.onMicrosoft("QEmbedLayerNormalization",
                    "input_ids:2 segment_ids:2? word_embedding:2 position_embedding:2 segment_embedding:2? gamma:1 "
                    "beta:1 mask? word_embedding_scale position_embedding_scale segment_embedding_scale? gamma_scale "
                    "beta_scale word_embedding_zero_point position_embedding_zero_point "
                    "segment_embedding_zero_point? gamma_zero_point beta_zero_point",
                    quantizedEmbedNormalization);
  table.onMicrosoft("GatedRMSNorm", "X scale:1 gate", gatedNormalization);
  table.onMicrosoft("GroupNorm", "X:4 gamma:1 beta:1", [](OpBinder &op) { return groupNorm(op, false); });
  table.onMicrosoft("SkipGroupNorm", "X:4 gamma:1 beta:1 skip bias:1?",
                    [](OpBinder &op) { return groupNorm(op, true); });
  table.on("GroupNormalization", 18, groupNormalization);
  table.on("InstanceNormalization", 1, instanceNormalization);
  table.on("BatchNormalization", 1, batchNormalization);
  table.on("LpNormalization", 1, lpNormalization);
  table.on("MeanVarianceNormalization", 9, meanVarianceNormalization);
  table.on("LRN", 1, lrn);

  table.exports<LayerNormOp>("LayerNormalization(axis, epsilon)");
  table.exports<RmsNormOp>("RMSNormalization(axis, epsilon)");
  table.exports<GroupNormOp>(exportGroupNorm);
  table.exports<LrnOp>("LRN(size, alpha, beta, bias)");
}
} // namespace cameo::onnx
