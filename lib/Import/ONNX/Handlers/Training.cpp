// Training.cpp - the optimizers of ai.onnx.preview.training. Each takes a learning rate R and an update count T, then n
// tensors each of X (parameters), G (gradients) and its state; the formulas are those of ONNX.
#include "Compose.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// One parameter's inputs and scalars in its type.
struct Update {
  Compose &c;
  Value x, gradient;
  SmallVector<Value> state;

  Value scalar(size_t input) {
    Value v = c.op.input(input);
    return c.cast(v && c.op.rank(v) ? c.op.reshape(v, ArrayRef<int64_t>{}) : v, c.op.elementType(x));
  }
  Value rate() { return scalar(0); }
  Value count() { return scalar(1); }
  Value isFirst() { return c.make<LessEqualOp>(count(), c.like(count(), 0)); }
  double attribute(StringRef name, double fallback = 0) { return c.op.floatAttr(name, fallback); }
  /// The gradient with that of the penalty on large parameters.
  Value regularized() { return c.add(c.mul(x, attribute("norm_coefficient")), gradient); }
};

/// Calls `update` for each parameter; it gives the new parameter and the new state.
template <unsigned numStates, typename Fn> LogicalResult optimize(OpBinder &op, Fn update) {
  Compose c{op};
  constexpr size_t kLists = 2 + numStates;
  if (op.numInputs() < 2 + kLists || (op.numInputs() - 2) % kLists)
    return op.error("E-ARITY",
                    "it has " + Twine(op.numInputs()) + " inputs; expected 2 and a multiple of " + Twine(kLists));
  size_t count = (op.numInputs() - 2) / kLists;
  for (size_t i = 0; i < count; ++i) {
    Update u{c, op.input(2 + i), op.input(2 + count + i), {}};
    for (size_t s = 0; s < numStates; ++s)
      u.state.push_back(op.input(2 + (2 + s) * count + i));
    SmallVector<Value> results = update(u);
    for (auto [list, value] : llvm::enumerate(results))
      if (failed(op.result(list * count + i, value)))
        return failure();
  }
  return success();
}

LogicalResult adagrad(OpBinder &op) {
  return optimize<1>(op, [](Update &u) -> SmallVector<Value> {
    Compose &c = u.c;
    Value decayed = c.add(c.mul(u.count(), u.attribute("decay_factor")), 1.0);
    Value gradient = u.regularized();
    Value squares = c.add(u.state[0], c.mul(gradient, gradient));
    Value step =
        c.div(c.mul(c.div(u.rate(), decayed), gradient), c.add(c.make<SqrtOp>(squares), u.attribute("epsilon")));
    return {c.sub(u.x, step), squares};
  });
}

LogicalResult adam(OpBinder &op) {
  return optimize<2>(op, [](Update &u) -> SmallVector<Value> {
    Compose &c = u.c;
    double alpha = u.attribute("alpha", 0.9), beta = u.attribute("beta", 0.999);
    Value gradient = u.regularized();
    Value mean = c.add(c.mul(u.state[0], alpha), c.mul(gradient, 1 - alpha));
    Value squares = c.add(c.mul(u.state[1], beta), c.mul(c.mul(gradient, gradient), 1 - beta));
    // Both averages began at 0, which the rate makes up for.
    auto bias = [&](double base) { return c.sub(c.like(u.x, 1), c.make<PowOp>(c.like(u.x, base), u.count())); };
    Value corrected = c.div(c.mul(u.rate(), c.make<SqrtOp>(bias(beta))), bias(alpha));
    Value rate = c.where(u.isFirst(), u.rate(), corrected);
    Value x = c.sub(u.x, c.div(c.mul(rate, mean), c.add(c.make<SqrtOp>(squares), u.attribute("epsilon"))));
    return {c.mul(x, 1 - u.attribute("norm_coefficient_post")), mean, squares};
  });
}

LogicalResult momentum(OpBinder &op) {
  StringRef mode = op.stringAttr("mode", "");
  if (mode != "standard" && mode != "nesterov")
    return op.error("E-ATTR", "mode is '" + mode + "'; expected standard or nesterov");
  return optimize<1>(op, [mode](Update &u) -> SmallVector<Value> {
    Compose &c = u.c;
    double alpha = u.attribute("alpha");
    Value gradient = u.regularized();
    Value beta = c.where(u.isFirst(), c.like(u.x, 1), c.like(u.x, u.attribute("beta")));
    Value velocity = c.add(c.mul(u.state[0], alpha), c.mul(beta, gradient));
    Value step = mode == "standard" ? velocity : c.add(gradient, c.mul(velocity, alpha));
    return {c.sub(u.x, c.mul(u.rate(), step)), velocity};
  });
}

LogicalResult gradient(OpBinder &op) {
  return op.unsupported("gradients are not derived from a graph; export the model with the nodes of its backward pass");
}

} // namespace

namespace cameo::onnx {
void registerTrainingHandlers(HandlerTable &table) {
  constexpr StringLiteral kDomain = "ai.onnx.preview.training";
  table.add(kDomain, "Adagrad", 1, adagrad);
  table.add(kDomain, "Adam", 1, adam);
  table.add(kDomain, "Momentum", 1, momentum);
  table.add(kDomain, "Gradient", 1, gradient);
}
} // namespace cameo::onnx
