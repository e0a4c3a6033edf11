// Passes.h - recognition of composites (passes/Recognize/Passes.td).
#ifndef CAMEO_PASSES_RECOGNIZE_PASSES_H
#define CAMEO_PASSES_RECOGNIZE_PASSES_H
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace cameo {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "cameo/Passes/Recognize/Passes.h.inc"
} // namespace cameo
#endif
