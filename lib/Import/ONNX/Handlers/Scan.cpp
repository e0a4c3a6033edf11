// Scan.cpp - Scan: a loop that gathers its slices.
#include "LoopBuilder.h"
#include "cameo/Import/ONNX/Reader.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

SmallVector<Binding> asBindings(ValueRange values) { return SmallVector<Binding>(values.begin(), values.end()); }

/// Everything a Scan node says about its inputs and outputs, whatever the version.
struct ScanSpec {
  const Graph *body;
  SmallVector<int64_t> inputAxes, outputAxes; ///< normalised; outputAxes refer to the result
  SmallVector<bool> inputReverse, outputReverse;
};

/// Slices of size 1 of each scan input go in, in order or in reverse; what the body gives is stacked.
FailureOr<SmallVector<Value>> buildScan(OpBinder &op, const ScanSpec &spec, ValueRange states, ValueRange inputs) {
  unsigned numCollected = spec.outputAxes.size();
  Value first = inputs.front();
  Value tripCount = op.squeeze(op.create<ShapeOfOp>(first, spec.inputAxes[0], spec.inputAxes[0] + 1), {0});
  auto body = [&](Block *block, Value iteration, Value, ArrayRef<Binding> carried) -> FailureOr<SmallVector<Binding>> {
    SmallVector<Binding> given(carried);
    for (auto [i, input] : llvm::enumerate(inputs)) {
      Value index = iteration;
      if (spec.inputReverse[i])
        index = op.create<SubOp>(op.create<SubOp>(tripCount, op.i64Scalar(1)), index);
      given.push_back(op.create<GatherOp>(input, index, spec.inputAxes[i]));
      if (!given.back().tensor)
        return failure();
    }
    auto values = op.importSubgraph(*spec.body, block, given);
    if (succeeded(values))
      values->insert(values->begin(), op.scalar(op.builder.getI1Type(), 1));
    return values;
  };
  auto loop =
      buildLoop(op, tripCount, Value(), asBindings(states), ArrayRef(spec.body->outputs).take_back(numCollected), body);
  if (failed(loop))
    return failure();
  SmallVector<Value> results;
  for (auto [i, value] : llvm::enumerate(*loop)) {
    auto tensor = tensorOf(op, value, "output " + Twine(i));
    if (failed(tensor))
      return failure();
    results.push_back(*tensor);
  }
  for (unsigned i = 0; i < numCollected; ++i) {
    Value &result = results[states.size() + i];
    if (spec.outputReverse[i])
      result = op.create<SliceOp>(result, op.i64({-1}), op.i64({std::numeric_limits<int64_t>::min()}), op.i64({-1}),
                                  ArrayRef<int64_t>{0});
    int64_t rank = op.rank(result), axis = spec.outputAxes[i];
    if (axis < -rank || axis >= rank)
      return op.error("E-ATTR", "entry " + Twine(i) + " of scan_output_axes is " + Twine(axis) + ", but output " +
                                    Twine(states.size() + i) + " has rank " + Twine(rank) + "; expected " +
                                    Twine(-rank) + " to " + Twine(rank - 1));
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
  spec.body = op.graphAttr("body");
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
      return op.error("E-ARITY", "input " + Twine(skip + i) + " is left out; expected " + Twine(given) +
                                     " states and scan inputs, as the body has inputs");
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
  for (auto [i, axis, input] : llvm::enumerate(spec.inputAxes, inputs)) {
    int64_t rank = op.rank(input);
    std::string name = "input '" + escaped(op.node.inputs[states.size() + i]) + "'";
    if (rank == 0)
      return op.error("E-SHAPE", name + " is a scalar; expected an axis to scan along");
    if (axis < -rank || axis >= rank)
      return op.error("E-ATTR", "entry " + Twine(i) + " of scan_input_axes is " + Twine(axis) + ", but " + name +
                                    " has rank " + Twine(rank) + "; expected " + Twine(-rank) + " to " +
                                    Twine(rank - 1));
    if (axis < 0)
      axis += rank;
  }
  auto results = buildScan(op, spec, states, inputs);
  return failed(results) ? failure() : op.bindResults(asBindings(*results));
}

/// Version 8 has a batch axis in front of everything: a loop over the batch around the scan of one entry.
LogicalResult importScan8(OpBinder &op) {
  if (op.hasInput(0))
    return op.unsupported("sequence_lens is given; supported are sequences of full length");
  ScanSpec spec;
  SmallVector<Value> states, inputs;
  if (failed(readScan(op, 1, spec, states, inputs)))
    return failure();
  for (auto [i, v] : llvm::enumerate(llvm::concat<Value>(states, inputs))) {
    bool isState = i < states.size();
    if (op.rank(v) < (isState ? 1 : 2))
      return op.error("E-SHAPE", (isState ? "state '" : "scan input '") + escaped(op.node.inputs[1 + i]) +
                                     "' has rank " + Twine(op.rank(v)) + "; expected a batch axis" +
                                     (isState ? "" : " and a sequence axis"));
  }
  size_t numCollected = op.numOutputs() - states.size();
  if (failed(readDirections(op, "directions", inputs.size(), spec.inputReverse)))
    return failure();
  spec.inputAxes.assign(inputs.size(), 0);
  spec.outputAxes.assign(numCollected, 0);
  spec.outputReverse.assign(numCollected, false);
  Value batch = op.squeeze(op.create<ShapeOfOp>(inputs.front(), int64_t(0), int64_t(1)), {0});
  auto body = [&](Block *, Value iteration, Value, ArrayRef<Binding>) -> FailureOr<SmallVector<Binding>> {
    auto entry = [&](Value v) { return op.create<GatherOp>(v, iteration, int64_t(0)); };
    auto values = buildScan(op, spec, llvm::map_to_vector(states, entry), llvm::map_to_vector(inputs, entry));
    if (failed(values))
      return failure();
    values->insert(values->begin(), op.scalar(op.builder.getI1Type(), 1));
    return asBindings(*values);
  };
  auto loop = buildLoop(op, batch, Value(), {}, SmallVector<ValueInfo>(op.numOutputs()), body);
  return failed(loop) ? failure() : op.bindResults(*loop);
}

} // namespace

namespace cameo::onnx {
void registerScanHandlers(HandlerTable &table) {
  table.on("Scan", 8, importScan8);
  table.on("Scan", 9, importScan);
}
} // namespace cameo::onnx
