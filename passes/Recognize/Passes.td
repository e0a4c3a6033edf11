// Passes.td - recognition: ops that exporters write as several become one again.
#ifndef CAMEO_PASSES_RECOGNIZE_TD
#define CAMEO_PASSES_RECOGNIZE_TD
include "mlir/Pass/PassBase.td"

def RecognizePass : Pass<"cameo-recognize", "::mlir::func::FuncOp"> {
  let summary = "finds activations, softmax and normalizations that were written in pieces";
  let description = [{
    Before: `%d = x / 1.41421; %e = erf %d; %s = %e + 1; %p = x * %s; %y = %p * 0.5`. After: `%y = cameo.gelu %x`.

    - Activations: GELU (by erf and by tanh), SiLU and its scaled form, hard-swish, mish, softplus, sigmoid.
    - softmax and log-softmax, with and without the subtraction of the maximum.
    - Layer and RMS normalization by means of squares, by powers, roots and reciprocals in any arrangement; group normalization by
      reshapes around a normalization of instances; constant scales and offsets behind a normalization become its own.

    A match is an equation between real numbers: constants may differ from the exact ones by their rounding, and where the pieces
    overflow (log(1 + e^x) for large x) the whole does not. Pieces that other ops read as well stay for these.
    Left alone, with a remark: statistics over other axes than the last ones, constants that are off.
    Runs after --cameo-simplify (views, powers and swapped operands are in one form) and --cse (equal pieces are one value).
    Linear: every pattern looks at a bounded number of ops.
  }];
}
#endif
