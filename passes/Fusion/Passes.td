// Passes.td - forming kernels: which ops become one compiled function.
#ifndef CAMEO_PASSES_FUSION_TD
#define CAMEO_PASSES_FUSION_TD
include "mlir/Pass/PassBase.td"

def FuseKernelsPass : Pass<"cameo-fuse-kernels", "::mlir::func::FuncOp"> {
  let summary = "puts pointwise ops into the kernel of the op whose result they use";
  let description = [{
    Before: `%y = cameo.conv %x, %w; %z = cameo.relu %y`. After: one kernel that applies relu before the store, so that %y never
    lies in memory.

    A kernel grows from an anchor (an op with loops of its own that stores each element once), or from any op that can be
    evaluated element by element, forward over pointwise ops of the same shape; then backward over producers with one use where
    the reader asks for each element about once. Values that others use are stored as well.
    Left alone: producers with several users outside the kernel, ops of another shape, views, control flow. Linear in the number of uses.
  }];
  let statistics = [Statistic<"fused", "ops fused", "Ops put into the kernel of another op">];
}

def FormKernelsPass : Pass<"cameo-form-kernels", "::mlir::func::FuncOp"> {
  let summary = "wraps every remaining op that computes in a kernel of its own";
  let description = [{
    Before: `%y = cameo.relu %x`. After: `%y = cameo.kernel(%x) { ^bb0(%a): %r = cameo.relu %a; cameo.yield %r }`.

    Code generation only knows kernels, so this runs last, after fusion has formed the larger ones. At -O0 it is the only pass.
    Left alone: constants, views, control flow (their regions are entered), existing kernels, and ops whose results are known as
    sizes (the entry function writes those without a kernel). Ops without a use are erased. Constants with one value for all
    elements are copied into the kernel, where they become immediates.
  }];
  let statistics = [Statistic<"formed", "kernels formed", "Kernels formed around single ops">];
}
#endif
