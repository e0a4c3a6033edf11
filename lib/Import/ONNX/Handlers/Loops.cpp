// Loops.cpp - the functions declared in Loops.h, and ONNX's Loop.
#include "Loops.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

Value cameo::onnx::scalarOf(OpBinder &op, Value v) { return op.rank(v) == 0 ? v : op.reshape(v, ArrayRef<int64_t>{}); }

const Graph *cameo::onnx::graphOf(OpBinder &op, StringRef name) {
  const Graph *graph = op.node.getGraph(name);
  if (!graph)
    (void)op.error("E-ATTR", "graph attribute " + name + " is missing");
  return graph;
}

namespace {

/// Ops that are made while it lives, at the end of one block, and may be taken back.
class Attempt {
public:
  explicit Attempt(OpBinder &op) : op(op), mark(op.i64Scalar(0).getDefiningOp()) {}
  ~Attempt() { op.discard(mark); }
  void takeBack() {
    while (&mark->getBlock()->back() != mark)
      op.discard(&mark->getBlock()->back());
    op.builder.setInsertionPointToEnd(mark->getBlock());
  }

private:
  OpBinder &op;
  Operation *mark; ///< an initializer that is first used now becomes a constant in front of it, and stays
};

/// A type of whole bytes that holds every value of a packed one: what a loop collects lies one iteration after the
/// other, and an iteration's elements need not fill bytes.
Type collectedType(OpBinder &op, Type type) {
  if (!isPacked(type))
    return type;
  return isNarrowFloat(type) ? Type(op.builder.getType<Float8E4M3FNType>())
                             : Type(op.builder.getIntegerType(8, !type.isUnsignedInteger()));
}

/// One try: carried values keep their forms and static sizes over all iterations.
class LoopBuilder {
public:
  LoopBuilder(OpBinder &op, ArrayRef<Binding> carried, size_t numCollected, SmallVector<Form> &forms)
      : op(op), carried(carried), numCollected(numCollected), forms(forms) {}

  /// The results; nothing when `forms` have been widened, so that it takes another try.
  FailureOr<std::optional<SmallVector<Binding>>> build(Value tripCount, Value condition, LoopBody body);

private:
  LogicalResult widenForms(ArrayRef<Binding> yielded);
  FailureOr<SmallVector<Value>> collected(ArrayRef<Binding> values);

  OpBinder &op;
  ArrayRef<Binding> carried;
  size_t numCollected;
  SmallVector<Form> &forms;
};

LogicalResult LoopBuilder::widenForms(ArrayRef<Binding> yielded) {
  for (auto [i, form, value] : llvm::enumerate(forms, yielded)) {
    Form next = formOf(op, value);
    auto joined = join(form, next);
    if (!joined)
      return op.error("E-SHAPE", "carried value " + Twine(i) + " enters the body as " + describe(op, form) +
                                     " and leaves it as " + describe(op, next) + "; Cameo needs one form");
    form = std::move(*joined);
  }
  return success();
}

/// As they are stacked.
FailureOr<SmallVector<Value>> LoopBuilder::collected(ArrayRef<Binding> values) {
  SmallVector<Value> tensors;
  for (auto [i, value] : llvm::enumerate(values)) {
    if (!value.tensor || value.present)
      return op.error("E-TYPE", "output " + Twine(carried.size() + i) + ", which the loop collects, is " +
                                    describe(op, formOf(op, value)) + "; expected a tensor");
    tensors.push_back(op.cast(value.tensor, collectedType(op, op.elementType(value.tensor))));
    if (!tensors.back())
      return failure();
  }
  return tensors;
}

FailureOr<std::optional<SmallVector<Binding>>> LoopBuilder::build(Value tripCount, Value condition, LoopBody body) {
  using Result = std::optional<SmallVector<Binding>>;
  MLIRContext *context = op.builder.getContext();
  auto initial = partsOf(op, carried, forms);
  if (failed(initial))
    return failure();
  SmallVector<Type> results(initial->size() + numCollected, placeholderType(context));
  auto loop = LoopOp::create(op.builder, op.loc, results, tripCount, condition, *initial);
  Block *block = &loop.getBody().emplaceBlock();
  block->addArgument(RankedTensorType::get({}, op.builder.getI64Type()), op.loc);
  block->addArgument(RankedTensorType::get({}, op.builder.getI1Type()), op.loc);
  for (const Form &form : forms)
    for (Type type : form.partTypes(context))
      block->addArgument(type, op.loc);
  SmallVector<Type> collectedTypes;
  {
    OpBuilder::InsertionGuard guard(op.builder);
    op.builder.setInsertionPointToEnd(block);
    ValueRange arguments = block->getArguments();
    auto values = body(block, arguments[0], arguments[1], bindingsOf(op, forms, arguments.drop_front(2)));
    if (failed(values))
      return failure();
    op.builder.setInsertionPointToEnd(block);
    SmallVector<Form> before(forms);
    ArrayRef<Binding> next = ArrayRef(*values).slice(1, carried.size()),
                      stacked = ArrayRef(*values).drop_front(1 + carried.size());
    if (failed(widenForms(next)))
      return failure();
    if (!llvm::equal(before, forms))
      return Result();
    auto parts = partsOf(op, next, forms);
    auto tensors = collected(stacked);
    if (failed(parts) || failed(tensors))
      return failure();
    for (const Binding &value : stacked)
      collectedTypes.push_back(op.elementType(value.tensor));
    SmallVector<Value> yielded{values->front().tensor};
    llvm::append_range(yielded, *parts);
    llvm::append_range(yielded, *tensors);
    YieldOp::create(op.builder, op.loc, yielded);
  }
  if (!finishOp(op.shapes(), loop))
    return failure();
  SmallVector<Binding> finished = bindingsOf(op, forms, loop.getResults());
  for (auto [value, type] : llvm::zip_equal(loop.getResults().drop_front(initial->size()), collectedTypes))
    finished.push_back(op.cast(value, type));
  return Result(std::move(finished));
}

} // namespace

FailureOr<SmallVector<Binding>> cameo::onnx::buildLoop(OpBinder &op, Value tripCount, Value condition,
                                                       ArrayRef<Binding> carried, size_t numCollected, LoopBody body) {
  SmallVector<Form> forms = llvm::map_to_vector(carried, [&](const Binding &value) { return formOf(op, value); });
  LoopBuilder builder(op, carried, numCollected, forms);
  while (true) {
    Attempt attempt(op);
    auto results = builder.build(tripCount, condition, body);
    if (succeeded(results) && *results)
      return std::move(**results);
    attempt.takeBack();
    if (failed(results))
      return failure();
  }
}

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
  loop.body = graphOf(op, "body");
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
  loop.tripCount = op.hasInput(0) ? scalarOf(op, op.input(0)) : Value();
  loop.condition = op.hasInput(1) ? scalarOf(op, op.input(1)) : Value();
  return loop;
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
    SmallVector<Binding> arguments{op.i64Scalar(i), op.scalar(op.builder.getI1Type(), 1)};
    llvm::append_range(arguments, carried);
    auto values = op.importSubgraph(*loop.body, op.builder.getInsertionBlock(), arguments);
    if (failed(values))
      return failure();
    if (loop.condition) {
      auto next = known(values->front().tensor);
      if (!next) {
        attempt.takeBack();
        return Result();
      }
      isRunning = next->front() != 0;
    }
    carried.assign(values->begin() + 1, values->begin() + 1 + carried.size());
    for (auto [list, value] : llvm::zip(collected, ArrayRef(*values).drop_front(1 + carried.size()))) {
      if (!value.tensor || value.present)
        return op.error("E-TYPE", "an output that the loop collects is not a tensor");
      list.push_back(op.unsqueeze(value.tensor, {0}));
    }
  }
  for (SmallVector<Value> &list : collected) {
    if (list.empty())
      return op.unsupported("it runs no iteration, so the shape of what it collects is not known");
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
    SmallVector<Binding> arguments{number, condition};
    llvm::append_range(arguments, carried);
    auto values = op.importSubgraph(*loop.body, block, arguments);
    if (failed(values))
      return failure();
    Value goesOn = values->front().tensor;
    if (!goesOn)
      return op.error("E-TYPE", "the condition that its body gives is no tensor");
    // Without a condition at the start, ONNX ignores what the body says.
    values->front() = loop.condition ? scalarOf(op, goesOn) : op.scalar(op.builder.getI1Type(), 1);
    givesUp = mayGiveUp && llvm::any_of(llvm::zip_first(carried, ArrayRef(*values).drop_front()), [&](auto pair) {
                return !join(formOf(op, std::get<0>(pair)), formOf(op, std::get<1>(pair)));
              });
    if (givesUp || !values->front().tensor)
      return failure();
    return values;
  };
  auto results = buildLoop(op, loop.tripCount, loop.condition, loop.carried, loop.numCollected, body);
  if (failed(results) && !givesUp)
    return failure();
  return failed(results) ? std::nullopt : std::optional(std::move(*results));
}

/// The first iteration, which must take place, and then the others: for a body that changes ranks only there, as that
/// of a scalar that leaves as one element. Nothing, with no op made, when it goes on changing them.
FailureOr<std::optional<SmallVector<Binding>>> repeatBehindFirst(OpBinder &op, const LoopNode &loop) {
  using Result = std::optional<SmallVector<Binding>>;
  Attempt attempt(op);
  SmallVector<Binding> arguments{op.i64Scalar(0), op.scalar(op.builder.getI1Type(), 1)};
  llvm::append_range(arguments, loop.carried);
  auto first = op.importSubgraph(*loop.body, op.builder.getInsertionBlock(), arguments);
  if (failed(first))
    return failure();
  LoopNode rest = loop;
  if (loop.tripCount)
    rest.tripCount = op.create<SubOp>(loop.tripCount, op.i64Scalar(1));
  if (loop.condition)
    rest.condition = first->front().tensor ? scalarOf(op, first->front().tensor) : Value();
  if (bool(loop.condition) != bool(rest.condition))
    return op.error("E-TYPE", "the condition that its body gives is no tensor");
  llvm::copy(ArrayRef(*first).slice(1, loop.carried.size()), rest.carried.begin());
  auto results = repeat(op, rest, 1, /*mayGiveUp=*/true);
  if (failed(results))
    return failure();
  if (!*results) {
    attempt.takeBack();
    return Result();
  }
  const char *message = "the loop runs no iteration, and what enters its body has another rank than what leaves it";
  auto requireIteration = [&](Value &value) {
    if (loop.tripCount)
      value = op.create<RequireOp>(value, op.create<LessOp>(op.i64Scalar(0), loop.tripCount), true, message);
    if (loop.condition && value)
      value = op.create<RequireOp>(value, loop.condition, true, message);
    return bool(value);
  };
  for (auto [i, result] : llvm::enumerate(**results)) {
    if (i >= loop.carried.size())
      result.tensor =
          op.create<ConcatOp>(SmallVector<Value>{op.unsqueeze((*first)[1 + i].tensor, {0}), result.tensor}, int64_t(0));
    for (Value *part : result.parts())
      if (!*part || !requireIteration(*part))
        return failure();
  }
  return results;
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
  if (failed(results))
    return failure();
  for (auto [i, result] : llvm::enumerate(**results))
    if (failed(op.bindResult(i, result)))
      return failure();
  return success();
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
void registerLoopsHandlers(HandlerTable &table) {
  table.on("Loop", 1, importLoop);

  table.exports<LoopOp>(exportLoop);
}
} // namespace cameo::onnx
