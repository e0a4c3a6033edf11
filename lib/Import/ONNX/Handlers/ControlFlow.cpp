// ControlFlow.cpp - If.
//
// A branch that a constant condition selects is imported in place of the If, so branches that only other shapes would
// take cost nothing and may have any rank. Where the run decides between results that have no common form (a squeezed
// tensor or the tensor itself), the rest of the graph is imported once behind each of them. When it can follow only
// one, or sizes or indices inside a branch contradict each other, the condition becomes a requirement.
#include "Forms.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// The two branches of a cameo.if before its results are known.
class Branches {
public:
  Branches(OpBinder &op, Value condition)
      : op(op), open(IfOp::create(op.builder, op.loc, TypeRange{}, condition)),
        blocks{&open.getThenRegion().emplaceBlock(), &open.getElseRegion().emplaceBlock()} {}

  /// The forms of the results, whichever branch runs; where there is none, what differs.
  std::optional<SmallVector<Form>> forms(std::string &why) const;
  /// The forms of the outputs of `graphs` graphs around the If, imported behind each branch in place of what has been
  /// there; nothing where they have none (`difference`), or where the nodes cannot follow a branch (`why`). Failures
  /// are reported.
  FailureOr<std::optional<SmallVector<Form>>> follow(size_t graphs, std::string (&why)[2], std::string &difference);
  void discard() { op.discard(open); }
  /// The cameo.if whose results have these forms. Errors are reported.
  FailureOr<SmallVector<Binding>> join(ArrayRef<Form> forms);

private:
  OpBinder &op;
  IfOp open; ///< holds the blocks
  // What is there before nodes behind the If are imported.
  SmallVector<Binding> own[2];
  Operation *last[2];
  ImportProgress start;

public:
  Block *const blocks[2];
  SmallVector<Binding> results[2];
};

std::optional<SmallVector<Form>> Branches::forms(std::string &why) const {
  SmallVector<Form> forms;
  for (auto [i, x, y] : llvm::enumerate(results[0], results[1])) {
    Form a = formOf(op, x), b = formOf(op, y);
    auto joined = onnx::join(a, b);
    if (!joined) {
      why =
          ("result " + Twine(i) + " is " + describe(op, a) + " in one branch and " + describe(op, b) + " in the other")
              .str();
      return std::nullopt;
    }
    forms.push_back(std::move(*joined));
  }
  return forms;
}

FailureOr<std::optional<SmallVector<Form>>> Branches::follow(size_t graphs, std::string (&why)[2],
                                                             std::string &difference) {
  if (graphs == 1)
    start = op.progress();
  else
    op.takeBack(start);
  for (int i : {0, 1}) {
    if (graphs == 1) {
      own[i] = results[i];
      last[i] = blocks[i]->empty() ? nullptr : &blocks[i]->back();
    }
    while (!blocks[i]->empty() && &blocks[i]->back() != last[i])
      op.discard(&blocks[i]->back());
    why[i].clear();
    auto values = op.importRest(graphs, blocks[i], own[i], why[i]);
    if (failed(values) && why[i].empty())
      return failure();
    if (succeeded(values))
      results[i] = std::move(*values);
  }
  if (!why[0].empty() || !why[1].empty())
    return std::optional<SmallVector<Form>>();
  return forms(difference);
}

FailureOr<SmallVector<Binding>> Branches::join(ArrayRef<Form> forms) {
  SmallVector<Type> types;
  for (const Form &form : forms)
    types.append(form.partTypes(op.builder.getContext()).size(), placeholderType(op.builder.getContext()));
  for (int i : {0, 1}) {
    OpBuilder::InsertionGuard guard(op.builder);
    op.builder.setInsertionPointToEnd(blocks[i]);
    auto yielded = partsOf(op, results[i], forms);
    if (failed(yielded))
      return failure();
    YieldOp::create(op.builder, op.loc, *yielded);
  }
  auto ifOp = IfOp::create(op.builder, op.loc, types, open.getCondition());
  ifOp.getThenRegion().takeBody(open.getThenRegion());
  ifOp.getElseRegion().takeBody(open.getElseRegion());
  open.erase();
  Operation *done = finishOp(op.shapes(), ifOp);
  if (!done)
    return failure();
  return bindingsOf(op, forms, done->getResults());
}

/// Elements of such a sequence cannot be taken out, which they can behind each branch.
bool losesRanks(const Form &form) { return form.kind == Form::Kind::Ragged && !form.hasOneRank; }

LogicalResult importIf(OpBinder &op) {
  const Graph *thenGraph = op.graphAttr("then_branch"), *elseGraph = op.graphAttr("else_branch");
  if (!thenGraph || !elseGraph)
    return failure();
  for (const Graph *graph : {thenGraph, elseGraph})
    if (graph->outputs.size() != op.numOutputs())
      return op.error("E-ARITY", "a branch has " + Twine(graph->outputs.size()) + " outputs; expected " +
                                     Twine(op.numOutputs()) + ", as the node has");
  Value condition = op.input(0);
  if (auto known = op.shapes().constantElements(condition); known && known->size() == 1)
    return op.importInPlace(known->front() ? *thenGraph : *elseGraph);
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
    std::string difference;
    if (auto forms = branches.forms(difference); forms && llvm::none_of(*forms, losesRanks)) {
      auto results = branches.join(*forms);
      return failed(results) ? failure() : op.bindResults(*results);
    }
    where = "the nodes behind it can follow neither branch; behind the first: ";
    size_t most = op.numEnclosingGraphs();
    for (size_t graphs = 1; graphs <= most; ++graphs) {
      auto forms = branches.follow(graphs, why, difference);
      if (failed(forms))
        return failure();
      if (*forms) {
        auto outputs = branches.join(**forms);
        if (succeeded(outputs))
          op.endGraphs(graphs, *outputs);
        return outputs;
      }
    }
    if (why[0].empty() && why[1].empty())
      return op.error("E-SHAPE", "which branch runs is known only at run time, and of the outputs of its graph, " +
                                     difference + "; Cameo needs one form");
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
  for (Binding &result : *results)
    for (Value *part : result.parts())
      if (!(*part = op.create<RequireOp>(*part, condition, wanted, message)))
        return failure();
  return op.bindResults(*results);
}

// ---- as ONNX

LogicalResult exportIf(IfOp op, NodeBuilder &b) {
  Edge condition = b(op.getCondition());
  auto then = b.graph(op.getThenRegion().front(), "then"), otherwise = b.graph(op.getElseRegion().front(), "else");
  return b.results(
      b.nodes("If", {condition}, {{"then_branch", then}, {"else_branch", otherwise}}, op->getNumResults()));
}

} // namespace

namespace cameo::onnx {
void registerControlFlowHandlers(HandlerTable &table) {
  table.on("If", 1, importIf);

  table.exports<IfOp>(exportIf);
}
} // namespace cameo::onnx
