// Recurrent.cpp - RNN, GRU and LSTM: the inputs' part of all steps is one matrix product, the rest one op per node.
#include "Compose.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// What is told about each kind of cell.
struct Cell {
  int64_t gates;
  SmallVector<StringRef> defaultActivations;
};

struct ActivationDefaults {
  StringRef name;
  bool hasAlpha, hasBeta;
  float alpha, beta;
};
constexpr ActivationDefaults activationDefaults[] = {
    {"Relu", false, false, 0, 0},         {"Tanh", false, false, 0, 0},
    {"Sigmoid", false, false, 0, 0},      {"Affine", true, true, 1, 0},
    {"LeakyRelu", true, false, 0.01f, 0}, {"ThresholdedRelu", true, false, 1, 0},
    {"ScaledTanh", true, true, 1, 1},     {"HardSigmoid", true, true, 0.2f, 0.5f},
    {"Elu", true, false, 1, 0},           {"Softsign", false, false, 0, 0},
    {"Softplus", false, false, 0, 0},
};

/// A node as its op wants it. Sizes are [steps, batch, ...] whatever the node's layout is.
struct Recurrent {
  Value inputs, weights, initial, lengths;
  bool reverse;
  SmallVector<StringRef> activations;
  SmallVector<float> alpha, beta;
  FloatAttr clip;
};

FailureOr<int64_t> directionsOf(OpBinder &op) {
  StringRef direction = op.stringAttr("direction", "forward");
  int64_t count =
      llvm::StringSwitch<int64_t>(direction).Cases({"forward", "reverse"}, 1).Case("bidirectional", 2).Default(0);
  if (!count)
    return op.error("E-ATTR", "direction is '" + direction + "'; expected forward, reverse or bidirectional");
  return count;
}

/// The functions of all directions. ONNX gives alpha and beta only to functions that take one, in order.
LogicalResult bindActivations(OpBinder &op, const Cell &cell, int64_t directions, Recurrent &r) {
  size_t count = cell.defaultActivations.size() * directions;
  SmallVector<StringRef> names;
  // The schema's default is for one or two directions, whatever the node has.
  if (op.hasAttr("activations"))
    names = llvm::to_vector(op.node.getStrings("activations").value_or(ArrayRef<StringRef>()));
  else
    for (int64_t d = 0; d < directions; ++d)
      llvm::append_range(names, cell.defaultActivations);
  if (names.size() != count)
    return op.error("E-ATTR", "activations has " + Twine(names.size()) + " names; expected " + Twine(count) + ": " +
                                  Twine(cell.defaultActivations.size()) + " for each direction");
  auto alphas = op.floatsAttr("activation_alpha").value_or(SmallVector<float>());
  auto betas = op.floatsAttr("activation_beta").value_or(SmallVector<float>());
  size_t nextAlpha = 0, nextBeta = 0;
  for (StringRef name : names) {
    const auto *f = llvm::find_if(activationDefaults, [&](const auto &f) { return name.equals_insensitive(f.name); });
    if (f == std::end(activationDefaults))
      return op.error("E-ATTR", "activation is '" + name +
                                    "'; expected Relu, Tanh, Sigmoid, Affine, LeakyRelu, ThresholdedRelu, "
                                    "ScaledTanh, HardSigmoid, Elu, Softsign or Softplus");
    r.activations.push_back(f->name);
    r.alpha.push_back(f->hasAlpha && nextAlpha < alphas.size() ? alphas[nextAlpha++] : f->alpha);
    r.beta.push_back(f->hasBeta && nextBeta < betas.size() ? betas[nextBeta++] : f->beta);
  }
  return success();
}

/// [directions, n] as [directions, count of the parts of size n / parts beginning at `first`].
Value slicePart(OpBinder &op, Value v, int64_t parts, int64_t first, int64_t count) {
  Dim part = op.dims().floorDiv(op.shapes().dim(v, 1), parts);
  Value begin = op.sizes({op.dims().mul(part, first)}), end = op.sizes({op.dims().mul(part, first + count)});
  return begin && end ? op.create<SliceOp>(v, begin, end, op.i64({1}), ArrayRef<int64_t>{1}) : Value();
}

bool isBatchFirst(OpBinder &op) { return op.intAttr("layout", 0) != 0; }

/// A state of the node as [directions, batch, hidden]; null stays null.
Value stateInput(OpBinder &op, size_t i) {
  return op.hasInput(i) && isBatchFirst(op) && op.rank(op.input(i)) == 3 ? op.transpose(op.input(i), {1, 0, 2})
                                                                         : op.input(i);
}

/// Everything but the states of the cell. `w` and `recurrence` are the weights as ONNX has them, [D, G H, I] and [D, G
/// H, H]; `bias` [D, G H] is what is added to the inputs' part (may be null).
FailureOr<Recurrent> bindRecurrent(OpBinder &op, const Cell &cell, Value w, Value recurrence, Value bias) {
  Compose c{op};
  Recurrent r;
  Value x = op.input(0);
  std::array<Value, 3> ranked{x, w, recurrence};
  for (size_t i = 0; i < 3; ++i)
    if (op.rank(ranked[i]) != 3)
      return op.error("E-SHAPE",
                      "input '" + op.node.inputs[i] + "' has rank " + Twine(op.rank(ranked[i])) + "; expected 3");
  auto directions = directionsOf(op);
  if (failed(directions) || failed(bindActivations(op, cell, *directions, r)))
    return failure();
  Dim hidden = op.shapes().dim(recurrence, 2);
  if (auto known = hidden.constant(); known && op.hasAttr("hidden_size") && *known != op.intAttr("hidden_size", 0))
    return op.error("E-SHAPE", "hidden_size is " + Twine(op.intAttr("hidden_size", 0)) + ", but input '" +
                                   op.node.inputs[2] + "' has shape " + formatShape(op.shapes().dimsOf(recurrence)));
  for (size_t i : {1, 2}) {
    ArrayRef<Dim> dims = op.shapes().dimsOf(ranked[i]);
    for (auto [found, wanted] :
         {std::pair(dims[0], op.dims().constant(*directions)), std::pair(dims[1], op.dims().mul(hidden, cell.gates))})
      if (found.constant() && wanted.constant() && found != wanted)
        return op.error("E-SHAPE", "input '" + op.node.inputs[i] + "' has shape " + formatShape(dims) + "; expected " +
                                       Twine(*directions) + "x" + formatShape(op.dims().mul(hidden, cell.gates)) + "x" +
                                       formatShape(dims[2]));
  }
  r.reverse = op.stringAttr("direction", "forward") == "reverse";
  if (op.hasAttr("clip"))
    r.clip = op.builder.getF32FloatAttr(op.floatAttr("clip", 0));
  if (isBatchFirst(op))
    x = op.transpose(x, {1, 0, 2});
  if (!x)
    return failure();
  ArrayRef<Dim> sizes = op.shapes().dimsOf(x);
  Dim steps = sizes[0], batch = sizes[1], direction = op.dims().constant(*directions);
  Dim gates = op.dims().mul(hidden, cell.gates), all = op.dims().mul(gates, direction);
  Value rows = op.reshape(x, {op.dims().mul(steps, batch), sizes[2]});
  Value columns = op.reshape(w, {all, op.shapes().dim(w, 2)});
  Value product = c.make<MatMulOp>(rows, columns, /*transposeLhs=*/false, /*transposeRhs=*/true, TypeAttr());
  if (bias)
    product = c.add(product, op.reshape(bias, {all}));
  r.inputs = product ? op.reshape(product, {steps, batch, direction, gates}) : Value();
  if (!op.shapes().dim(recurrence, 0).constant()) // the attribute knows
    recurrence = op.reshape(recurrence, {direction, gates, hidden});
  r.weights = recurrence ? op.transpose(recurrence, {0, 2, 1}) : Value();
  r.initial = stateInput(op, 5);
  r.lengths = op.input(4);
  if (!r.inputs || !r.weights || (op.hasInput(5) && !r.initial))
    return failure();
  return r;
}

/// The node's bias [D, 2 G H], the input's part then the state's, as their sum [D, G H]; null where it is left out.
FailureOr<Value> sumOfBiases(OpBinder &op, const Cell &cell) {
  if (!op.hasInput(3))
    return Value();
  Compose c{op};
  if (op.rank(op.input(3)) != 2)
    return op.error("E-SHAPE",
                    "input '" + op.node.inputs[3] + "' has rank " + Twine(op.rank(op.input(3))) + "; expected 2");
  Value sum = c.add(slicePart(op, op.input(3), 2, 0, 1), slicePart(op, op.input(3), 2, 1, 1));
  if (!sum)
    return failure();
  return sum;
}

/// Outputs: every step, then the last states.
LogicalResult recurrentResults(OpBinder &op, Operation *created) {
  if (!created)
    return failure();
  for (auto [i, value] : llvm::enumerate(created->getResults())) {
    if (!op.hasOutput(i))
      continue;
    Value v = value;
    if (isBatchFirst(op))
      v = i == 0 ? op.transpose(v, {2, 0, 1, 3}) : op.transpose(v, {1, 0, 2});
    if (failed(op.result(i, v)))
      return failure();
  }
  return success();
}

LogicalResult rnn(OpBinder &op) {
  Cell cell{1, {"Tanh"}};
  auto bias = sumOfBiases(op, cell);
  if (failed(bias))
    return failure();
  auto r = bindRecurrent(op, cell, op.input(1), op.input(2), *bias);
  if (failed(r))
    return failure();
  return recurrentResults(op, op.createWithResults<RnnOp>(2, r->inputs, r->weights, r->initial, r->lengths, r->reverse,
                                                          op.builder.getStrArrayAttr(r->activations), r->alpha, r->beta,
                                                          r->clip));
}

LogicalResult gru(OpBinder &op) {
  Cell cell{3, {"Sigmoid", "Tanh"}};
  bool linear = op.intAttr("linear_before_reset", 0) != 0;
  auto bias = sumOfBiases(op, cell);
  if (failed(bias))
    return failure();
  Value hiddenBias;
  if (*bias && linear) {
    // The state's bias of the last gate is multiplied with the reset gate, so it stays out of the sum.
    Value given = op.input(3);
    SmallVector<Value> parts{slicePart(op, *bias, 3, 0, 2), slicePart(op, given, 6, 2, 1)};
    hiddenBias = slicePart(op, given, 6, 5, 1);
    if (!parts[0] || !parts[1] || !hiddenBias)
      return failure();
    bias = op.create<ConcatOp>(parts, int64_t(1));
    if (!*bias)
      return failure();
  }
  auto r = bindRecurrent(op, cell, op.input(1), op.input(2), *bias);
  if (failed(r))
    return failure();
  return recurrentResults(op, op.createWithResults<GruOp>(2, r->inputs, r->weights, r->initial, hiddenBias, r->lengths,
                                                          r->reverse, op.builder.getStrArrayAttr(r->activations),
                                                          r->alpha, r->beta, r->clip, linear));
}

LogicalResult lstmOf(OpBinder &op, Value w, Value recurrence) {
  Cell cell{4, {"Sigmoid", "Tanh", "Tanh"}};
  auto bias = sumOfBiases(op, cell);
  if (failed(bias) || !w || !recurrence)
    return failure();
  auto r = bindRecurrent(op, cell, w, recurrence, *bias);
  if (failed(r))
    return failure();
  Value initialCell = stateInput(op, 6), peepholes = op.input(7);
  if (op.hasInput(6) && !initialCell)
    return failure();
  return recurrentResults(op, op.createWithResults<LstmOp>(3, r->inputs, r->weights, r->initial, initialCell, peepholes,
                                                           r->lengths, r->reverse,
                                                           op.builder.getStrArrayAttr(r->activations), r->alpha,
                                                           r->beta, r->clip, op.intAttr("input_forget", 0) != 0));
}

LogicalResult lstm(OpBinder &op) { return lstmOf(op, op.input(1), op.input(2)); }

/// com.microsoft: weights of 8 bits, [D, I, 4 H] and [D, H, 4 H], with a scale for all or per column of a direction.
/// They become real numbers, so that inputs and states need not be rounded to 8 bits as well.
LogicalResult dynamicQuantizeLstm(OpBinder &op) {
  Compose c{op};
  auto real = [&](size_t weights, size_t scale) {
    auto perColumn = [&](Value v) { return op.rank(v) == 2 ? c.unsqueeze(v, 1) : c.unsqueeze(v, {1, 2}); };
    Value w = c.make<DequantizeOp>(op.input(weights), perColumn(op.input(scale)), perColumn(op.input(scale + 1)));
    return w ? op.transpose(w, {0, 2, 1}) : Value();
  };
  return lstmOf(op, real(1, 8), real(2, 10));
}

// ---- as ONNX

/// What bindRecurrent makes of X, W and the bias: reshape(reshape(x) w^T + bias). Without a match x is null.
struct InputsPart {
  Value x, w, bias;
};

InputsPart inputsPartOf(Value inputs, ShapeAnalysis &shapes) {
  auto reshape = inputs.getDefiningOp<ReshapeOp>();
  Value sum = reshape ? reshape.getX() : Value(), bias;
  if (auto add = sum ? sum.getDefiningOp<AddOp>() : AddOp())
    std::tie(sum, bias) = std::pair(add.getX(), add.getY());
  auto product = sum ? sum.getDefiningOp<MatMulOp>() : MatMulOp();
  auto rows = product ? product.getLhs().getDefiningOp<ReshapeOp>() : ReshapeOp();
  if (!rows || !product.getTransposeRhs() || product.getTransposeLhs() || shapes.rank(rows.getX()) != 3 ||
      shapes.rank(product.getRhs()) != 2 || shapes.dim(rows.getX(), 2) != shapes.dim(product.getLhs(), 1) ||
      shapes.dim(rows.getX(), 0) != shapes.dim(inputs, 0) || (bias && shapes.rank(bias) != 1))
    return {};
  return {rows.getX(), product.getRhs(), bias};
}

/// Where the inputs' part is no product that can be told apart, X is that part and W the identity, which picks a
/// direction's columns.
template <typename OpT>
LogicalResult exportRecurrent(OpT op, NodeBuilder &b, StringRef name, int64_t gates,
                              SmallVector<NodeAttribute> attributes, Edge stateBias, ArrayRef<Edge> further) {
  auto type = cast<RankedTensorType>(op.getWeights().getType());
  int64_t directions = type.getDimSize(0), hidden = type.getDimSize(1), columns = gates * hidden;
  if (!type.hasStaticShape())
    return b.refuse("its weights have sizes that only the run knows");
  Type element = type.getElementType();
  Edge x, w, inputsBias;
  if (InputsPart part = inputsPartOf(op.getInputs(), b.shapes()); part.x) {
    x = b(part.x);
    w = b.reshape(b(part.w), {directions, columns, -1});
    inputsBias = part.bias ? b.reshape(b(part.bias), {directions, columns}) : Edge();
  } else {
    x = b.reshape(b(op.getInputs()), {0, 0, directions * columns});
    Edge square = b.node("Expand", {b.number(element, 0), b.i64({directions * columns, directions * columns})});
    w = b.reshape(b.node("EyeLike", {square}), {directions, columns, directions * columns});
  }
  // ONNX's bias has a part for the inputs and one for the state, whose last gate alone may be given here.
  auto zeros = [&](int64_t count) { return b.node("Expand", {b.number(element, 0), b.i64({directions, count})}); };
  Edge bias;
  if (inputsBias || stateBias)
    bias = b.node(
        "Concat",
        {inputsBias ? inputsBias : zeros(columns), stateBias ? zeros(columns - hidden) : zeros(columns), stateBias},
        {{"axis", 1}});
  Edge lengths = op.getLengths() ? b.cast(b(op.getLengths()), IntegerType::get(op.getContext(), 32)) : Edge();
  SmallVector<Edge> inputs{x, w, b.transpose(b(op.getWeights()), {0, 2, 1}), bias, lengths, b(op.getInitial())};
  llvm::append_range(inputs, further);
  std::vector<std::string> activations;
  std::vector<float> alpha, beta;
  for (auto [i, activation] : llvm::enumerate(op.getActivations())) {
    activations.push_back(cast<StringAttr>(activation).str());
    const auto *f = llvm::find_if(activationDefaults, [&](const auto &f) { return f.name == activations.back(); });
    if (f->hasAlpha)
      alpha.push_back(op.getAlpha()[i]);
    if (f->hasBeta)
      beta.push_back(op.getBeta()[i]);
  }
  attributes.append({{"hidden_size", hidden},
                     {"direction", directions == 2   ? "bidirectional"
                                   : op.getReverse() ? "reverse"
                                                     : "forward"},
                     {"activations", activations}});
  if (!alpha.empty())
    attributes.emplace_back("activation_alpha", ArrayRef<float>(alpha));
  if (!beta.empty())
    attributes.emplace_back("activation_beta", ArrayRef<float>(beta));
  if (op.getClip())
    attributes.emplace_back("clip", *op.getClip());
  return b.results(b.nodes(name, inputs, attributes, op->getNumResults()));
}

LogicalResult exportRnn(RnnOp op, NodeBuilder &b) { return exportRecurrent(op, b, "RNN", 1, {}, Edge(), {}); }

LogicalResult exportGru(GruOp op, NodeBuilder &b) {
  return exportRecurrent(op, b, "GRU", 3, {{"linear_before_reset", op.getLinearBeforeReset()}}, b(op.getHiddenBias()),
                         {});
}

LogicalResult exportLstm(LstmOp op, NodeBuilder &b) {
  return exportRecurrent(op, b, "LSTM", 4, {{"input_forget", op.getInputForget()}}, Edge(),
                         {b(op.getInitialCell()), b(op.getPeepholes())});
}

} // namespace

namespace cameo::onnx {
void registerRecurrentHandlers(HandlerTable &table) {
  table.on("RNN", 1, rnn);
  table.on("GRU", 1, gru);
  table.on("LSTM", 1, lstm);
  table.onMicrosoft("DynamicQuantizeLSTM",
                    "X:3 W:3 R:3 B? sequence_lens? initial_h? initial_c? P? W_scale W_zero_point R_scale R_zero_point",
                    dynamicQuantizeLstm);

  table.exports<RnnOp>(exportRnn);
  table.exports<GruOp>(exportGru);
  table.exports<LstmOp>(exportLstm);
}
} // namespace cameo::onnx
