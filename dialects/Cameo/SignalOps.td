// SignalOps.td - spectra: the discrete Fourier transform and the mel filter bank.
#ifndef CAMEO_SIGNAL_OPS_TD
#define CAMEO_SIGNAL_OPS_TD
include "dialects/Cameo/CameoBase.td"

def Cameo_DftOp : Cameo_StructuredOp<"dft", [DeclareOpInterfaceMethods<Cameo_CostInterface>]> {
  let summary = "discrete Fourier transform along an axis";
  let description = [{
    Complex numbers are the last axis: [real, imaginary], or [real] alone. With L = length, along `axis`:
    `y[k] = sum_n x[n] e^(-2 pi i n k / L)` for 0 <= k < L; `inverse`: `y[n] = 1/L sum_k x[k] e^(2 pi i n k / L)`. Missing elements of
    x count as 0, those from L on don't. `onesided` forward keeps k <= L / 2; `onesided` inverse reads only k <= L / 2, takes the
    rest as their conjugates, and gives real numbers. Computed in f64 with tables of sines, L operations per element.
    (C1) the rank is 2 or more and the last size 1 or 2. (C2) `axis` is in [0, rank - 1). (C3) `length` has one element, and is 1
    or more. ONNX: DFT, since 17; STFT.
    Example: `%y = cameo.dft %x, %n {axis = 1 : i64, onesided} : (tensor<1x8x1xf32>, tensor<i64>) -> tensor<1x?x2xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$x, Cameo_I64Tensor:$length, I64Attr:$axis, UnitAttr:$inverse, UnitAttr:$onesided);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_MelWeightMatrixOp : Cameo_IndexableOp<"mel_weight_matrix", [], "operand > 1"> {
  let summary = "triangular filters, evenly spaced on the mel scale";
  let description = [{
    With edges `e_i = floor((L + 1) hz(i) / rate)`, hz spacing `bins + 2` points evenly from `low` to `high` on the mel scale
    `2595 log10(1 + f / 700)`: y[j, i] rises from 0 at e_i to 1 at e_(i+1) and falls to 0 at e_(i+2), for
    0 <= j <= L / 2 and 0 <= i < bins. Computed in f64.
    (C1) every operand has one element. ONNX: MelWeightMatrix, since 17.
    Example: `%y = cameo.mel_weight_matrix %m, %l, %r, %lo, %hi {to = f32} : (tensor<i64>, tensor<i64>, tensor<i64>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>`
  }];
  let arguments = (ins Cameo_I64Tensor:$bins, Cameo_I64Tensor:$length, Cameo_I64Tensor:$rate, Cameo_FloatTensor:$low,
                       Cameo_FloatTensor:$high, TypeAttr:$to);
  let results = (outs Cameo_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif
