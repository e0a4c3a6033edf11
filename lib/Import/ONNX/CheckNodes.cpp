// CheckNodes.cpp - arity and attributes of every node against its schema or function.
#include "Check.h"
#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {
namespace {

/// Values of a list without the empty names at its end, which say nothing.
int64_t effectiveSize(const std::vector<StringRef> &names) {
  size_t size = names.size();
  while (size && names[size - 1].empty())
    --size;
  return size;
}

/// "2", "at least 1", "1 to 3".
std::string rangeText(int64_t least, int64_t most) {
  if (most >= INT32_MAX)
    return "at least " + std::to_string(least);
  return least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
}

std::string counted(int64_t n, StringRef noun) { return std::to_string(n) + " " + noun.str() + (n == 1 ? "" : "s"); }

class NodeChecker {
public:
  /// `function` is the function that the nodes are in, or null.
  NodeChecker(const Function *function, Report &report) : function(function), report(report) {}

  void check(const Node &node) {
    for (size_t i = 0; i < node.attributes.size(); ++i) {
      const Attribute &a = node.attributes[i];
      if (node.find(a.name) != &a)
        report.error("E-ATTR", node, "attribute '" + escaped(a.name) + "' is given twice");
      if (a.isReference())
        checkReference(node, a);
    }
    if (node.schema)
      checkSchema(node, *node.schema);
    else if (node.function)
      checkCall(node, *node.function);
  }

private:
  const Function *function;
  Report &report;

  void checkReference(const Node &node, const Attribute &a) {
    if (!function)
      return report.error("E-ATTR", node,
                          "attribute '" + escaped(a.name) + "' refers to '" + escaped(a.refName) +
                              "', which only nodes of a function can do");
    bool declared = llvm::is_contained(function->requiredAttributes, a.refName) ||
                    llvm::any_of(function->defaultAttributes, [&](const Attribute &d) { return d.name == a.refName; });
    if (!declared)
      report.error("E-ATTR", node,
                   "attribute '" + escaped(a.name) + "' refers to '" + escaped(a.refName) +
                       "', which is not an attribute of function '" + escaped(function->name) + "'");
  }

  void checkSchema(const Node &node, const OpSchema &schema) {
    int64_t inputs = effectiveSize(node.inputs), outputs = effectiveSize(node.outputs);
    if (inputs < schema.minInputs || inputs > schema.maxInputs)
      report.error("E-ARITY", node,
                   "has " + counted(inputs, "input") + "; expected " + rangeText(schema.minInputs, schema.maxInputs));
    if (outputs > schema.maxOutputs || int64_t(node.outputs.size()) < schema.minOutputs)
      report.error("E-ARITY", node,
                   "has " + counted(outputs, "output") + "; expected " +
                       rangeText(schema.minOutputs, schema.maxOutputs));
    for (int64_t i = 0; i < inputs; ++i)
      if (const FormalParameter *p = schema.input(i);
          p && p->kind != FormalParameter::Kind::Optional && node.inputs[i].empty())
        report.error("E-ARITY", node, "input " + Twine(i) + " ('" + p->name + "') is required, but left out");

    for (const Attribute &a : node.attributes) {
      const AttributeSchema *wanted = schema.attribute(a.name);
      if (!wanted) {
        report.error("E-ATTR", node, "has no attribute '" + escaped(a.name) + "'; " + knownAttributes(schema));
        continue;
      }
      bool untypedReference = a.isReference() && a.type == AttributeType::Undefined;
      if (a.type != wanted->type && !untypedReference)
        report.error("E-ATTR", node,
                     "attribute '" + escaped(a.name) + "' is " + attributeTypeName(a.type) + "; expected " +
                         attributeTypeName(wanted->type));
    }
    for (const AttributeSchema &a : schema.attributes)
      if (a.required && !node.find(a.name))
        report.error("E-ATTR", node, "attribute '" + a.name + "' (" + attributeTypeName(a.type) + ") is missing");
  }

  static std::string knownAttributes(const OpSchema &schema) {
    std::vector<StringRef> names;
    for (const AttributeSchema &a : schema.attributes)
      names.push_back(a.name);
    return names.empty() ? "it takes none" : "it takes " + llvm::join(names, ", ");
  }

  void checkCall(const Node &node, const Function &callee) {
    int64_t inputs = effectiveSize(node.inputs), outputs = effectiveSize(node.outputs);
    if (inputs > int64_t(callee.inputs.size()))
      report.error("E-ARITY", node,
                   "has " + counted(inputs, "input") + ", but its function takes " + Twine(callee.inputs.size()));
    if (outputs > int64_t(callee.outputs.size()))
      report.error("E-ARITY", node,
                   "has " + counted(outputs, "output") + ", but its function gives " + Twine(callee.outputs.size()));
    for (const Attribute &a : callee.defaultAttributes)
      if (const Attribute *given = node.find(a.name);
          given && given->type != a.type && given->type != AttributeType::Undefined)
        report.error("E-ATTR", node,
                     "attribute '" + escaped(a.name) + "' is " + attributeTypeName(given->type) +
                         "; its function expects " + attributeTypeName(a.type));
  }
};

} // namespace

void checkNodes(const Function &function, Report &report) {
  NodeChecker checker(&function, report);
  forEachNode(function.nodes, [&](const Node &node, int) { checker.check(node); });
}

void checkNodes(const Model &model, Report &report) {
  NodeChecker checker(nullptr, report);
  forEachNode(model.graph.nodes, [&](const Node &node, int) { checker.check(node); });
  for (const Function &function : model.functions)
    checkNodes(function, report);
}

} // namespace cameo::onnx
