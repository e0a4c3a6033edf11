// ControlFlow.cpp - If, Loop and Scan.
//
// A branch that a constant condition selects is imported in place of the If, so branches that only other shapes would
// take cost nothing and may have any rank. Where the run decides between results that have no common type (a squeezed
// tensor or the tensor itself), the rest of the graph is imported once behind each of them. When it can follow only
// one, or sizes or indices inside a branch contradict each other, the condition becomes a requirement. A loop
// whose body changes a rank has its first iteration in front of it. Scan becomes a loop that gathers its slices.
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "cameo/Import/ONNX/OpBinder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// A value with one element as a scalar.
Value scalarOf(OpBinder &op, Value v) { return op.rank(v) == 0 ? v : op.reshape(v, ArrayRef<int64_t>{}); }

LogicalResult bindResults(OpBinder &op, ValueRange values) {
  for (auto [i, value] : llvm::enumerate(values))
    if (failed(op.result(i, value)))
      return failure();
  return success();
}

const Graph *graphOf(OpBinder &op, StringRef name) {
  const Graph *graph = op.node.getGraph(name);
  if (!graph)
    (void)op.error("E-ATTR", "graph attribute " + name + " is missing");
  return graph;
}

// ---- If

/// The two branches of a cameo.if before its results are known.
class Branches {
public:
  Branches(OpBinder &op, Value condition)
      : op(op), open(IfOp::create(op.builder, op.loc, TypeRange{}, condition)),
        blocks{&open.getThenRegion().emplaceBlock(), &open.getElseRegion().emplaceBlock()} {}

  /// Whether each result is a tensor of one rank, or a sequence of one length, whichever branch runs.
  bool haveCommonTypes() const;
  void discard() { op.discard(open); }
  /// The cameo.if. Sequences are handed on element by element. Errors are reported.
  FailureOr<SmallVector<Binding>> join();

private:
  OpBinder &op;
  IfOp open; ///< holds the blocks

public:
  Block *const blocks[2];
  SmallVector<Binding> results[2];
};

bool Branches::haveCommonTypes() const {
  return llvm::all_of(llvm::zip(results[0], results[1]), [&](auto pair) {
    auto &[x, y] = pair;
    if (x.tensor && y.tensor)
      return op.rank(x.tensor) == op.rank(y.tensor);
    return !x.tensor && !y.tensor && x.sequence.has_value() == y.sequence.has_value() &&
           (!x.sequence || x.sequence->size() == y.sequence->size());
  });
}

FailureOr<SmallVector<Binding>> Branches::join() {
  SmallVector<Value> yielded[2];
  for (int i : {0, 1}) {
    for (const Binding &value : results[i]) {
      if (value.tensor)
        yielded[i].push_back(value.tensor);
      for (Value element : value.sequence.value_or(std::vector<Value>{}))
        yielded[i].push_back(element);
    }
    OpBuilder::InsertionGuard guard(op.builder);
    op.builder.setInsertionPointToEnd(blocks[i]);
    YieldOp::create(op.builder, op.loc, yielded[i]);
  }
  if (yielded[0].size() != yielded[1].size())
    return op.unsupported("a sequence or an optional has not the same number of elements in both branches, and which "
                          "branch runs is known only at run time");
  SmallVector<Type> types(yielded[0].size(), placeholderType(op.builder.getContext()));
  auto ifOp = IfOp::create(op.builder, op.loc, types, open.getCondition());
  ifOp.getThenRegion().takeBody(open.getThenRegion());
  ifOp.getElseRegion().takeBody(open.getElseRegion());
  open.erase();
  Operation *done = finishOp(op.shapes(), ifOp);
  if (!done)
    return failure();
  auto next = done->result_begin();
  SmallVector<Binding> joined(results[0]);
  for (Binding &result : joined) {
    if (result.tensor)
      result.tensor = *next++;
    if (result.sequence)
      for (Value &element : *result.sequence)
        element = *next++;
  }
  return joined;
}

LogicalResult bindAll(OpBinder &op, ArrayRef<Binding> results) {
  for (auto [i, result] : llvm::enumerate(results))
    if (failed(op.bindResult(i, result)))
      return failure();
  return success();
}

LogicalResult importIf(OpBinder &op) {
  const Graph *thenGraph = graphOf(op, "then_branch"), *elseGraph = graphOf(op, "else_branch");
  if (!thenGraph || !elseGraph)
    return failure();
  for (const Graph *graph : {thenGraph, elseGraph})
    if (graph->outputs.size() != op.numOutputs())
      return op.error("E-ARITY", "a branch has " + Twine(graph->outputs.size()) + " outputs; expected " +
                                     Twine(op.numOutputs()) + ", as the node has");
  Value condition = op.input(0);
  if (auto known = op.shapes().constantElements(condition); known && known->size() == 1) {
    auto values = op.importSubgraph(known->front() ? *thenGraph : *elseGraph, op.builder.getInsertionBlock(),
                                    ArrayRef<Binding>{});
    if (failed(values))
      return failure();
    return bindAll(op, *values);
  }
  Branches branches(op, condition);
  std::string why[2]; // a branch cannot run
  for (int i : {0, 1}) {
    auto values = op.importBranch(i == 0 ? *thenGraph : *elseGraph, branches.blocks[i], why[i]);
    if (failed(values) && why[i].empty())
      return failure();
    if (succeeded(values))
      branches.results[i] = std::move(*values);
  }
  const char *where = "none of its branches can run; the first: ";
  if (why[0].empty() && why[1].empty()) {
    if (branches.haveCommonTypes()) {
      auto results = branches.join();
      return failed(results) ? failure() : bindAll(op, *results);
    }
    where = "the nodes behind it can follow neither branch; behind the first: ";
    for (int i : {0, 1}) {
      auto values = op.importRest(branches.blocks[i], branches.results[i], why[i]);
      if (failed(values) && why[i].empty())
        return failure();
      if (succeeded(values))
        branches.results[i] = std::move(*values);
    }
    if (why[0].empty() && why[1].empty()) {
      auto outputs = branches.join();
      if (succeeded(outputs))
        op.endGraph(*outputs);
      return outputs;
    }
  }
  branches.discard();
  if (!why[0].empty() && !why[1].empty())
    return op.error("E-SHAPE", where + why[0]);
  bool wanted = why[0].empty();
  auto results =
      op.importSubgraph(wanted ? *thenGraph : *elseGraph, op.builder.getInsertionBlock(), ArrayRef<Binding>{});
  if (failed(results))
    return failure();
  std::string message =
      (wanted ? "the condition is false, and then " : "the condition is true, and then ") + why[wanted];
  auto require = [&](Value &value) {
    value = op.create<RequireOp>(value, condition, wanted, message);
    return bool(value);
  };
  for (Binding &result : *results)
    if ((result.tensor && !require(result.tensor)) || (result.sequence && !llvm::all_of(*result.sequence, require)))
      return failure();
  return bindAll(op, *results);
}

// ---- Loop

/// Builds the body of a loop: gets (iteration, condition, carried...), gives (condition, carried..., collected...).
using BodyBuilder = llvm::function_ref<FailureOr<SmallVector<Value>>(Block *block, ValueRange arguments)>;

/// A type of whole bytes that holds every value of a packed one: what a loop collects lies one iteration after the
/// other, and an iteration's elements need not fill bytes.
Type collectedType(OpBinder &op, Type type) {
  if (!isPacked(type))
    return type;
  return isNarrowFloat(type) ? Type(op.builder.getType<Float8E4M3FNType>())
                             : Type(op.builder.getIntegerType(8, !type.isUnsignedInteger()));
}

/// The results of a cameo.loop whose carried values keep their static sizes where the body keeps them. The first try
/// assumes that all sizes stay; each axis that the body changes is relaxed to `?` and the body imported again, until
/// nothing changes. A body that changes a rank is told in `changesRank`; it is an error where that is null.
FailureOr<SmallVector<Value>> buildLoop(OpBinder &op, Value tripCount, Value condition, ValueRange carried,
                                        unsigned numCollected, BodyBuilder buildBody, bool *changesRank = nullptr) {
  auto scalar = [&](Type element) { return RankedTensorType::get({}, element); };
  SmallVector<RankedTensorType> carriedTypes;
  for (Value v : carried)
    carriedTypes.push_back(cast<RankedTensorType>(v.getType()));
  while (true) {
    SmallVector<Type> results(carried.size() + numCollected, placeholderType(op.builder.getContext()));
    auto loop = LoopOp::create(op.builder, op.loc, results, tripCount, condition, carried);
    Block *block = &loop.getBody().emplaceBlock();
    block->addArgument(scalar(op.builder.getI64Type()), op.loc);
    block->addArgument(scalar(op.builder.getI1Type()), op.loc);
    for (Type type : carriedTypes)
      block->addArgument(type, op.loc);
    auto values = buildBody(block, block->getArguments());
    if (failed(values))
      return failure();
    bool changed = false;
    for (auto [type, value] : llvm::zip(carriedTypes, ArrayRef(*values).slice(1, carried.size()))) {
      auto yielded = cast<RankedTensorType>(value.getType());
      if (yielded.getRank() != type.getRank()) {
        if (!changesRank)
          continue; // Reported by the op's shape function.
        *changesRank = true;
        op.discard(loop);
        return failure();
      }
      SmallVector<int64_t> sizes(type.getShape());
      for (auto [size, next] : llvm::zip(sizes, yielded.getShape()))
        if (!ShapedType::isDynamic(size) && size != next) {
          size = ShapedType::kDynamic;
          changed = true;
        }
      type = RankedTensorType::get(sizes, type.getElementType());
    }
    if (changed) {
      op.discard(loop);
      continue;
    }
    OpBuilder::InsertionGuard guard(op.builder);
    op.builder.setInsertionPointToEnd(block);
    SmallVector<Type> types = llvm::map_to_vector(*values, [&](Value v) { return op.elementType(v); });
    for (Value &value : MutableArrayRef(*values).drop_front(1 + carried.size()))
      value = op.cast(value, collectedType(op, op.elementType(value)));
    YieldOp::create(op.builder, op.loc, *values);
    if (!finishOp(op.shapes(), loop))
      return failure();
    op.builder.setInsertionPointAfter(loop);
    SmallVector<Value> finished(loop.getResults());
    for (auto [value, type] : llvm::zip(finished, ArrayRef(types).drop_front()))
      value = op.cast(value, type);
    return finished;
  }
}

/// A loop that carries sequences or optionals, whose lengths may change: its iterations one after the other. Their
/// number must be known at compile time.
LogicalResult unrollLoop(OpBinder &op, const Graph &body, SmallVector<Binding> carried) {
  auto known = [&](Value v) { return v ? op.shapes().constantElements(v) : std::nullopt; };
  std::optional<SmallVector<int64_t, 4>> trips = known(op.input(0)), goesOn = known(op.input(1));
  if ((op.hasInput(0) && !trips) || (op.hasInput(1) && !goesOn) || (!trips && !goesOn))
    return op.unsupported(
        "it carries a sequence or an optional, and how often it runs is known only at run time; supported are "
        "trip counts and conditions that are known at compile time");
  size_t numCollected = op.numOutputs() - carried.size();
  SmallVector<SmallVector<Value>> collected(numCollected);
  bool isRunning = !goesOn || goesOn->front() != 0;
  for (int64_t i = 0; isRunning && (!trips || i < trips->front()); ++i) {
    if (failed(op.checkSequenceLength(i + 1)))
      return failure();
    SmallVector<Binding> arguments{op.i64Scalar(i), op.scalar(op.builder.getI1Type(), 1)};
    arguments.append(carried.begin(), carried.end());
    auto values = op.importSubgraph(body, op.builder.getInsertionBlock(), arguments);
    if (failed(values))
      return failure();
    if (op.hasInput(1)) {
      auto next = known(values->front().tensor);
      if (!next)
        return op.unsupported(
            "it carries a sequence or an optional, and the condition that ends it is known only at run time");
      isRunning = next->front() != 0;
    }
    carried.assign(values->begin() + 1, values->begin() + 1 + carried.size());
    for (auto [list, value] : llvm::zip(collected, ArrayRef(*values).drop_front(1 + carried.size()))) {
      if (!value.tensor)
        return op.error("E-TYPE", "an output that the loop collects is not a tensor");
      list.push_back(op.unsqueeze(value.tensor, {0}));
    }
  }
  for (auto [i, value] : llvm::enumerate(carried))
    if (failed(op.bindResult(i, value)))
      return failure();
  for (auto [i, list] : llvm::enumerate(collected)) {
    if (list.empty())
      return op.unsupported("it runs no iteration, so the shape of what it collects is not known");
    if (failed(op.result(carried.size() + i, list.size() == 1 ? list.front() : op.create<ConcatOp>(list, int64_t(0)))))
      return failure();
  }
  return success();
}

/// A Loop node that carries tensors.
class NodeLoop {
public:
  NodeLoop(OpBinder &op, const Graph &body, size_t numCarried)
      : op(op), body(body), numCarried(numCarried), tripCount(op.hasInput(0) ? scalarOf(op, op.input(0)) : Value()),
        condition(op.hasInput(1) ? scalarOf(op, op.input(1)) : Value()) {}

  FailureOr<SmallVector<Value>> build(ValueRange carried, bool *changesRank) {
    return build(tripCount, condition, carried, 0, changesRank);
  }

  /// For a body that changes ranks, as that of a scalar that leaves as one element: behind the first iteration, which
  /// must take place, they stay.
  FailureOr<SmallVector<Value>> buildWithFirstIteration(ValueRange carried) {
    SmallVector<Binding> arguments{op.i64Scalar(0), op.scalar(op.builder.getI1Type(), 1)};
    arguments.append(carried.begin(), carried.end());
    auto bindings = op.importSubgraph(body, op.builder.getInsertionBlock(), arguments);
    if (failed(bindings))
      return failure();
    SmallVector<Value> first;
    for (const Binding &binding : *bindings) {
      if (!binding.tensor)
        return op.error("E-TYPE", "a value that leaves the body is not a tensor, but what enters it is");
      first.push_back(binding.tensor);
    }
    Value left = tripCount ? op.create<SubOp>(tripCount, op.i64Scalar(1)) : Value();
    auto rest = build(left, condition ? scalarOf(op, first.front()) : Value(), ArrayRef(first).slice(1, numCarried), 1,
                      nullptr);
    if (failed(rest))
      return failure();
    for (auto [one, others] :
         llvm::zip(ArrayRef(first).drop_front(1 + numCarried), MutableArrayRef(*rest).drop_front(numCarried)))
      others = op.create<ConcatOp>(SmallVector<Value>{op.unsqueeze(one, {0}), others}, int64_t(0));
    for (Value &value : *rest)
      if (!(value = requireIteration(value)))
        return failure();
    return rest;
  }

private:
  /// The iterations from number `start` on.
  FailureOr<SmallVector<Value>> build(Value tripCount, Value condition, ValueRange carried, int64_t start,
                                      bool *changesRank) {
    auto buildBody = [&](Block *block, ValueRange arguments) -> FailureOr<SmallVector<Value>> {
      OpBuilder::InsertionGuard guard(op.builder);
      op.builder.setInsertionPointToEnd(block);
      SmallVector<Value> inputs(arguments);
      if (start)
        inputs.front() = op.create<AddOp>(inputs.front(), op.i64Scalar(start));
      auto values = op.importSubgraph(body, block, inputs);
      if (failed(values))
        return failure();
      op.builder.setInsertionPointToEnd(block);
      // Without a condition at the start, ONNX ignores what the body says.
      values->front() = condition ? scalarOf(op, values->front()) : op.scalar(op.builder.getI1Type(), 1);
      return values;
    };
    return buildLoop(op, tripCount, condition, carried, op.numOutputs() - numCarried, buildBody, changesRank);
  }

  Value requireIteration(Value value) {
    const char *message = "the loop runs no iteration, and what enters its body has another rank than what leaves it";
    if (tripCount)
      value = op.create<RequireOp>(value, op.create<LessOp>(op.i64Scalar(0), tripCount), true, message);
    if (condition && value)
      value = op.create<RequireOp>(value, condition, true, message);
    return value;
  }

  OpBinder &op;
  const Graph &body;
  size_t numCarried;
  Value tripCount, condition;
};

LogicalResult importLoop(OpBinder &op) {
  const Graph *body = graphOf(op, "body");
  if (!body)
    return failure();
  SmallVector<Binding> bindings;
  SmallVector<Value> carried;
  for (size_t i = 2; i < op.numInputs(); ++i) {
    bindings.push_back(op.binding(i));
    carried.push_back(bindings.back().tensor);
  }
  if (body->inputs.size() != 2 + carried.size() || body->outputs.size() < 1 + carried.size() ||
      body->outputs.size() != 1 + op.numOutputs())
    return op.error("E-ARITY", "the body has " + Twine(body->inputs.size()) + " inputs and " +
                                   Twine(body->outputs.size()) + " outputs; expected " + Twine(2 + carried.size()) +
                                   " and " + Twine(1 + op.numOutputs()) + ", as the node's " + Twine(carried.size()) +
                                   " carried values and " + Twine(op.numOutputs()) + " outputs ask for");
  if (llvm::is_contained(carried, Value()))
    return unrollLoop(op, *body, bindings);
  NodeLoop loop(op, *body, carried.size());
  bool changesRank = false;
  auto results = loop.build(carried, &changesRank);
  if (changesRank)
    results = loop.buildWithFirstIteration(carried);
  return failed(results) ? failure() : bindResults(op, *results);
}

// ---- Scan

/// Everything a Scan node says about its inputs and outputs, whatever the version.
struct ScanSpec {
  const Graph *body;
  SmallVector<int64_t> inputAxes, outputAxes; ///< normalised; outputAxes refer to the result
  SmallVector<bool> inputReverse, outputReverse;
};

/// Slices of size 1 of each scan input go in, in order or in reverse; what the body gives is stacked.
FailureOr<SmallVector<Value>> buildScan(OpBinder &op, const ScanSpec &spec, ValueRange states, ValueRange inputs) {
  OpBuilder &b = op.builder;
  unsigned numCollected = spec.outputAxes.size();
  Value first = inputs.front();
  Value tripCount = op.squeeze(op.create<ShapeOfOp>(first, spec.inputAxes[0], spec.inputAxes[0] + 1), {0});
  auto loop = buildLoop(op, tripCount, Value(), states, numCollected,
                        [&](Block *block, ValueRange arguments) -> FailureOr<SmallVector<Value>> {
                          SmallVector<Value> given(arguments.drop_front(2));
                          {
                            OpBuilder::InsertionGuard guard(b);
                            b.setInsertionPointToEnd(block);
                            for (auto [i, input] : llvm::enumerate(inputs)) {
                              Value index = arguments[0];
                              if (spec.inputReverse[i])
                                index = op.create<SubOp>(op.create<SubOp>(tripCount, op.i64Scalar(1)), index);
                              given.push_back(op.create<GatherOp>(input, index, spec.inputAxes[i]));
                              if (!given.back())
                                return failure();
                            }
                          }
                          auto values = op.importSubgraph(*spec.body, block, given);
                          if (failed(values))
                            return failure();
                          OpBuilder::InsertionGuard guard(b);
                          b.setInsertionPointToEnd(block);
                          values->insert(values->begin(), op.scalar(b.getI1Type(), 1));
                          return values;
                        });
  if (failed(loop))
    return failure();
  SmallVector<Value> results(*loop);
  for (unsigned i = 0; i < numCollected; ++i) {
    Value &result = results[states.size() + i];
    if (spec.outputReverse[i])
      result = op.create<SliceOp>(result, op.i64({-1}), op.i64({std::numeric_limits<int64_t>::min()}), op.i64({-1}),
                                  ArrayRef<int64_t>{0});
    int64_t rank = op.rank(result), axis = spec.outputAxes[i];
    if (axis < -rank || axis >= rank)
      return op.error("E-ATTR", "scan_output_axes has " + Twine(axis) + ", but the output has rank " + Twine(rank) +
                                    "; expected " + Twine(-rank) + " to " + Twine(rank - 1));
    if (axis < 0)
      axis += rank;
    if (axis != 0) {
      SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(1, rank));
      permutation.insert(permutation.begin() + axis, 0);
      result = op.transpose(result, permutation);
    }
    if (!result)
      return failure();
  }
  return results;
}

/// Reads a list of directions: 0 forward, 1 reverse.
LogicalResult readDirections(OpBinder &op, StringRef name, size_t count, SmallVector<bool> &reverse) {
  auto values = op.intsAttr(name);
  if (!values) {
    reverse.assign(count, false);
    return success();
  }
  if (values->size() != count)
    return op.error("E-ATTR", name + " has " + Twine(values->size()) + " entries; expected " + Twine(count));
  for (int64_t value : *values) {
    if (value != 0 && value != 1)
      return op.error("E-ATTR", name + " has " + Twine(value) + "; expected 0 (forward) or 1 (reverse)");
    reverse.push_back(value == 1);
  }
  return success();
}

/// Splits the operands after `skip` into states and scan inputs, and checks the body's arity.
LogicalResult readScan(OpBinder &op, size_t skip, ScanSpec &spec, SmallVector<Value> &states,
                       SmallVector<Value> &inputs) {
  spec.body = graphOf(op, "body");
  if (!spec.body)
    return failure();
  int64_t given = op.numInputs() - skip, numScan = op.intAttr("num_scan_inputs", 0);
  if (numScan < 1 || numScan > given)
    return op.error("E-ATTR", "num_scan_inputs is " + Twine(numScan) + "; expected 1 to " + Twine(given));
  int64_t numStates = given - numScan;
  if (int64_t(spec.body->inputs.size()) != given || spec.body->outputs.size() != op.numOutputs() ||
      int64_t(op.numOutputs()) < numStates)
    return op.error("E-ARITY", "the body has " + Twine(spec.body->inputs.size()) + " inputs and " +
                                   Twine(spec.body->outputs.size()) + " outputs; expected " + Twine(given) + " and " +
                                   Twine(op.numOutputs()) + ", as the node has");
  for (int64_t i = 0; i < given; ++i) {
    Value v = op.input(skip + i);
    if (!v)
      return op.error("E-ARITY", "input " + Twine(skip + i) + " is left out");
    (i < numStates ? states : inputs).push_back(v);
  }
  return success();
}

LogicalResult importScan(OpBinder &op) {
  ScanSpec spec;
  SmallVector<Value> states, inputs;
  if (failed(readScan(op, 0, spec, states, inputs)))
    return failure();
  size_t numCollected = op.numOutputs() - states.size();
  if (failed(readDirections(op, "scan_input_directions", inputs.size(), spec.inputReverse)) ||
      failed(readDirections(op, "scan_output_directions", numCollected, spec.outputReverse)))
    return failure();
  spec.inputAxes = op.intsAttr("scan_input_axes").value_or(SmallVector<int64_t>(inputs.size(), 0));
  spec.outputAxes = op.intsAttr("scan_output_axes").value_or(SmallVector<int64_t>(numCollected, 0));
  if (spec.inputAxes.size() != inputs.size())
    return op.error("E-ATTR", "scan_input_axes has " + Twine(spec.inputAxes.size()) + " entries; expected " +
                                  Twine(inputs.size()));
  if (spec.outputAxes.size() != numCollected)
    return op.error("E-ATTR", "scan_output_axes has " + Twine(spec.outputAxes.size()) + " entries; expected " +
                                  Twine(numCollected));
  for (auto [axis, input] : llvm::zip(spec.inputAxes, inputs)) {
    int64_t rank = op.rank(input);
    if (axis < -rank || axis >= rank)
      return op.error("E-ATTR", "scan_input_axes has " + Twine(axis) + ", but the input has rank " + Twine(rank) +
                                    "; expected " + Twine(-rank) + " to " + Twine(rank - 1));
    if (axis < 0)
      axis += rank;
  }
  auto results = buildScan(op, spec, states, inputs);
  return failed(results) ? failure() : bindResults(op, *results);
}

/// Version 8 has a batch axis in front of everything: a loop over the batch around the scan of one entry.
LogicalResult importScan8(OpBinder &op) {
  if (op.hasInput(0))
    return op.unsupported("sequence_lens is given; supported are sequences of full length");
  ScanSpec spec;
  SmallVector<Value> states, inputs;
  if (failed(readScan(op, 1, spec, states, inputs)))
    return failure();
  for (Value v : llvm::concat<Value>(states, inputs))
    if (op.rank(v) < 1)
      return op.error("E-SHAPE", "a state or scan input is a scalar; expected a batch axis");
  for (Value v : inputs)
    if (op.rank(v) < 2)
      return op.error("E-SHAPE", "a scan input has rank 1; expected a batch and a sequence axis");
  size_t numCollected = op.numOutputs() - states.size();
  if (failed(readDirections(op, "directions", inputs.size(), spec.inputReverse)))
    return failure();
  spec.inputAxes.assign(inputs.size(), 0);
  spec.outputAxes.assign(numCollected, 0);
  spec.outputReverse.assign(numCollected, false);
  Value batch = op.squeeze(op.create<ShapeOfOp>(inputs.front(), int64_t(0), int64_t(1)), {0});
  auto loop = buildLoop(op, batch, Value(), {}, op.numOutputs(),
                        [&](Block *block, ValueRange arguments) -> FailureOr<SmallVector<Value>> {
                          OpBuilder::InsertionGuard guard(op.builder);
                          op.builder.setInsertionPointToEnd(block);
                          auto entry = [&](Value v) { return op.create<GatherOp>(v, arguments[0], int64_t(0)); };
                          auto values = buildScan(op, spec, llvm::map_to_vector(states, entry),
                                                  llvm::map_to_vector(inputs, entry));
                          if (succeeded(values))
                            values->insert(values->begin(), op.scalar(op.builder.getI1Type(), 1));
                          return values;
                        });
  return failed(loop) ? failure() : bindResults(op, *loop);
}

// ---- as ONNX

LogicalResult exportIf(IfOp op, NodeBuilder &b) {
  Edge condition = b(op.getCondition());
  auto then = b.graph(op.getThenRegion().front(), "then"), otherwise = b.graph(op.getElseRegion().front(), "else");
  return b.results(
      b.nodes("If", {condition}, {{"then_branch", then}, {"else_branch", otherwise}}, op->getNumResults()));
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
void registerControlFlowHandlers(HandlerTable &table) {
  table.on("If", 1, importIf);
  table.on("Loop", 1, importLoop);
  table.on("Scan", 8, importScan8);
  table.on("Scan", 9, importScan);

  table.exports<IfOp>(exportIf);
  table.exports<LoopOp>(exportLoop);
}
} // namespace cameo::onnx
