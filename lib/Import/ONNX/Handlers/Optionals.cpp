// Optionals.cpp - optionals. Most are known to have an element or none at compile time; otherwise the program has a
// flag.
#include "cameo/Import/ONNX/OpBinder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

LogicalResult makeOptional(OpBinder &op) { return op.bindResult(0, op.binding(0)); }

LogicalResult hasElement(OpBinder &op) {
  Binding given = op.binding(0);
  return op.result(given.present ? given.present : op.scalar(op.builder.getI1Type(), given.isGiven()));
}

LogicalResult getElement(OpBinder &op) {
  Binding given = op.binding(0);
  if (!given.isGiven())
    return op.error("E-TYPE", "input '" + op.node.inputs[0] + "' is an optional without an element");
  return given.present ? op.bindResult(0, op.requirePresent(0)) : op.bindResult(0, given);
}

} // namespace

namespace cameo::onnx {
void registerOptionalsHandlers(HandlerTable &table) {
  table.on("Optional", 15, makeOptional);
  table.on("OptionalHasElement", 15, hasElement);
  table.on("OptionalGetElement", 15, getElement);
}
} // namespace cameo::onnx
