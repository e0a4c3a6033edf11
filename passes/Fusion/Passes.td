// Passes.td - forming kernels: which ops become one compiled function.
#ifndef CAMEO_PASSES_FUSION_TD
#define CAMEO_PASSES_FUSION_TD
include "mlir/Pass/PassBase.td"

def FuseKernelsPass : Pass<"cameo-fuse-kernels", "::mlir::func::FuncOp"> {
  let summary = "puts pointwise ops into the kernel of the op whose result they use";
  let description = [{
    Before: `%y = cameo.conv %x, %w; %z = cameo.relu %y`. After: one kernel that applies relu before the store, so that %y never
    lies in memory.

    Behind an anchor (an op with loops of its own that stores each element of its one result once): pointwise ops of the same shape, in
    the block's order. Before any op that reads an element about once: the ops that compute it element by element, evaluated where
    they are read; with their result when others read that too and the kernel stores the same shape. Pointwise kernels that
    read the same value become one, and so do small ones of one shape, for the launch.
    A producer goes into its reader when computing elements again costs less than storing and reading them (Cost.h), and when a
    reader would not read out of order what is larger than a cache.
    Left alone: views, control flow, ops whose results are known as sizes, kernels that are there; and where a kernel would need what needs
    it, or get more than 32 ops or 6 results. Each refusal is a remark. Dead ops are erased. Near linear: joining looks only at what lies
    between two kernels in the order, at most 512 of them.
  }];
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
}
#endif
