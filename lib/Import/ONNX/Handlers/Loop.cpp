// Loop.cpp - ONNX's Loop.
#include "LoopBuilder.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "cameo/Support/Escaped.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// A Loop node: how often it runs, what it carries.
struct LoopNode {
  const Graph *body;
  Value tripCount, condition; ///< scalars; null where they are not given
  SmallVector<Binding> carried;
  size_t numCollected;
};

FailureOr<LoopNode> readLoop(OpBinder &op) {
  LoopNode loop;
  loop.body = op.graphAttr("body");
  if (!loop.body)
    return failure();
  for (size_t i = 2; i < op.numInputs(); ++i)
    loop.carried.push_back(op.binding(i));
  size_t carried = loop.carried.size(), inputs = loop.body->inputs.size(), outputs = loop.body->outputs.size();
  if (inputs != 2 + carried || outputs < 1 + carried || outputs != 1 + op.numOutputs())
    return op.error("E-ARITY", "the body has " + Twine(inputs) + " inputs and " + Twine(outputs) +
                                   " outputs; expected " + Twine(2 + carried) + " and " + Twine(1 + op.numOutputs()) +
                                   ", as the node's " + Twine(carried) + " carried values and " +
                                   Twine(op.numOutputs()) + " outputs ask for");
  loop.numCollected = op.numOutputs() - carried;
  loop.tripCount = op.hasInput(0) ? op.scalarOf(op.input(0)) : Value();
  loop.condition = op.hasInput(1) ? op.scalarOf(op.input(1)) : Value();
  return loop;
}

/// What the body says about another iteration, as a scalar.
FailureOr<Value> conditionOf(OpBinder &op, const Binding &value) {
  auto tensor = tensorOf(op, value, "the condition that its body gives");
  return failed(tensor) ? tensor : FailureOr<Value>(op.scalarOf(*tensor));
}

/// What the body takes: the number of the iteration and the condition, which are scalars, or vectors of one element
/// where the body declares them so, and what is carried.
SmallVector<Binding> argumentsOf(OpBinder &op, const LoopNode &loop, Value number, Value condition,
                                 ArrayRef<Binding> carried) {
  SmallVector<Binding> arguments{number, condition};
  for (auto [argument, input] : llvm::zip_first(arguments, ArrayRef(loop.body->inputs)))
    if (argument.tensor && input.type.hasShape && input.type.dims.size() == 1)
      argument.tensor = op.unsqueeze(argument.tensor, {0});
  llvm::append_range(arguments, carried);
  return arguments;
}

/// No tensor of the declared type, with 0 for sizes that are not declared; null on failure (reported).
Value nothingOf(OpBinder &op, const ValueInfo &declared) {
  Type type = elementTypeOf(declared.type.elementType, op.builder.getContext());
  if (!declared.type.hasShape || !type || isa<StringType>(type)) {
    (void)op.unsupported("it runs no iteration, and its body does not declare the shape of '" + escaped(declared.name) +
                         "', a tensor of numbers, which it collects");
    return {};
  }
  SmallVector<Dim> sizes{op.dims().constant(0)};
  for (const Dimension &dim : declared.type.dims)
    sizes.push_back(op.dims().constant(std::max<int64_t>(dim.value, 0)));
  return op.create<ExpandOp>(op.scalar(type, 0), op.sizes(sizes));
}

/// The iterations one after the other, as long as it is known at compile time whether there is another; nothing, with
/// no op made, when it is not. What is carried may take another form in each.
FailureOr<std::optional<SmallVector<Binding>>> unroll(OpBinder &op, const LoopNode &loop) {
  using Result = std::optional<SmallVector<Binding>>;
  auto known = [&](Value v) { return v ? op.shapes().constantElements(v) : std::nullopt; };
  auto trips = known(loop.tripCount), goesOn = known(loop.condition);
  if ((loop.tripCount && !trips) || (loop.condition && !goesOn) || (!trips && !goesOn))
    return Result();
  Attempt attempt(op);
  SmallVector<Binding> carried(loop.carried);
  SmallVector<SmallVector<Value>> collected(loop.numCollected);
  bool isRunning = !goesOn || goesOn->front() != 0;
  for (int64_t i = 0; isRunning && (!trips || i < trips->front()); ++i) {
    if (failed(op.checkSequenceLength(i + 1)))
      return failure();
    auto arguments = argumentsOf(op, loop, op.i64Scalar(i), op.scalar(op.builder.getI1Type(), 1), carried);
    auto values = op.importSubgraph(*loop.body, op.builder.getInsertionBlock(), arguments);
    if (failed(values))
      return failure();
    if (loop.condition) {
      auto condition = conditionOf(op, values->front());
      if (failed(condition))
        return failure();
      auto next = known(*condition);
      if (!next) {
        attempt.takeBack();
        return Result();
      }
      isRunning = next->front() != 0;
    }
    carried.assign(values->begin() + 1, values->begin() + 1 + carried.size());
    for (auto [number, list, value] : llvm::enumerate(collected, ArrayRef(*values).drop_front(1 + carried.size()))) {
      auto tensor = tensorOf(op, value, collectedName(carried.size() + number));
      if (failed(tensor))
        return failure();
      list.push_back(op.unsqueeze(*tensor, {0}));
    }
  }
  for (auto [list, declared] : llvm::zip_equal(collected, ArrayRef(loop.body->outputs).take_back(loop.numCollected))) {
    if (list.empty()) {
      list.push_back(nothingOf(op, declared));
      if (!list.back())
        return failure();
    }
    carried.push_back(list.size() == 1 ? list.front() : op.create<ConcatOp>(list, int64_t(0)));
    if (!carried.back().tensor)
      return failure();
  }
  return Result(std::move(carried));
}

/// The iterations from number `start` on; with `mayGiveUp`, nothing where a carried value changes to what has no common
/// form with it, which is an error otherwise.
FailureOr<std::optional<SmallVector<Binding>>> repeat(OpBinder &op, const LoopNode &loop, int64_t start,
                                                      bool mayGiveUp) {
  bool givesUp = false;
  auto body = [&](Block *block, Value iteration, Value condition,
                  ArrayRef<Binding> carried) -> FailureOr<SmallVector<Binding>> {
    Value number = start ? op.create<AddOp>(iteration, op.i64Scalar(start)) : iteration;
    auto values = op.importSubgraph(*loop.body, block, argumentsOf(op, loop, number, condition, carried));
    if (failed(values))
      return failure();
    auto goesOn = conditionOf(op, values->front());
    if (failed(goesOn))
      return failure();
    // Without a condition at the start, ONNX ignores what the body says.
    values->front() = loop.condition ? *goesOn : op.scalar(op.builder.getI1Type(), 1);
    givesUp = mayGiveUp && llvm::any_of(llvm::zip_first(carried, ArrayRef(*values).drop_front()), [&](auto pair) {
                return !join(formOf(op, std::get<0>(pair)), formOf(op, std::get<1>(pair)));
              });
    if (givesUp || !values->front().tensor)
      return failure();
    return values;
  };
  auto results = buildLoop(op, loop.tripCount, loop.condition, loop.carried,
                           ArrayRef(loop.body->outputs).take_back(loop.numCollected), body);
  if (failed(results) && !givesUp)
    return failure();
  return failed(results) ? std::nullopt : std::optional(std::move(*results));
}

/// The results of the first iteration, which the run requires to take place, and of `rest`, those behind it; nothing
/// there where there are none.
LogicalResult joinFirst(OpBinder &op, const LoopNode &loop, ArrayRef<Binding> first,
                        std::optional<SmallVector<Binding>> rest, SmallVector<Binding> &results) {
  const char *message = "the loop runs no iteration, and what enters its body has another rank than what leaves it";
  Compose c{op};
  for (size_t i = 0; i < first.size(); ++i) {
    Binding result = rest ? (*rest)[i] : first[i];
    if (i >= loop.carried.size()) {
      auto tensor = tensorOf(op, first[i], collectedName(i));
      if (failed(tensor))
        return failure();
      Value slice = op.unsqueeze(*tensor, {0});
      result.tensor = rest && slice ? op.create<ConcatOp>(SmallVector<Value>{slice, result.tensor}, int64_t(0)) : slice;
    }
    for (Value *part : result.parts()) {
      if (loop.tripCount)
        *part = c.require(*part, c.make<LessOp>(op.i64Scalar(0), loop.tripCount), message);
      if (loop.condition)
        *part = c.require(*part, loop.condition, message);
      if (!*part)
        return failure();
    }
    results.push_back(result);
  }
  return success();
}

/// The first iteration, which must take place, and then the others: for a body that changes ranks only there, as that
/// of a scalar that leaves as one element. Nothing, with no op made, when it goes on changing them.
FailureOr<std::optional<SmallVector<Binding>>> repeatBehindFirst(OpBinder &op, const LoopNode &loop) {
  using Result = std::optional<SmallVector<Binding>>;
  Attempt attempt(op);
  auto arguments = argumentsOf(op, loop, op.i64Scalar(0), op.scalar(op.builder.getI1Type(), 1), loop.carried);
  auto values = op.importSubgraph(*loop.body, op.builder.getInsertionBlock(), arguments);
  if (failed(values))
    return failure();
  ArrayRef<Binding> first = ArrayRef(*values).drop_front();
  auto trips = loop.tripCount ? op.shapes().constantElements(loop.tripCount) : std::nullopt;
  Result rest;
  // The body need not fit what leaves the last iteration.
  if (!trips || trips->front() != 1) {
    LoopNode others = loop;
    if (loop.tripCount)
      others.tripCount = op.create<SubOp>(loop.tripCount, op.i64Scalar(1));
    if (loop.condition) {
      auto goesOn = conditionOf(op, values->front());
      if (failed(goesOn))
        return failure();
      others.condition = *goesOn;
    }
    llvm::copy(first.take_front(loop.carried.size()), others.carried.begin());
    auto repeated = repeat(op, others, 1, /*mayGiveUp=*/true);
    if (failed(repeated))
      return failure();
    if (!*repeated) {
      attempt.takeBack();
      return Result();
    }
    rest = std::move(*repeated);
  }
  SmallVector<Binding> results;
  if (failed(joinFirst(op, loop, first, std::move(rest), results)))
    return failure();
  return Result(std::move(results));
}

/// Unrolled, a sequence is a list of tensors and costs nothing; so that is tried first for one. A loop of tensors is
/// unrolled where its body goes on changing their ranks.
FailureOr<std::optional<SmallVector<Binding>>> importInSomeForm(OpBinder &op, const LoopNode &loop) {
  if (!llvm::all_of(loop.carried, [](const Binding &value) { return value.tensor && !value.present; })) {
    auto results = unroll(op, loop);
    return failed(results) || *results ? results : repeat(op, loop, 0, /*mayGiveUp=*/false);
  }
  auto trips = loop.tripCount ? op.shapes().constantElements(loop.tripCount) : std::nullopt;
  auto results = repeat(op, loop, 0, /*mayGiveUp=*/true);
  if (succeeded(results) && !*results && !(trips && trips->front() < 1))
    results = repeatBehindFirst(op, loop);
  if (succeeded(results) && !*results)
    results = unroll(op, loop);
  return failed(results) || *results ? results : repeat(op, loop, 0, /*mayGiveUp=*/false); // which says why not
}

LogicalResult importLoop(OpBinder &op) {
  auto loop = readLoop(op);
  if (failed(loop))
    return failure();
  auto results = importInSomeForm(op, *loop);
  return failed(results) ? failure() : op.bindResults(**results);
}

LogicalResult exportLoop(LoopOp op, NodeBuilder &b) {
  SmallVector<Edge> inputs{op.getTripCount() ? b.scalar(op.getTripCount()) : Edge(),
                           op.getCondition() ? b.scalar(op.getCondition()) : Edge()};
  if (!inputs[1] && op.getCarried().empty()) // a node has two inputs at least
    inputs[1] = b.number(IntegerType::get(op.getContext(), 1), 1);
  llvm::append_range(inputs, b(op.getCarried()));
  return b.results(b.nodes("Loop", inputs, {{"body", b.graph(op.getBody().front(), "body")}}, op->getNumResults()));
}

} // namespace

namespace cameo::onnx {
void registerLoopHandlers(HandlerTable &table) {
  table.on("Loop", 1, importLoop);

  table.exports<LoopOp>(exportLoop);
}
} // namespace cameo::onnx
