// Passes.td - pruning: tensors lose what matters least.
#ifndef CAMEO_PASSES_PRUNING_TD
#define CAMEO_PASSES_PRUNING_TD
include "mlir/Pass/PassBase.td"

def PruneChannelsPass : Pass<"cameo-prune-channels", "::mlir::func::FuncOp"> {
  let summary = "tensors are narrower by the channels and heads that matter least";
  let description = [{
    Before: `%h = relu(matmul %x, %w1 : 8x16); %y = matmul %h, %w2 : 16x4`.
    After, with `share=0.5`: `%h = relu(matmul %x, %v1 : 8x8); %y = matmul %h, %v2 : 8x4`.

    Slices that ops tie together (SliceInterface) go together, through additions, concatenations, reshapes, groups, attention. A
    *family* is what has slices of the same tensors: the channels between two layers, the heads of an attention. Each loses its share,
    those of least score first; one remains. With `masked` nothing is cut: the weights that read what would go are 0, which gives the
    same results up to the order of sums.

    Layers that say what was observed at their input (cameo.observed with second moments) get weights that make the best of what
    remains, by least squares: what goes is replaced by the combination of what stays that comes nearest to it.

    Left alone: what the function returns or takes, what an op without the interface reads, and axes that are summed over with
    something that is no constant. Linear in the weights, cubic in the channels where moments are used.
  }];
  let options = [
    Option<"share", "share", "double", "0.3", "part of each family that goes, from 0 to below 1">,
    ListOption<"shares", "shares", "double", "the same for each family, in the order of the function; those missing keep all">,
    Option<"score", "score", "PruneScore", "PruneScore::Magnitude", "what decides which go first", "pruneScoreValues()">,
    Option<"scope", "scope", "PruneScope", "PruneScope::Uniform", "among how many is decided", "pruneScopeValues()">,
    Option<"multiple", "multiple", "int64_t", "16",
           "families of at least four times as many keep a multiple of it, the nearest, so that vectors are full">,
    Option<"masked", "masked", "bool", "false", "zero weights in place of smaller tensors">,
    Option<"reconstruct", "reconstruct", "bool", "true", "least squares where second moments were observed">,
  ];
}

def PruneWeightsPass : Pass<"cameo-prune-weights", "::mlir::func::FuncOp"> {
  let summary = "the weights of layers that matter least are 0";
  let description = [{
    Before: `%y = cameo.matmul %x, %w`. After, with `pattern=2:4`: the same, where of four weights in a row of one output two are 0.

    Patterns: `unstructured`; `N:M`, of M consecutive weights of an output N stay; `RxC`, blocks of R outputs by C weights go as a
    whole, as kernels like them that skip blocks. Scores as in cameo-prune-channels; second-order also changes the weights that
    stay, column by column (Frantar & Alistarh 2023, SparseGPT), and wants second moments of a product's input.

    Left alone: layers with fewer weights per output than `fewest`. Linear in the weights; second-order is cubic in the terms of a sum.
  }];
  let options = [
    Option<"pattern", "pattern", "std::string", "\"unstructured\"", "unstructured, N:M or RxC">,
    Option<"sparsity", "sparsity", "double", "0.5", "part of the weights that goes; N:M says it itself">,
    Option<"score", "score", "PruneScore", "PruneScore::Magnitude", "what decides which go first", "pruneScoreValues()">,
    Option<"fewest", "fewest", "int64_t", "32", "weights per output from which on a layer is worth it">,
  ];
}
#endif
