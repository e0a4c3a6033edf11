// Passes.td - attention: one op for what exporters write as products, masks and a softmax.
#ifndef CAMEO_PASSES_ATTENTION_TD
#define CAMEO_PASSES_ATTENTION_TD
include "mlir/Pass/PassBase.td"

def RecognizeAttentionPass : Pass<"cameo-recognize-attention", "::mlir::func::FuncOp"> {
  let summary = "softmax(scale q k^T + mask) v becomes one op";
  let description = [{
    Before: `%s = matmul %q, %k {transposeRhs}; %t = %s * 0.125 + %m; %w = softmax %t; %y = matmul %w, %v`.
    After: `%y = cameo.attention %q, %k, %v mask %m {scale = 0.125}`.

    - Scales on either factor, on the product, or on all of them; a softcap `c tanh(s / c)`.
    - Masks that are added, or that choose between a score and a number so low that nothing is left of it. Triangles and bands,
      constant, cut out of a constant or computed from sizes and positions, become `right`, `left` and `offsets`.
    - Keys and values repeated for groups of query heads are read where they lie.
    - Products of rank 2 to 4, and views between that split or merge leading axes.

    Left alone, with a remark: weights or scores that others read, masks that choose a number which the scores could be, views and masks
    of other shapes. Where everything is masked in a row, by -infinity, the pieces give NaN and the op 0.
    Runs after --cameo-recognize (softmax is one op). Linear: a pattern looks at a bounded number of ops, and once at each constant mask.
  }];
}
#endif
