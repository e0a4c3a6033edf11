// Options.h - what the options of the passes of pruning may be; Passes.td says what they mean.
#ifndef CAMEO_PASSES_PRUNING_OPTIONS_H
#define CAMEO_PASSES_PRUNING_OPTIONS_H
#include "llvm/Support/CommandLine.h"

namespace cameo {

enum class PruneScore { Magnitude, Wanda, SecondOrder };
enum class PruneScope { Uniform, Global };

/// The names on the command lines of passes; those of `cameo prune` are the same.
inline auto pruneScoreValues() {
  return llvm::cl::values(
      clEnumValN(PruneScore::Magnitude, "magnitude", "of the weights"),
      clEnumValN(PruneScore::Wanda, "wanda", "times the power of what they read"),
      clEnumValN(PruneScore::SecondOrder, "second-order", "of what remains after the others make up for it"));
}
inline auto pruneScopeValues() {
  return llvm::cl::values(clEnumValN(PruneScope::Uniform, "uniform", "each family loses its share"),
                          clEnumValN(PruneScope::Global, "global", "all families together do"));
}

} // namespace cameo
#endif
