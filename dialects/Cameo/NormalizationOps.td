// NormalizationOps.td - layer, RMS, group and local response normalization. Batch, Lp and mean-variance normalization are composed
// by the importer.
#ifndef CAMEO_NORMALIZATION_OPS_TD
#define CAMEO_NORMALIZATION_OPS_TD
include "dialects/Cameo/CameoBase.td"

class Cameo_NormalizationBase<string mnemonic, dag ins_, list<Trait> traits = []>
    : Cameo_StructuredOp<mnemonic, !listconcat([DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>,
                                                DeclareOpInterfaceMethods<Cameo_CostInterface>], traits)> {
  let arguments = ins_;
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_LayerNormOp : Cameo_NormalizationBase<"layer_norm",
    (ins Cameo_FloatTensor:$x, Cameo_FloatTensor:$scale, Optional<Cameo_FloatTensor>:$bias, I64Attr:$axis, F32Attr:$epsilon), [Cameo_RequiresSizes]> {
  let summary = "each row with mean 0 and variance 1, scaled and shifted";
  let description = [{
    A row is all axes from `axis` on: `y = (x - mean) / sqrt(variance + epsilon) * scale + bias`, the variance being the mean of
    `(x - mean)^2`. Statistics are in f32 for f16 and bf16.
    (C1) `axis` is in [-rank, rank). (C2) `scale` and `bias` broadcast to `x` without making it larger. (C3) element types agree.
    ONNX: LayerNormalization, since 17.
    Example: `%y = cameo.layer_norm %x, %s, %b {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x8xf32>`
  }];
}

def Cameo_RmsNormOp : Cameo_NormalizationBase<"rms_norm",
    (ins Cameo_FloatTensor:$x, Cameo_FloatTensor:$scale, I64Attr:$axis, F32Attr:$epsilon), [Cameo_RequiresSizes]> {
  let summary = "each row divided by its root mean square, scaled";
  let description = [{
    A row is all axes from `axis` on: `y = x / sqrt(mean(x^2) + epsilon) * scale`. Statistics are in f32 for f16 and bf16.
    (C1) `axis` is in [-rank, rank). (C2) `scale` broadcasts to `x` without making it larger. (C3) element types agree.
    ONNX: RMSNormalization, since 23; SimplifiedLayerNormalization.
    Example: `%y = cameo.rms_norm %x, %s {axis = -1 : i64, epsilon = 1.0e-05 : f32} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>`
  }];
}

def Cameo_GroupNormOp : Cameo_NormalizationBase<"group_norm",
    (ins Cameo_FloatTensor:$x, Cameo_FloatTensor:$scale, Cameo_FloatTensor:$bias, I64Attr:$groups, F32Attr:$epsilon), [Cameo_RequiresSizes]> {
  let summary = "groups of channels with mean 0 and variance 1, each channel scaled and shifted";
  let description = [{
    `x` is [N, C, ...]. The channels form `groups` runs of equal length, or one run per channel when `groups` is 0; statistics are
    over a run and all axes behind it: `y = (x - mean) / sqrt(variance + epsilon) * scale[c] + bias[c]`.
    (C1) the rank of `x` is 2 or more. (C2) `groups` divides C. (C3) `scale` and `bias` have shape [C]. (C4) element types agree.
    ONNX: GroupNormalization, since 18; InstanceNormalization, since 1.
    Example: `%y = cameo.group_norm %x, %s, %b {groups = 2 : i64, epsilon = 1.0e-05 : f32} : (tensor<1x4x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8xf32>`
  }];
}

def Cameo_LrnOp : Cameo_NormalizationBase<"lrn",
    (ins Cameo_FloatTensor:$x, I64Attr:$size, F32Attr:$alpha, F32Attr:$beta, F32Attr:$bias)> {
  let summary = "divides by a power of the sum of squares over neighbouring channels";
  let description = [{
    `y[n, c, ...] = x[n, c, ...] / (bias + alpha / size * sum_j x[n, j, ...]^2)^beta`, j running over the `size` channels around c:
    (size - 1) / 2 before it, rounded down, and the rest behind it. (C1) the rank is 2 or more. (C2) `size` is 1 or more.
    ONNX: LRN, since 1.
    Example: `%y = cameo.lrn %x {size = 3 : i64, alpha = 1.0e-04 : f32, beta = 0.75 : f32, bias = 1.0 : f32} : (tensor<1x4x8xf32>) -> tensor<1x4x8xf32>`
  }];
}
#endif
