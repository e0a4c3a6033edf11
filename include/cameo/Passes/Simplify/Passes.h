// Passes.h - simplification passes (passes/Simplify/Passes.td).
#ifndef CAMEO_PASSES_SIMPLIFY_PASSES_H
#define CAMEO_PASSES_SIMPLIFY_PASSES_H
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace cameo {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "cameo/Passes/Simplify/Passes.h.inc"
} // namespace cameo
#endif
