// Recognize.cpp - the pass: all pattern sets of this folder together, because composites contain each other.
#include "Patterns.h"
#include "cameo/Passes/Recognize/Passes.h"

namespace cameo {
#define GEN_PASS_DEF_RECOGNIZEPASS
#include "cameo/Passes/Recognize/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

struct Recognize : public cameo::impl::RecognizePassBase<Recognize> {
  using RecognizePassBase::RecognizePassBase;

  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    GraphRewriter graph(getArgument(), getOperation());
    RewritePatternSet patterns(&getContext());
    populateActivationPatterns(patterns, graph, "activations recognized");
    populateSoftmaxPatterns(patterns, graph, "softmaxes recognized");
    populateNormalizationPatterns(patterns, graph, "normalizations recognized", "scales and offsets merged");
    graph.apply(std::move(patterns));
  }
};

} // namespace
