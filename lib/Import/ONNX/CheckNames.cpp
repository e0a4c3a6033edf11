// CheckNames.cpp - single definition, visibility and order of values, graph by graph from the inside out.
//
// A subgraph sees the values of the graphs around it, so a node depends on what its subgraphs take from outside as well
// as on its own inputs. Each graph is therefore handled after its subgraphs and hands up the names it could not find.
// The order of nodes in the file need not be topological; the cycle is shown where there is no such order.
#include "Check.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include <queue>

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {
namespace {

/// A name that a graph uses and doesn't define, and the first node that does so; no node: it is an output of the graph.
struct Use {
  StringRef name;
  const Node *user;
};

/// "node 'x'" or "node #3", without the file: for the second node of a message.
std::string shortName(const Node &node) {
  return node.name.empty() ? "node #" + std::to_string(node.index) : "node '" + escaped(node.name) + "'";
}

/// One list of nodes with the values defined beside it.
class Scope {
public:
  Scope(std::vector<Node> &nodes, Report &report) : nodes(nodes), report(report) {}

  /// A value that is there before any node runs. `what` is "input" or "initializer".
  void define(StringRef name, StringRef what) {
    if (name.empty())
      return report.error("E-SSA", "an " + what + " has no name");
    auto [it, fresh] = producers.try_emplace(name, outside);
    if (!fresh)
      report.error("E-SSA", what + " '" + escaped(name) + "' is defined twice");
  }

  bool defines(StringRef name) const { return producers.contains(name); }

  /// Defines the nodes' outputs and orders the nodes; `outputs` must be defined here or come from outside. Returns the
  /// names that come from outside.
  std::vector<Use> finish(llvm::ArrayRef<StringRef> outputs) {
    for (size_t i = 0; i < nodes.size(); ++i)
      for (StringRef output : nodes[i].outputs)
        defineOutput(output, i);
    collectUses();
    sort();
    for (StringRef output : outputs)
      if (!defines(output))
        addFree({output, nullptr});
    return std::move(free);
  }

private:
  static constexpr int64_t outside = -1;
  std::vector<Node> &nodes;
  Report &report;
  llvm::DenseMap<StringRef, int64_t> producers;
  std::vector<std::vector<int64_t>> predecessors;
  llvm::DenseSet<StringRef> freeNames;
  std::vector<Use> free;

  void defineOutput(StringRef output, int64_t i) {
    if (output.empty())
      return;
    auto [it, fresh] = producers.try_emplace(output, i);
    if (fresh)
      return;
    report.error("E-SSA", nodes[i],
                 "output '" + escaped(output) + "' is already defined by " +
                     (it->second == outside ? std::string("an input or initializer of the graph")
                                            : shortName(nodes[it->second])));
  }

  void addFree(const Use &use) {
    if (freeNames.insert(use.name).second)
      free.push_back(use);
  }

  void addUse(size_t node, const Use &use) {
    if (use.name.empty())
      return;
    auto it = producers.find(use.name);
    if (it == producers.end())
      addFree(use);
    else if (it->second != outside)
      predecessors[node].push_back(it->second);
  }

  void collectUses();
  void sort();
  void reportCycle(llvm::ArrayRef<int64_t> openPredecessors);
};

std::vector<Use> checkGraph(Graph &graph, Report &report);

void Scope::collectUses() {
  predecessors.resize(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (StringRef input : nodes[i].inputs)
      addUse(i, {input, &nodes[i]});
    for (const Attribute &a : nodes[i].attributes)
      for (const auto &subgraph : subgraphs(a))
        for (const Use &use : checkGraph(mutableGraph(subgraph), report))
          // An output handed through has no user inside: the node that holds the subgraph stands for it.
          addUse(i, {use.name, use.user ? use.user : &nodes[i]});
  }
}

/// Kahn's algorithm, taking the earliest node of the file first, so that a sorted list stays as it is.
void Scope::sort() {
  bool sorted = true;
  for (size_t i = 0; i < nodes.size(); ++i)
    for (int64_t p : predecessors[i])
      sorted &= p < int64_t(i);
  if (sorted)
    return;
  std::vector<std::vector<int64_t>> successors(nodes.size());
  std::vector<int64_t> open(nodes.size());
  std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> ready;
  for (size_t i = 0; i < nodes.size(); ++i) {
    open[i] = predecessors[i].size();
    for (int64_t p : predecessors[i])
      successors[p].push_back(i);
    if (open[i] == 0)
      ready.push(i);
  }
  std::vector<int64_t> order;
  while (!ready.empty()) {
    int64_t i = ready.top();
    ready.pop();
    order.push_back(i);
    for (int64_t s : successors[i])
      if (--open[s] == 0)
        ready.push(s);
  }
  if (order.size() != nodes.size())
    return reportCycle(open);
  // The uses in `free` point at nodes, so these must be renamed to where the nodes go.
  llvm::DenseMap<const Node *, size_t> moved;
  for (size_t i = 0; i < order.size(); ++i)
    moved[&nodes[order[i]]] = i;
  std::vector<Node> result;
  result.reserve(nodes.size());
  for (int64_t i : order)
    result.push_back(std::move(nodes[i]));
  nodes = std::move(result);
  for (Use &use : free)
    if (auto it = moved.find(use.user); it != moved.end())
      use.user = &nodes[it->second];
}

/// Walks backwards from a node that never became ready, always to a predecessor that didn't either, until one repeats.
void Scope::reportCycle(llvm::ArrayRef<int64_t> open) {
  size_t at = 0;
  while (open[at] == 0)
    ++at;
  llvm::DenseMap<int64_t, size_t> seen;
  std::vector<int64_t> path;
  while (seen.try_emplace(at, path.size()).second) {
    path.push_back(at);
    for (int64_t p : predecessors[at])
      if (open[p] != 0) {
        at = p;
        break;
      }
  }
  path.erase(path.begin(), path.begin() + seen[at]);
  std::reverse(path.begin(), path.end());
  constexpr size_t shown = 10;
  std::string text;
  for (size_t i = 0; i < path.size() && i < shown; ++i)
    text += shortName(nodes[path[i]]) + " -> ";
  if (path.size() > shown)
    text += "... (" + std::to_string(path.size() - shown) + " more) -> ";
  report.error("E-CYCLE", nodes[path.front()], "depends on itself: " + text + shortName(nodes[path.front()]));
}

/// An input that repeats the name of an initializer says its type; both must agree.
void checkDefault(const ValueInfo &input, DataType type, llvm::ArrayRef<int64_t> dims, Report &report) {
  if (input.type.kind == ValueType::Kind::None)
    return;
  bool fits = input.type.kind == ValueType::Kind::Tensor &&
              (input.type.elementType == type || input.type.elementType == DataType::Undefined);
  if (fits && input.type.hasShape) {
    fits = input.type.dims.size() == dims.size();
    for (size_t i = 0; fits && i < dims.size(); ++i)
      fits = !input.type.dims[i].isStatic() || input.type.dims[i].value == dims[i];
  }
  if (fits)
    return;
  ValueType given;
  given.kind = ValueType::Kind::Tensor;
  given.elementType = type;
  given.hasShape = true;
  for (int64_t dim : dims)
    given.dims.push_back({dim, {}});
  report.error("E-SSA", "initializer '" + escaped(input.name) + "' is " + given.str() +
                            ", but the input of the same name is " + input.type.str());
}

std::vector<Use> checkGraph(Graph &graph, Report &report) {
  Scope scope(graph.nodes, report);
  for (const TensorView &t : graph.initializers)
    scope.define(t.name, "initializer");
  for (const SparseTensorView &t : graph.sparseInitializers)
    scope.define(t.values.name, "initializer");

  llvm::DenseMap<StringRef, ValueInfo *> defaults;
  for (ValueInfo &input : graph.inputs) {
    input.hasInitializer = scope.defines(input.name);
    if (!input.hasInitializer)
      scope.define(input.name, "input");
    else if (!defaults.try_emplace(input.name, &input).second)
      report.error("E-SSA", "input '" + escaped(input.name) + "' is defined twice");
  }
  for (const TensorView &t : graph.initializers)
    if (auto it = defaults.find(t.name); it != defaults.end())
      checkDefault(*it->second, t.type, t.dims, report);
  for (const SparseTensorView &t : graph.sparseInitializers)
    if (auto it = defaults.find(t.values.name); it != defaults.end())
      checkDefault(*it->second, t.values.type, t.dims, report);

  std::vector<StringRef> outputs;
  for (const ValueInfo &output : graph.outputs)
    outputs.push_back(output.name);
  return scope.finish(outputs);
}

/// What is still free at the outside is an error. `what` names the graph.
void reportUndefined(llvm::ArrayRef<Use> uses, const std::string &what, Report &report) {
  for (const Use &use : uses) {
    if (use.user)
      report.error("E-UNDEF", *use.user,
                   "uses the value '" + escaped(use.name) + "', which no input, initializer or node of " + what +
                       " defines");
    else
      report.error("E-OUTPUT",
                   "output '" + escaped(use.name) + "' of " + what + " is produced by no input, initializer or node");
  }
}

} // namespace

void checkNames(Model &model, Report &report) {
  Graph &graph = model.graph;
  if (graph.outputs.empty())
    return report.error("E-EMPTY", graph.nodes.empty() ? "the graph is empty: it has no nodes and no outputs"
                                                       : "the graph has no outputs, so there is nothing to compute");
  llvm::DenseSet<StringRef> outputs;
  llvm::erase_if(graph.outputs, [&](const ValueInfo &output) {
    if (output.name.empty())
      report.error("E-OUTPUT", "an output of the graph has no name");
    else if (outputs.insert(output.name).second)
      return false;
    else
      report.warning("E-SSA", "the graph has the output '" + escaped(output.name) + "' twice; the program has it once");
    return true;
  });
  if (report.failed())
    return;
  reportUndefined(checkGraph(graph, report), "the graph", report);
  for (Function &function : model.functions)
    checkNames(function, report);
}

void checkNames(Function &function, Report &report) {
  Scope scope(function.nodes, report);
  for (StringRef input : function.inputs)
    scope.define(input, "input");
  reportUndefined(scope.finish(function.outputs), "function '" + escaped(function.name) + "'", report);
}

} // namespace cameo::onnx
