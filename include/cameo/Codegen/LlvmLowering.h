// LlvmLowering.h - from modules of loops to LLVM IR, for every target.
#ifndef CAMEO_CODEGEN_LLVMLOWERING_H
#define CAMEO_CODEGEN_LLVMLOWERING_H

#include "cameo/Codegen/MathFunctions.h"
#include "mlir/IR/BuiltinOps.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace cameo::codegen {

/// Who computes exp, tanh, erf, ...
enum class MathSource {
  Libm,  ///< calls of libm
  Mixed, ///< the arithmetic of MathFunctions.h, which vectorises, and libm for the rest
  Own    ///< arithmetic alone: the target has no libm
};

struct LoweringOptions {
  MathSource mathSource = MathSource::Mixed;
  MathTarget math;
  bool hasBf16Conversions = false; ///< instructions between bf16 and f32; else integer arithmetic does it
};

/// Upstream's canonicalisation, common subexpressions and loop invariants, on loops of our own making.
mlir::LogicalResult simplifyLoops(mlir::ModuleOp module);

/// Lowers a kernel's or an entry function's module to the llvm dialect, in place. Functions take bare pointers.
mlir::LogicalResult lowerToLLVM(mlir::ModuleOp module, const LoweringOptions &options);

/// Runs LLVM's optimiser. `level` 0 to 3.
void optimize(llvm::Module &module, llvm::TargetMachine &machine, int level, bool vectorizeLoops);

} // namespace cameo::codegen
#endif
