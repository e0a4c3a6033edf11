// CheckCalls.cpp - the model's own functions: no recursion, and bounded once they are inlined.
// A function that calls another twice, which calls another twice, ... is 2^n nodes long in a file of n lines; so sizes
// are added up along the call graph, from the callees to the callers, before anything is inlined.
#include "Check.h"
#include "llvm/ADT/DenseMap.h"

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {
namespace {

constexpr int64_t saturated = INT64_MAX / 2;
int64_t addSaturated(int64_t a, int64_t b) { return std::min(saturated, a + b); }

/// What inlining a list of nodes amounts to.
struct Extent {
  int64_t nodes = 0;      ///< after inlining, saturated
  int64_t callDepth = 0;  ///< functions in functions
  int64_t graphDepth = 0; ///< subgraphs in subgraphs
};

struct Call {
  const Function *callee;
  int graphDepth;
};

class CallGraph {
public:
  explicit CallGraph(Report &report) : report(report) {}

  /// The extent of a list of nodes; nullopt after a recursion was reported.
  std::optional<Extent> extentOf(const std::vector<Node> &nodes) {
    Extent own;
    std::vector<Call> calls = collect(nodes, own);
    for (const Call &call : calls)
      if (!visit(call.callee))
        return std::nullopt;
    return combine(own, calls);
  }

  /// Visits `function` and all it calls, with an explicit stack since chains of calls may be long. False after a
  /// recursion was reported.
  bool visit(const Function *function) {
    if (extents.contains(function))
      return true;
    std::vector<Frame> stack;
    push(stack, function);
    while (!stack.empty()) {
      Frame &frame = stack.back();
      if (frame.next == frame.calls.size()) {
        extents[frame.function] = combine(frame.own, frame.calls);
        onStack.erase(frame.function);
        stack.pop_back();
        continue;
      }
      const Function *callee = frame.calls[frame.next++].callee;
      if (onStack.contains(callee)) {
        reportRecursion(stack, callee);
        return false;
      }
      if (!extents.contains(callee))
        push(stack, callee);
    }
    return true;
  }

private:
  struct Frame {
    const Function *function;
    Extent own;
    std::vector<Call> calls;
    size_t next = 0;
  };
  Report &report;
  llvm::DenseMap<const Function *, Extent> extents;
  llvm::DenseMap<const Function *, char> onStack;

  void push(std::vector<Frame> &stack, const Function *function) {
    Frame frame{function, {}, {}, 0};
    frame.calls = collect(function->nodes, frame.own);
    onStack[function] = 1;
    stack.push_back(std::move(frame));
  }

  static std::vector<Call> collect(const std::vector<Node> &nodes, Extent &own) {
    std::vector<Call> calls;
    forEachNode(nodes, [&](const Node &node, int depth) {
      ++own.nodes;
      own.graphDepth = std::max<int64_t>(own.graphDepth, depth);
      if (node.function)
        calls.push_back({node.function, depth});
    });
    return calls;
  }

  Extent combine(Extent own, const std::vector<Call> &calls) {
    for (const Call &call : calls) {
      const Extent &callee = extents[call.callee];
      own.nodes = addSaturated(own.nodes, callee.nodes);
      own.callDepth = std::max(own.callDepth, callee.callDepth + 1);
      own.graphDepth = std::max(own.graphDepth, callee.graphDepth + call.graphDepth);
    }
    return own;
  }

  void reportRecursion(const std::vector<Frame> &stack, const Function *callee) {
    constexpr size_t shown = 10;
    size_t first = 0;
    while (stack[first].function != callee)
      ++first;
    std::string chain;
    for (size_t i = first; i < stack.size() && i < first + shown; ++i)
      chain += "'" + escaped(stack[i].function->name) + "' -> ";
    if (stack.size() - first > shown)
      chain += "... -> ";
    report.error("E-RECURSION",
                 "function '" + escaped(callee->name) + "' calls itself: " + chain + "'" + escaped(callee->name) + "'");
  }
};

} // namespace

void checkCalls(const Model &model, Report &report) {
  CallGraph calls(report);
  for (const Function &f : model.functions)
    if (!calls.visit(&f))
      return;
  std::optional<Extent> extent = calls.extentOf(model.graph.nodes);
  if (!extent)
    return;
  const ImportLimits &limits = report.limits;
  if (extent->nodes > limits.nodes)
    report.limit("E-LIMIT",
                 "the model has " + (extent->nodes == saturated ? "over 2^62" : Twine(extent->nodes).str()) +
                     " nodes once its functions are inlined",
                 &ImportLimits::nodes);
  if (extent->callDepth > limits.callDepth)
    report.limit("E-DEPTH", "functions call each other " + Twine(extent->callDepth) + " deep",
                 &ImportLimits::callDepth);
  if (extent->graphDepth > limits.graphDepth)
    report.limit("E-DEPTH", "subgraphs are nested " + Twine(extent->graphDepth) + " deep, through function calls",
                 &ImportLimits::graphDepth);
}

} // namespace cameo::onnx
