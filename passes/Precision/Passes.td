// Passes.td - precision: arithmetic on narrower floats where that is faster and the error is bounded.
#ifndef CAMEO_PASSES_PRECISION_TD
#define CAMEO_PASSES_PRECISION_TD
include "mlir/Pass/PassBase.td"

def LowerPrecisionPass : Pass<"cameo-lower-precision", "::mlir::func::FuncOp"> {
  let summary = "ops that add up products multiply bf16 or f16";
  let description = [{
    Before: `%y = cameo.matmul %x, %w` in f32, %w constant. After: `cast (cameo.matmul (cast %x), (cast %w))` with operands of bf16 (with f16=true,
    of f16), whose sums are f32. So are products and convolutions with constant weights, recurrences (their weights), and attention of many queries
    (queries, keys and values); products of two activations stay. Everything else (softmax, masks, normalizations, residual sums, state)
    stays f32. Casts stand before transposes and reshapes that only the op reads: what is moved is bf16.

    Rounding both factors, and a sum that is stored, changes a sum by at most 3 * 2^-8 + 2^-14 of the sum of its terms'
    magnitudes; the remark says so. f16 has three bits more, 3 * 2^-11 + 2^-20, and a narrow range: factors and stored sums beyond 65504 become
    infinite, those below 2^-14 lose bits. Weights are stored as they are multiplied (f16 as f32 on CPUs). Runs when constants, normalizations and attention are found. Linear.
  }];
  let options = [Option<"f16", "f16", "bool", "false", "multiply f16 instead of bf16">];
}
#endif
