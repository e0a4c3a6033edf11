// Check.h - the groups of checks that a parsed model goes through, in their order. Each fills in what it finds out
// (order of nodes, schemas, callees, external bytes) and reports all its problems; the next group may rely on the ones
// before it having found none.
#pragma once
#include "ExternalData.h"
#include "Report.h"
#include "cameo/Import/ONNX/Schema.h"

namespace cameo::onnx {

/// Names: every value has one definition, every use has a definition that is visible, nodes can be ordered. Sorts nodes
/// topologically and marks graph inputs that have initializers.
void checkNames(Model &model, Report &report);
/// The same for one function body.
void checkNames(Function &function, Report &report);

/// Versions: IR version, opset imports of the model and its functions.
void checkVersions(const Model &model, Report &report);

/// Sets Node::function, Node::schema and Node::opset of every node, and reports ops and domains that don't exist.
void resolveOps(Model &model, Report &report);
/// The same for a body from the schema table, which calls no functions of the model.
void resolveOps(Function &function, Report &report);

/// Recursion, depth and size after inlining of the model's own functions.
void checkCalls(const Model &model, Report &report);

/// Arity and attributes of every node against its schema or function.
void checkNodes(const Model &model, Report &report);
void checkNodes(const Function &function, Report &report);

/// Sizes and payloads of every tensor, external data included.
void checkTensors(Model &model, ExternalData &external, Report &report);

/// The subgraphs of an attribute; empty for attributes that hold none.
inline llvm::ArrayRef<std::shared_ptr<const Graph>> subgraphs(const Attribute &attribute) {
  if (const auto *graphs = std::get_if<std::vector<std::shared_ptr<const Graph>>>(&attribute.value))
    return *graphs;
  return {};
}

/// The checks run before anyone else sees the model, so they may complete what they check.
inline Graph &mutableGraph(const std::shared_ptr<const Graph> &graph) { return const_cast<Graph &>(*graph); }

/// Calls `visit(Node &, depth)` for each node of the list and of the subgraphs in it, outer before inner. Recursion is
/// bounded by ImportLimits::graphDepth, which the parser has enforced.
template <typename Visit> void forEachNode(std::vector<Node> &nodes, Visit &&visit, int depth = 0) {
  for (Node &node : nodes) {
    visit(node, depth);
    for (Attribute &a : node.attributes)
      for (const auto &graph : subgraphs(a))
        forEachNode(mutableGraph(graph).nodes, visit, depth + 1);
  }
}
template <typename Visit> void forEachNode(const std::vector<Node> &nodes, Visit &&visit, int depth = 0) {
  for (const Node &node : nodes) {
    visit(node, depth);
    for (const Attribute &a : node.attributes)
      for (const auto &graph : subgraphs(a))
        forEachNode(graph->nodes, visit, depth + 1);
  }
}

} // namespace cameo::onnx
