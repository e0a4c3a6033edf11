// Passes.h - constant folding (passes/Fold/Passes.td).
#ifndef CAMEO_PASSES_FOLD_PASSES_H
#define CAMEO_PASSES_FOLD_PASSES_H
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace cameo {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "cameo/Passes/Fold/Passes.h.inc"
} // namespace cameo
#endif
