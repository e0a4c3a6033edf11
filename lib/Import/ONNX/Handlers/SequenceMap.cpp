// SequenceMap.cpp - SequenceMap: its body once per element, or a loop where only the run knows how many there are.
#include "LoopBuilder.h"
#include "cameo/Import/ONNX/Reader.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// The body once per element.
LogicalResult mapList(OpBinder &op, const Graph &body, ArrayRef<Binding> inputs) {
  std::vector<std::vector<Value>> results(op.numOutputs());
  for (size_t i = 0; i < inputs.front().list->size(); ++i) {
    SmallVector<Value> arguments;
    for (auto [number, given] : llvm::enumerate(inputs)) {
      if (given.list && given.list->size() != inputs.front().list->size())
        return op.error("E-SHAPE", "input '" + op.node.inputs[number] + "' has " + Twine(given.list->size()) +
                                       " elements, input '" + op.node.inputs[0] + "' has " +
                                       Twine(inputs.front().list->size()));
      arguments.push_back(given.list ? (*given.list)[i] : given.tensor);
    }
    auto values = op.importSubgraph(body, op.builder.getInsertionBlock(), ValueRange(arguments));
    if (failed(values))
      return failure();
    for (auto [result, value] : llvm::zip(results, *values))
      result.push_back(value);
  }
  return op.bindResults(SmallVector<Binding>(results.begin(), results.end()));
}

/// A loop over the elements, which carries the results and appends to them. `inputs` are ragged sequences and tensors.
LogicalResult mapRagged(OpBinder &op, const Graph &graph, MutableArrayRef<Binding> inputs) {
  Compose c{op};
  Value count = raggedLength(op, *inputs.front().ragged);
  for (auto [i, given] : llvm::enumerate(inputs.drop_front()))
    if (given.ragged) {
      Value &shapes = given.ragged->shapes;
      shapes = c.require(shapes, c.make<EqualOp>(count, raggedLength(op, *given.ragged)),
                         "input '" + escaped(op.node.inputs[i + 1]) + "' has not as many elements as input '" +
                             escaped(op.node.inputs[0]) + "'");
      if (!shapes)
        return failure();
    }
  auto body = [&](Block *block, Value i, Value, ArrayRef<Binding> carried) -> FailureOr<SmallVector<Binding>> {
    SmallVector<Value> arguments;
    for (const Binding &given : inputs)
      arguments.push_back(given.ragged ? raggedAt(op, *given.ragged, i) : given.tensor);
    if (llvm::is_contained(arguments, Value()))
      return failure();
    auto values = op.importSubgraph(graph, block, ValueRange(arguments));
    if (failed(values))
      return failure();
    SmallVector<Binding> next{op.scalar(op.builder.getI1Type(), 1)};
    for (auto [sequence, value] : llvm::zip(carried, *values)) {
      if (sequence.list) { // still empty: the first result says what the elements are
        next.push_back(raggedOf(op, value, op.elementType(value), op.rank(value)));
        continue;
      }
      RaggedSequence longer = raggedAppend(op, *sequence.ragged, value);
      if (!longer)
        return failure();
      next.push_back(longer);
    }
    return next;
  };
  auto results = buildLoop(op, count, Value(), SmallVector<Binding>(op.numOutputs(), std::vector<Value>()), {}, body);
  return failed(results) ? failure() : op.bindResults(*results);
}

LogicalResult map(OpBinder &op) {
  const Graph *body = op.graphAttr("body");
  if (!body)
    return failure();
  auto first = op.sequenceInput(0);
  if (failed(first))
    return failure();
  if (body->inputs.size() != op.numInputs() || body->outputs.size() != op.numOutputs())
    return op.error("E-ARITY", "the body has " + Twine(body->inputs.size()) + " inputs and " +
                                   Twine(body->outputs.size()) + " outputs; expected " + Twine(op.numInputs()) +
                                   " and " + Twine(op.numOutputs()) + ", as the node has");
  SmallVector<Binding> inputs{*first};
  for (size_t i = 1; i < op.numInputs(); ++i) {
    Binding given = op.binding(i);
    auto sequence = given.isSequence() ? op.sequenceInput(i) : FailureOr<Binding>(Binding(op.input(i)));
    if (failed(sequence) || !sequence->isGiven())
      return failure();
    inputs.push_back(std::move(*sequence));
  }
  if (llvm::none_of(inputs, [](const Binding &given) { return given.ragged.has_value(); }))
    return mapList(op, *body, inputs);
  for (auto [i, given] : llvm::enumerate(inputs)) {
    if (!given.list)
      continue;
    auto form = raggedForm(formOf(op, given));
    if (!form || !form->elementType)
      return op.error(
          "E-SHAPE",
          "input '" + op.node.inputs[i] + "' has " + Twine(given.list->size()) +
              " elements, which only the run can compare with the other inputs; expected elements of one type");
    given = convert(op, given, *form);
  }
  return mapRagged(op, *body, inputs);
}

} // namespace

namespace cameo::onnx {
void registerSequenceMapHandlers(HandlerTable &table) { table.on("SequenceMap", 17, map); }
} // namespace cameo::onnx
