// Simplify.cpp - the pass: all pattern sets of this folder together, because each makes work for the others.
#include "Patterns.h"
#include "cameo/Passes/Simplify/Passes.h"

namespace cameo {
#define GEN_PASS_DEF_SIMPLIFYPASS
#include "cameo/Passes/Simplify/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

struct Simplify : public cameo::impl::SimplifyPassBase<Simplify> {
  using SimplifyPassBase::SimplifyPassBase;

  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    GraphRewriter graph(getArgument(), getOperation());
    RewritePatternSet patterns(&getContext());
    populateNoOpPatterns(patterns, graph, "no-ops removed");
    populateSlicePatterns(patterns, graph, "slices merged");
    populateTransposePatterns(patterns, graph, "transposes removed");
    populateArithmeticPatterns(patterns, graph, "powers replaced");
    populatePadPatterns(patterns, graph, "pads merged");
    populateWeightPatterns(patterns, graph, "scales and offsets merged");
    graph.apply(std::move(patterns));
  }
};

} // namespace
