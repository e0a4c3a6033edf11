// Schemas.cpp - which version of an op takes a node, and what types it gives.
#include "GraphExporter.h"
#include "cameo/Import/ONNX/Schema.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

int64_t cameo::onnx::baseOpset(StringRef domain) { return domain.empty() ? 21 : domain == "ai.onnx.ml" ? 3 : 1; }

static bool admits(const OpSchema &schema, ArrayRef<Edge> inputs, ArrayRef<NodeAttribute> attributes,
                   unsigned numOutputs, MLIRContext *context) {
  if (schema.deprecated || int64_t(inputs.size()) > schema.maxInputs || int64_t(numOutputs) > schema.maxOutputs)
    return false;
  for (auto [i, input] : llvm::enumerate(inputs))
    if (const FormalParameter *formal = schema.input(i); input && input.elementType && formal)
      if (!formal->types.allowsTensor(dataTypeOf(input.elementType)))
        return false;
  for (unsigned i = 0; i < numOutputs; ++i)
    if (Type type = outputType(schema, i, inputs, attributes, context))
      if (!schema.output(i)->types.allowsTensor(dataTypeOf(type)))
        return false;
  return llvm::all_of(attributes, [&](const NodeAttribute &a) { return schema.attribute(a.name); });
}

const OpSchema *cameo::onnx::admittingSchema(StringRef domain, StringRef opType, ArrayRef<Edge> inputs,
                                             ArrayRef<NodeAttribute> attributes, unsigned numOutputs,
                                             MLIRContext *context) {
  const OpSchema *last = nullptr;
  for (int64_t version = baseOpset(domain), newest = newestVersion(domain); version <= newest; ++version) {
    const OpSchema *schema = findSchema(domain, opType, version);
    if (schema && schema != last && admits(*schema, inputs, attributes, numOutputs, context))
      return schema;
    last = schema;
  }
  return nullptr;
}

Type cameo::onnx::outputType(const OpSchema &schema, unsigned output, ArrayRef<Edge> inputs,
                             ArrayRef<NodeAttribute> attributes, MLIRContext *context) {
  const FormalParameter *formal = schema.output(output);
  if (!formal || !formal->homogeneous)
    return {};
  if (llvm::popcount(formal->types.tensors) == 1)
    return elementTypeOf(DataType(llvm::countr_zero(formal->types.tensors)), context);
  for (const NodeAttribute &attribute : attributes)
    if (attribute.name == "to" || attribute.name == "dtype" || attribute.name == "output_dtype")
      if (auto *type = std::get_if<int64_t>(&attribute.value))
        return elementTypeOf(DataType(*type), context);
  for (auto [i, input] : llvm::enumerate(inputs))
    if (const FormalParameter *given = schema.input(i); input && given && given->typeName == formal->typeName)
      return input.elementType;
  return {};
}
