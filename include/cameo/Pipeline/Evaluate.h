// Evaluate.h - running cameo ops at compile time.
#ifndef CAMEO_PIPELINE_EVALUATE_H
#define CAMEO_PIPELINE_EVALUATE_H

#include "mlir/IR/DialectRegistry.h"

namespace cameo {

/// Gives the dialect, when it is loaded, a ConstantEvaluator that compiles into this process, by the naive
/// path (-O0) but where large matrices are multiplied.
void registerConstantEvaluator(mlir::DialectRegistry &registry);

} // namespace cameo
#endif
