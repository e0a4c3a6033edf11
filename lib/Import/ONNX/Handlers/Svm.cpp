// Svm.cpp - support vector machines of ai.onnx.ml: a kernel between the rows and the support vectors, then sums of it.
#include "Scores.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

Value f32Matrix(OpBinder &op, ArrayRef<float> values, ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, op.builder.getF32Type());
  return ConstantOp::create(op.builder, op.loc, type, DenseElementsAttr::get(type, values));
}

SmallVector<float> floats(OpBinder &op, StringRef name) { return op.floatsAttr(name).value_or(SmallVector<float>()); }

/// Input 0 as rows of f32.
Value rowsOf(Compose &c) {
  Value x = c.cast(c.op.input(0), c.op.builder.getF32Type());
  return x && c.op.rank(x) == 1 ? c.unsqueeze(x, {0}) : x;
}

/// The node's kernel between the rows of x [n, features] and `count` vectors: [n, count]. Null on failure (reported).
Value kernel(Compose &c, Value x, ArrayRef<float> vectors, int64_t count) {
  OpBinder &op = c.op;
  auto features = x && op.rank(x) == 2 ? op.shapes().dim(x, 1).constant() : std::nullopt;
  if (count < 1 || vectors.size() % count || (features && int64_t(vectors.size()) / count != *features)) {
    (void)op.error("E-ATTR", "it has " + Twine(vectors.size()) + " numbers for " + Twine(count) +
                                 " vectors; expected as many for each as the input has columns" +
                                 (features ? " (" + Twine(*features) + ")" : Twine("")));
    return {};
  }
  Value others = f32Matrix(op, vectors, {count, int64_t(vectors.size()) / count});
  SmallVector<float> parameters = floats(op, "kernel_params");
  parameters.resize(3, 0);
  auto [gamma, offset, degree] = std::tuple(parameters[0], parameters[1], parameters[2]);
  StringRef type = op.stringAttr("kernel_type", "LINEAR");
  if (type == "RBF") { // differences first: squares of large numbers would cancel
    Value difference = c.sub(c.unsqueeze(x, {1}), others);
    return c.make<ExpOp>(c.mul(c.reduce(c.mul(difference, difference), {2}, "sum", false), -double(gamma)));
  }
  Value dot = c.make<MatMulOp>(x, others, /*transposeLhs=*/false, /*transposeRhs=*/true, TypeAttr());
  if (type == "LINEAR")
    return dot;
  Value shifted = c.add(c.mul(dot, gamma), double(offset));
  if (type == "POLY")
    return c.make<PowOp>(shifted, c.like(shifted, degree));
  if (type == "SIGMOID")
    return c.make<TanhOp>(shifted);
  (void)op.error("E-ATTR", "kernel_type is '" + type + "'; expected LINEAR, POLY, RBF or SIGMOID");
  return {};
}

LogicalResult svmRegressor(OpBinder &op) {
  Compose c{op};
  Value x = rowsOf(c);
  SmallVector<float> coefficients = floats(op, "coefficients"), rho = floats(op, "rho");
  int64_t supports = op.intAttr("n_supports", 0);
  if (rho.size() > 1 || (supports > 0 && int64_t(coefficients.size()) != supports))
    return op.error("E-ATTR", "coefficients has " + Twine(coefficients.size()) + " entries and rho " +
                                  Twine(rho.size()) + "; expected " + Twine(supports) +
                                  ", one per support vector, and 1");
  Value y;
  if (supports > 0) {
    Value k = kernel(c, x, floats(op, "support_vectors"), supports);
    y = c.make<MatMulOp>(k, f32Matrix(op, coefficients, {supports, 1}), /*transposeLhs=*/false, /*transposeRhs=*/false,
                         TypeAttr());
  } else {
    y = kernel(c, x, coefficients, 1);
  }
  if (!rho.empty())
    y = c.add(y, double(rho.front()));
  if (op.intAttr("one_class", 0))
    y = c.where(c.make<LessOp>(c.like(y, 0), y), c.like(y, 1), c.like(y, -1));
  return op.result(postTransform(c, y, op.stringAttr("post_transform", "NONE")));
}

/// The pairs (i, j) of classes with i < j, one decision for each.
SmallVector<std::pair<int64_t, int64_t>> pairsOf(int64_t classes) {
  SmallVector<std::pair<int64_t, int64_t>> pairs;
  for (int64_t i = 0; i < classes; ++i)
    for (int64_t j = i + 1; j < classes; ++j)
      pairs.push_back({i, j});
  return pairs;
}

/// One decision per pair of classes: [rows, pairs]. Positive means the pair's first class. The coefficients are
/// [classes - 1, vectors]: a vector of class i has that for the pair with j in row j - 1 when j is above i, else in row
/// j.
Value decisions(Compose &c, ArrayRef<int64_t> perClass) {
  OpBinder &op = c.op;
  int64_t classes = perClass.size(), vectors = 0;
  SmallVector<float> coefficients = floats(op, "coefficients"), rho = floats(op, "rho");
  // Each vector has a coefficient or more.
  int64_t most = coefficients.size();
  for (auto [i, count] : llvm::enumerate(perClass)) {
    if (count < 0 || count > most - vectors) {
      (void)op.error("E-ATTR", "entry " + Twine(i) + " of vectors_per_class is " + Twine(count) + "; expected 0 to " +
                                   Twine(most - vectors) + ", as coefficients has " + Twine(most) + " entries");
      return {};
    }
    vectors += count;
  }
  auto pairs = pairsOf(classes);
  if (most != (classes - 1) * vectors || rho.size() != pairs.size()) {
    (void)op.error("E-ATTR", "coefficients has " + Twine(coefficients.size()) + " entries and rho " +
                                 Twine(rho.size()) + "; expected " + Twine((classes - 1) * vectors) + " and " +
                                 Twine(pairs.size()) + " for " + Twine(vectors) + " vectors of " + Twine(classes) +
                                 " classes");
    return {};
  }
  constexpr int64_t kMostWeights = int64_t(1) << 30;
  if (vectors * int64_t(pairs.size()) > kMostWeights) {
    (void)op.unsupported("it has " + Twine(vectors) + " vectors and " + Twine(pairs.size()) +
                         " pairs of classes; supported is a product of up to 2^30");
    return {};
  }
  SmallVector<int64_t> classOf;
  for (auto [i, count] : llvm::enumerate(perClass))
    classOf.append(count, i);
  SmallVector<float> weights(vectors * pairs.size());
  for (auto [p, pair] : llvm::enumerate(pairs))
    for (int64_t v = 0; v < vectors; ++v)
      if (classOf[v] == pair.first)
        weights[v * pairs.size() + p] = coefficients[(pair.second - 1) * vectors + v];
      else if (classOf[v] == pair.second)
        weights[v * pairs.size() + p] = coefficients[pair.first * vectors + v];
  Value k = kernel(c, rowsOf(c), floats(op, "support_vectors"), vectors);
  Value sums = c.make<MatMulOp>(k, f32Matrix(op, weights, {vectors, int64_t(pairs.size())}), /*transposeLhs=*/false,
                                /*transposeRhs=*/false, TypeAttr());
  return c.add(sums, f32Matrix(op, rho, {int64_t(pairs.size())}));
}

/// Each decision is a vote for one of its classes: [rows, classes].
Value votesOf(Compose &c, Value decided, int64_t classes) {
  auto pairs = pairsOf(classes);
  SmallVector<float> first(pairs.size() * classes), second(pairs.size() * classes);
  for (auto [p, pair] : llvm::enumerate(pairs)) {
    first[p * classes + pair.first] = 1;
    second[p * classes + pair.second] = 1;
  }
  Value wins = c.cast(c.make<LessOp>(c.like(decided, 0), decided), c.op.builder.getF32Type());
  auto count = [&](Value won, ArrayRef<float> of) {
    return c.make<MatMulOp>(won, f32Matrix(c.op, of, {int64_t(pairs.size()), classes}), /*transposeLhs=*/false,
                            /*transposeRhs=*/false, TypeAttr());
  };
  return c.add(count(wins, first), count(c.sub(c.like(decided, 1), wins), second));
}

/// Probabilities [rows, classes]: each decision gives one for its pair by a sigmoid that was fitted to it, none of them
/// quite 0 or 1, and the pairs are made to agree.
Value probabilities(Compose &c, Value decided, int64_t classes) {
  OpBinder &op = c.op;
  SmallVector<float> slope = floats(op, "prob_a"), shift = floats(op, "prob_b");
  int64_t pairs = classes * (classes - 1) / 2;
  if (int64_t(slope.size()) != pairs || int64_t(shift.size()) != pairs) {
    (void)op.error("E-ATTR", "prob_a and prob_b have " + Twine(slope.size()) + " and " + Twine(shift.size()) +
                                 " entries; expected " + Twine(pairs) + ", one per pair of its " + Twine(classes) +
                                 " classes");
    return {};
  }
  Value fitted = c.add(c.mul(decided, f32Matrix(op, slope, {pairs})), f32Matrix(op, shift, {pairs}));
  Value first = c.make<SigmoidOp>(c.make<NegOp>(fitted));
  first = c.make<MinOp>(c.make<MaxOp>(first, c.like(first, 1e-7)), c.like(first, 1 - 1e-7));
  return c.make<CoupleProbabilitiesOp>(first, classes);
}

LogicalResult svmClassifier(OpBinder &op) {
  Compose c{op};
  auto perClass = op.intsAttr("vectors_per_class");
  if (!perClass || perClass->empty())
    return op.unsupported("it has no support vectors; supported are machines with vectors_per_class (a linear one is a "
                          "LinearClassifier)");
  int64_t classes = perClass->size();
  if (classes < 2)
    return op.error("E-ATTR", "vectors_per_class has " + Twine(classes) + " entries; expected 2 or more");
  constexpr int64_t kMostClasses = 512; // the constants that count votes have the cube of it as their size
  if (classes > kMostClasses)
    return op.unsupported("vectors_per_class has " + Twine(classes) + " entries; supported are at most " +
                          Twine(kMostClasses));
  Value decided = decisions(c, *perClass);
  if (!decided)
    return failure();
  Value scores = decided;
  if (!floats(op, "prob_a").empty())
    scores = probabilities(c, decided, classes);
  else if (classes == 2)
    scores = c.make<ConcatOp>(SmallVector<Value>{c.make<NegOp>(decided), decided}, int64_t(1));
  return classify(c, scores, BinaryScore::None, "classlabels_ints", "classlabels_strings",
                  votesOf(c, decided, classes));
}

} // namespace

namespace cameo::onnx {
void registerSvmHandlers(HandlerTable &table) {
  table.onMl("SVMRegressor", 1, svmRegressor);
  table.onMl("SVMClassifier", 1, svmClassifier);
}
} // namespace cameo::onnx
