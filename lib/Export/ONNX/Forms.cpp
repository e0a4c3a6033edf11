// Forms.cpp - ops that are one node of the same operands: by the form that the family's list gives, or by the def's
// ONNX name.
#include "GraphExporter.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

/// An attribute of the dialect as ONNX has it; nothing for kinds that ONNX has not.
static std::optional<NodeAttribute> converted(StringRef name, mlir::Attribute attribute) {
  if (auto integer = dyn_cast<IntegerAttr>(attribute))
    return NodeAttribute(name, integer.getType().isInteger(1) ? int64_t(integer.getValue().getBoolValue())
                                                              : integer.getInt());
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return NodeAttribute(name, number.getValue());
  if (auto text = dyn_cast<StringAttr>(attribute))
    return NodeAttribute(name, text.getValue());
  if (auto integers = dyn_cast<DenseI64ArrayAttr>(attribute))
    return NodeAttribute(name, integers.asArrayRef());
  if (auto numbers = dyn_cast<DenseF32ArrayAttr>(attribute))
    return NodeAttribute(name, numbers.asArrayRef());
  if (auto type = dyn_cast<TypeAttr>(attribute))
    return NodeAttribute(name, type.getValue());
  return std::nullopt;
}

LogicalResult cameo::onnx::exportByForm(NodeBuilder &b, StringRef form) {
  auto [opType, list] = form.split('(');
  list.consume_back(")");
  SmallVector<NodeAttribute> attributes;
  SmallVector<StringRef> parts;
  list.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    auto [name, own] = part.trim().split('=');
    if (own.empty())
      own = name;
    bool isFlag = own.consume_back("?");
    mlir::Attribute value = b.op->getAttr(own);
    if (isFlag)
      attributes.emplace_back(name, int64_t(bool(value)));
    else if (value)
      attributes.push_back(*converted(name, value));
  }
  return b.results(b.nodes(opType, b.operands(), attributes, b.op->getNumResults()));
}

LogicalResult cameo::onnx::exportPointwise(NodeBuilder &b, StringRef onnxName) {
  SmallVector<NodeAttribute> attributes;
  for (StringAttr name : b.op->getName().getAttributeNames())
    if (mlir::Attribute value = b.op->getAttr(name))
      attributes.push_back(*converted(name, value));
  return b.result(b.node(onnxName, b.operands(), attributes));
}
