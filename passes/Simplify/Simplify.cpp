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
    GraphRewriter graph(getOperation());
    RewritePatternSet patterns(&getContext());
    populateNoOpPatterns(patterns, graph, noOps);
    populateSlicePatterns(patterns, graph, slices);
    populateTransposePatterns(patterns, graph, transposes);
    populateArithmeticPatterns(patterns, graph, arithmetic);
    populatePadPatterns(patterns, graph, pads);
    populateWeightPatterns(patterns, graph, weights);
    graph.apply(std::move(patterns));
  }
};

} // namespace
