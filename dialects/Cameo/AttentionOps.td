// AttentionOps.td - attention, its linear form, and rotary position embeddings.
#ifndef CAMEO_ATTENTION_OPS_TD
#define CAMEO_ATTENTION_OPS_TD
include "dialects/Cameo/CameoBase.td"

def Cameo_AttentionOp : Cameo_StructuredOp<"attention", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue", "readsStrided"]>,
    DeclareOpInterfaceMethods<Cameo_ProductInterface>, DeclareOpInterfaceMethods<Cameo_CostInterface>, Cameo_RequiresSizes]> {
  let summary = "each query's average of the values, weighted by its agreement with the keys";
  let description = [{
    q [B, H, M, D], k [B, G, N, D], v [B, G, N, E] -> y [B, H, M, E]; query head h reads key head h / (H / G).
    `s[j] = scale * q[i] . k[j]`; with `softcap` c: `c tanh(s / c)`; plus a float `mask`, or out where a bool one is false;
    `y[i] = sum_j softmax(s)[j] v[j]`. Rows of which nothing is left are 0.

    Row i stands at position `p = i + offsets[b]` (0 without them) among the keys and sees `p - left <= j <= p + right`, each bound
    only where given: `right = 0` is causal. Keys from `lengths[b]` on are out. `mask` broadcasts to [B, H, M, N], but may end
    earlier along N: the keys behind are out. `sinks` [H] is a score that takes part in each row's softmax without a value.
    `scores` gives a second result [B, H, M, N], what s is at that `stage`: "product", "capped", "masked" (-inf: out) or "weights".

    Scores, sums and the softmax are in f32 for f16 and bf16. Memory: one row of scores per head, no M x N buffer.
    (C1) q, k and v have rank 4, and their sizes agree. (C2) G divides H. (C3) the mask is bool, f32 or of q's type, of rank 4
    or less, and broadcasts. (C4) `lengths` and `offsets` are [B] or [1]. (C5) `sinks` is [H], and f32 or of q's type. (C6) `stage` is one of
    the four, and given where there are scores. (C7) `left` and `right` are not negative. Element types of q, k and v agree.
    ONNX: Attention, since 23; com.microsoft GroupQueryAttention, MultiHeadAttention, Attention with further ops around it.
    Example: `%y = cameo.attention %q, %k, %v {scale = 0.125 : f32, right = 0 : i64} : (tensor<1x8x16x64xf32>, tensor<1x2x16x64xf32>, tensor<1x2x16x64xf32>) -> tensor<1x8x16x64xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$q, Cameo_FloatTensor:$k, Cameo_FloatTensor:$v, Optional<Cameo_NumericTensor>:$mask,
                       Optional<Cameo_IntTensor>:$lengths, Optional<Cameo_IntTensor>:$offsets, Optional<Cameo_FloatTensor>:$sinks,
                       F32Attr:$scale, OptionalAttr<F32Attr>:$softcap, OptionalAttr<I64Attr>:$left, OptionalAttr<I64Attr>:$right,
                       OptionalAttr<StrAttr>:$stage);
  let results = (outs Cameo_FloatTensor:$result, Optional<Cameo_FloatTensor>:$scores);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`mask` $mask^)? (`lengths` $lengths^)? (`offsets` $offsets^)? (`sinks` $sinks^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def Cameo_LinearAttentionOp : Cameo_StructuredOp<"linear_attention", [AttrSizedOperandSegments, Cameo_RequiresSizes]> {
  let summary = "attention as a state that each step's key and value update";
  let description = [{
    q [B, T, H, D], k [B, T, G, D], v [B, T, G, E] -> y [B, T, H, E] and the last state [B, G, D, E]. Per step and key head, from
    S = `initial` or 0: `S = e^decay S`; `S = S + k (x) u` with `u = v`, or `u = beta (v - S^T k)` with `beta`; then
    `y = scale S^T q` for the H / G query heads of the key head. States are in f32 for f16 and bf16.
    (C1) ranks and sizes agree, as above. (C2) G divides H. (C3) `decay` is [B, T, G, D], or [B, T, G, 1] for all of a head.
    (C4) `beta` is [B, T, G] or [B, T, 1]. (C5) element types agree, but those of the states may differ from the others'.
    ONNX: LinearAttention, since 27.
    Example: `%y, %s = cameo.linear_attention %q, %k, %v {scale = 1.0 : f32, state = f32} : (tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x8xf32>) -> (tensor<1x5x2x8xf32>, tensor<1x2x4x8xf32>)`
  }];
  let arguments = (ins Cameo_FloatTensor:$q, Cameo_FloatTensor:$k, Cameo_FloatTensor:$v, Optional<Cameo_FloatTensor>:$initial,
                       Optional<Cameo_FloatTensor>:$decay, Optional<Cameo_FloatTensor>:$beta, F32Attr:$scale, TypeAttr:$state);
  let results = (outs Cameo_FloatTensor:$result, Cameo_FloatTensor:$last);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`initial` $initial^)? (`decay` $decay^)? (`beta` $beta^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Cameo_RotaryEmbeddingOp : Cameo_IndexableOp<"rotary_embedding", [Cameo_RequiresSizes]> {
  let summary = "pairs of elements rotated by an angle that depends on the position";
  let description = [{
    x has rank 4, positions along `axis` (1 or 2) and R = 2 * the last size of `cos` rotated elements along the last axis; the
    others stay. Pair i of R / 2 is elements i and i + R / 2, or 2 i and 2 i + 1 with `interleaved`: `(x1 c - x2 s, x1 s + x2 c)` with
    `c = cos[positions[b, t], i]`, or `cos[b, t, i]` where there are no positions.
    (C1) x has rank 4 and `axis` is 1 or 2. (C2) `cos` and `sin` have one shape: [P, R / 2] with `positions`, else [B, T, R / 2].
    (C3) `positions` is [B, T]; its first size may be 1. (C4) R is not above the last size of x. (C5) element types agree.
    Positions outside [0, P) are a run-time error. ONNX: RotaryEmbedding, since 23; com.microsoft RotaryEmbedding.
    Example: `%y = cameo.rotary_embedding %x, %c, %s {axis = 2 : i64} : (tensor<1x8x16x64xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>) -> tensor<1x8x16x64xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$x, Cameo_FloatTensor:$cos, Cameo_FloatTensor:$sin, Optional<Cameo_IntTensor>:$positions,
                       I64Attr:$axis, UnitAttr:$interleaved);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "$x `,` $cos `,` $sin (`at` $positions^)? attr-dict `:` functional-type(operands, results)";
}
#endif
