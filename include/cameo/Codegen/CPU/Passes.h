// Passes.h - the passes of lib/Codegen/CPU/Passes.td: constructors, options, registration.
#ifndef CAMEO_CODEGEN_CPU_PASSES_H
#define CAMEO_CODEGEN_CPU_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace cameo::codegen {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "cameo/Codegen/CPU/Passes.h.inc"
} // namespace cameo::codegen
#endif
