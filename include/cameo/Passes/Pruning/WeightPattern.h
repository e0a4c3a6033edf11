// WeightPattern.h - how zeros lie among the weights of a layer.
#ifndef CAMEO_PASSES_PRUNING_WEIGHTPATTERN_H
#define CAMEO_PASSES_PRUNING_WEIGHTPATTERN_H
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace cameo {

/// What goes together, and among how many that is decided.
struct WeightPattern {
  int64_t rows = 1, columns = 1; ///< of a block: outputs by weights of an output
  int64_t keep = 0, of = 0;      ///< N:M; 0 for all others

  /// Of "unstructured", "N:M" or "RxC"; nothing for other texts.
  static std::optional<WeightPattern> parse(llvm::StringRef text);
};

} // namespace cameo
#endif
