// Summary.h - what a model is and what it costs, found without generating code.
#ifndef CAMEO_PIPELINE_SUMMARY_H
#define CAMEO_PIPELINE_SUMMARY_H

#include "cameo/Pipeline/Load.h"
#include <map>

namespace cameo {

/// The ops of one kind.
struct KindCost {
  int64_t count = 0;
  int64_t flops = 0; ///< as CostInterface counts them
  int64_t bytes = 0; ///< operands and results, each read or written once
};

/// Sizes that are known at run time only count as `Summary::assumedSize`, in loops as in tensors.
struct Summary {
  static constexpr int64_t assumedSize = 1;

  struct Value {
    std::string name, type;        ///< "f32", as the dialect writes element types
    std::vector<std::string> dims; ///< a number, a size's name, or "?"
  };
  std::vector<Value> inputs, outputs;
  std::map<std::string, int64_t> opsets;      ///< by domain
  int64_t parameters = 0, parameterBytes = 0; ///< elements of constants of more than one element
  std::map<std::string, KindCost> kinds;      ///< by the dialect's name of the op: "conv"
  int64_t arenaBytes = 0; ///< planned for the program as -O3 fuses it; temporaries of kernels not included
  int64_t inputBytes = 0, outputBytes = 0;
  bool hasOpenSizes = false; ///< whether anything was assumed

  KindCost total() const;
  int64_t peakBytes() const { return parameterBytes + arenaBytes + inputBytes + outputBytes; }
};

/// Of a module that loadModel made; it is transformed as far as fusion on the way.
mlir::FailureOr<Summary> summarize(mlir::ModuleOp module, std::vector<Diagnostic> &diagnostics);

} // namespace cameo
#endif
