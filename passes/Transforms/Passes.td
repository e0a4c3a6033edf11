// Passes.td - transforms: Fourier transforms of a known length.
#ifndef CAMEO_PASSES_TRANSFORMS_TD
#define CAMEO_PASSES_TRANSFORMS_TD
include "mlir/Pass/PassBase.td"

def MultiplyTransformsPass : Pass<"cameo-multiply-transforms", "::mlir::func::FuncOp"> {
  let summary = "makes Fourier transforms of a known length products with constant matrices";
  let description = [{
    Before: `%y = cameo.dft %x, %length {axis = 1, onesided} : tensor<?x400x1xf32> -> tensor<?x201x2xf32>`, %length 400.
    After: `%y = reshape(matmul(reshape %x : tensor<?x400xf32>, %m))`, %m a constant of 400 rows and 402 columns: cosines and sines.

    Axes before and behind the transformed one become rows of the product; complex numbers become two columns.
    Left alone, with a remark: lengths that only the run knows, f16 and bf16, whose sines would be too coarse, and matrices of more than 16 MB.
  }];
}
#endif
