// TabularOps.td - models over tables: ensembles of decision trees, probabilities of support vector machines, and the columns that are made of rows of tokens.
#ifndef CAMEO_TABULAR_OPS_TD
#define CAMEO_TABULAR_OPS_TD
include "dialects/Cameo/CameoBase.td"

def Cameo_TreeEnsembleOp : Cameo_StructuredOp<"tree_ensemble"> {
  let summary = "what the leaves that a row of x reaches say, aggregated over trees";
  let description = [{
    A row of `nodes` is (feature, bits of a threshold, next node if the test holds, next node if not), the integers as wide as the
    elements of x. A leaf leads to itself both ways. Nodes from `leavesFrom` on are leaves, and leaf i of them has the row i of
    `weights`: one for each target; or, with `targets`, votes for the targets which the row i of that names. A row of `roots` is
    (root of a tree, depth of its deepest leaf). `y[n, t]` is the sum, least or greatest weight for target t over all trees, of
    what x[n] reaches; 0, +inf or -inf where there is none.

    Tests: `x[feature] MODE threshold` with one of `modes` (lt, le or eq). Where there are several, bits 24 and 25 of a node's
    feature number them. A NaN fails the test, unless `missing` is given and bit 26 of the node's feature is set.

    (C1) `x` is [n, features]; `nodes` [m, 4], `roots` [trees, 2], `weights` and `targets` [m - leavesFrom, k]. (C2) `nodes` has
    integers as wide as the elements of `x` and `weights`. (C3) `modes` names 1 to 3 of lt, le, eq; `aggregate` is sum, min or max.
    ONNX: TreeEnsemble, TreeEnsembleClassifier and TreeEnsembleRegressor of ai.onnx.ml, whose nodes the importer checks and numbers.
    Example: `%y = cameo.tree_ensemble %x, %n, %r, %w {aggregate = "sum", leavesFrom = 1 : i64, modes = ["le"], numTargets = 1 : i64} : (tensor<8x4xf32>, tensor<3x4xi32>, tensor<1x2xi32>, tensor<2x1xf32>) -> tensor<8x1xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$x, Cameo_IntTensor:$nodes, Cameo_IntTensor:$roots, Cameo_FloatTensor:$weights,
                       Optional<Cameo_IntTensor>:$targets, I64Attr:$leavesFrom, I64Attr:$numTargets, StrArrayAttr:$modes,
                       UnitAttr:$missing, StrAttr:$aggregate);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_CountNgramsOp : Cameo_StructuredOp<"count_ngrams"> {
  let summary = "how often each of a list of n-grams occurs in each row of tokens";
  let description = [{
    A row (start, n, column) of `ngrams` stands for the tokens pool[start .. start + n). It occurs in a row of x where n tokens that
    lie s + 1 apart equal it, for each s in [0, maxSkips]; a single token counts once. `y[r, column]` is the number of occurrences.
    (C1) `x` is [rows, tokens], `pool` a vector of the same element type, `ngrams` [k, 3]. (C2) `columns` and `maxSkips` are 0 or more.
    Starts and columns outside `pool` and `y` are run-time errors. ONNX: TfIdfVectorizer, since 9.
    Example: `%y = cameo.count_ngrams %x, %p, %n {columns = 3 : i64, maxSkips = 0 : i64} : (tensor<2x6xi64>, tensor<4xi64>, tensor<3x3xi64>) -> tensor<2x3xf32>`
  }];
  let arguments = (ins RankedTensorOf<[I64, Cameo_String]>:$x, RankedTensorOf<[I64, Cameo_String]>:$pool, Cameo_I64Tensor:$ngrams,
                       I64Attr:$maxSkips, I64Attr:$columns);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_CoupleProbabilitiesOp : Cameo_StructuredOp<"couple_probabilities"> {
  let summary = "probabilities of classes from those of pairs of classes";
  let description = [{
    `r[n, p]` says how likely the first class of pair p is when only its two classes are possible; the pairs are (0, 1), (0, 2), ..,
    (1, 2), .. `y[n]` is the distribution that comes closest to all of them: with `r_ij` for the pair (i, j) and `r_ji = 1 - r_ij`,
    the least `sum_{i != j} (r_ji y_i - r_ij y_j)^2`. It is found by at most 100 rounds over the classes, which end when no gradient is
    0.005 / classes or more from their mean; as the end shows in the fourth digit, it belongs to the definition.
    (C1) `r` is [n, classes (classes - 1) / 2]. (C2) there are 2 to 4096 `classes`. Source: Wu, Lin and Weng 2004, algorithm 2, as in LIBSVM.
    ONNX: SVMClassifier of ai.onnx.ml with prob_a.
    Example: `%y = cameo.couple_probabilities %r {classes = 3 : i64} : (tensor<8x3xf32>) -> tensor<8x3xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$r, I64Attr:$classes);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif
