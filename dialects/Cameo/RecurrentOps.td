// RecurrentOps.td - recurrent cells over a sequence. The inputs' part of the gates is a matmul of its own, made before.
#ifndef CAMEO_RECURRENT_OPS_TD
#define CAMEO_RECURRENT_OPS_TD
include "dialects/Cameo/CameoBase.td"

// `inputs` [S, B, D, G H]: what the inputs and all constant biases add to the gates: X W^T + b, for every step at once.
// `weights` [D, H, G H]: R^T, so that a step reads whole rows of it.
class Cameo_RecurrentOp<string mnemonic, dag extraOperands, dag extraAttributes>
    : Cameo_StructuredOp<mnemonic, [AttrSizedOperandSegments, DeclareOpInterfaceMethods<Cameo_ProductInterface>,
                                    DeclareOpInterfaceMethods<Cameo_CostInterface>, Cameo_RequiresSizes]> {
  let arguments = !con((ins Cameo_FloatTensor:$inputs, Cameo_FloatTensor:$weights, Optional<Cameo_FloatTensor>:$initial),
                       extraOperands,
                       (ins Optional<Cameo_IntTensor>:$lengths, UnitAttr:$reverse, StrArrayAttr:$activations,
                            DenseF32ArrayAttr:$alpha, DenseF32ArrayAttr:$beta, OptionalAttr<F32Attr>:$clip),
                       extraAttributes);
}

def Cameo_RnnOp : Cameo_RecurrentOp<"rnn", (ins), (ins)> {
  let summary = "simple recurrent layer";
  let description = [{
    `h[t] = f(inputs[t] + h[t-1] R^T)`, `h[-1]` = `initial` or 0. Results: h of every step [S, D, B, H], and the last [D, B, H].
    Direction 1 of two, or the only one with `reverse`, goes from the last step to the first. With `lengths`, row b has lengths[b]
    steps; h behind them is 0, and directions that go back start at lengths[b] - 1. `activations` names f for each direction, as
    ONNX does, with `alpha` and `beta` (0 where it takes none); `clip` limits the gates
    before their functions to [-clip, clip]. Sums are in f32 for
    f16 and bf16, and so are the states between steps.
    (C1) `inputs` is [S, B, D, G H] and `weights` [D, H, G H] with G = 1. (C2) D is 1 or 2, and 1 with `reverse`.
    (C3) element types agree, but `weights` may be bf16 or f16 where the others are f32. (C4) `initial` is [D, B, H]. (C5) `lengths` is [B]; values outside [0, S] are a run-time error.
    (C6) `activations`, `alpha` and `beta` have one entry per direction, each a known name.
    ONNX: RNN, since 1.
    Example: `%y, %h = cameo.rnn %x, %r {activations = ["Tanh"], alpha = array<f32: 0.0>, beta = array<f32: 0.0>} : (tensor<5x2x1x8xf32>, tensor<1x8x8xf32>) -> (tensor<5x1x2x8xf32>, tensor<1x2x8xf32>)`
  }];
  let results = (outs Cameo_FloatTensor:$result, Cameo_FloatTensor:$last);
  let assemblyFormat = [{
    $inputs `,` $weights (`initial` $initial^)? (`lengths` $lengths^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Cameo_GruOp : Cameo_RecurrentOp<"gru", (ins Optional<Cameo_FloatTensor>:$hiddenBias), (ins UnitAttr:$linearBeforeReset)> {
  let summary = "gated recurrent units";
  let description = [{
    As `rnn`, with gates in the order z, r, n of `inputs` and `weights`:
    `z = f(inputs_z + h R_z^T)`, `r = f(inputs_r + h R_r^T)`, `n = g(inputs_n + (r h) R_n^T)`, and `h' = (1 - z) n + z h`. With
    `linearBeforeReset`, `n = g(inputs_n + r (h R_n^T + hiddenBias))`. `activations` names f and g for each direction.
    (C1) to (C6) as `rnn` with G = 3 and two activations. (C7) `hiddenBias` is [D, H] and comes with `linearBeforeReset`.
    ONNX: GRU, since 1.
    Example: `%y, %h = cameo.gru %x, %r {activations = ["Sigmoid", "Tanh"], alpha = array<f32: 0.0, 0.0>, beta = array<f32: 0.0, 0.0>} : (tensor<5x2x1x24xf32>, tensor<1x8x24xf32>) -> (tensor<5x1x2x8xf32>, tensor<1x2x8xf32>)`
  }];
  let results = (outs Cameo_FloatTensor:$result, Cameo_FloatTensor:$last);
  let assemblyFormat = [{
    $inputs `,` $weights (`initial` $initial^)? (`hidden_bias` $hiddenBias^)? (`lengths` $lengths^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def Cameo_LstmOp : Cameo_RecurrentOp<"lstm",
    (ins Optional<Cameo_FloatTensor>:$initialCell, Optional<Cameo_FloatTensor>:$peepholes), (ins UnitAttr:$inputForget)> {
  let summary = "long short-term memory";
  let description = [{
    As `rnn`, with gates in the order i, o, f, c of `inputs` and `weights`; each gate's input is a = inputs + h R^T:
    `i = f(a_i + P_i c)`, `f = f(a_f + P_f c)` (`inputForget`: 1 - i), `c' = f c + i g(a_c)`, `o = f(a_o + P_o c')` and
    `h' = o h(c')`, where `peepholes` holds P in the order i, o, f and `c[-1]` is `initialCell` or 0. `activations` names f, g and h
    for each direction. Results: h of every step, the last h, and the last c.
    (C1) to (C6) as `rnn` with G = 4 and three activations, `initialCell` like `initial`. (C7) `peepholes` is [D, 3 H].
    ONNX: LSTM, since 1.
    Example: `%y, %h, %c = cameo.lstm %x, %r {activations = ["Sigmoid", "Tanh", "Tanh"], alpha = array<f32: 0.0, 0.0, 0.0>, beta = array<f32: 0.0, 0.0, 0.0>} : (tensor<5x2x1x32xf32>, tensor<1x8x32xf32>) -> (tensor<5x1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>)`
  }];
  let results = (outs Cameo_FloatTensor:$result, Cameo_FloatTensor:$last, Cameo_FloatTensor:$lastCell);
  let assemblyFormat = [{
    $inputs `,` $weights (`initial` $initial^)? (`initial_cell` $initialCell^)? (`peepholes` $peepholes^)? (`lengths` $lengths^)?
    attr-dict `:` functional-type(operands, results)
  }];
}
#endif
