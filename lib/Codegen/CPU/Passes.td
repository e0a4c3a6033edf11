// Passes.td - what is decided for a CPU before and after kernels become loops.
#ifndef CAMEO_CODEGEN_CPU_PASSES_TD
#define CAMEO_CODEGEN_CPU_PASSES_TD
include "mlir/Pass/PassBase.td"

def ChooseTilesPass : Pass<"cameo-choose-tiles", "::mlir::func::FuncOp"> {
  let summary = "kernels of contractions and attention say how they are cut into register tiles";
  let description = [{
    Before: `cameo.kernel(%x, %w) { cameo.matmul }`. After: `cameo.kernel(%x, %w) attributes {config = {"x86-64-v4" = {mr = 6, nr = 64, lanes = 16, …}}}`,
    an entry per CPU that is compiled for, from the analytic model of ContractionTile.h. Entries that are there, written by hand or by an
    earlier run, stay; ops without tiled code get none. A CPU that nobody knows is an error. Linear.
  }];
  let options = [
    ListOption<"cpus", "cpus", "std::string", "CPU levels, as --cpu of cameo-compile names them">,
    Option<"strict", "strict", "bool", "false", "no tile whose arithmetic is more than a sum in another order (Winograd, zeros left out)">,
  ];
}

def ConcatInPlacePass : Pass<"cameo-concat-in-place", "::mlir::func::FuncOp"> {
  let summary = "kernels store where a concatenation wants what they compute";
  let description = [{
    Before: `%a = cameo.kernel(...)`, `%b = cameo.kernel(...)`, `%c = cameo.kernel(%a, %b) { concat }`.
    After: the last one has `inPlace = array<i64: 0, 1>` (Placement.h): `%a` and `%b` are parts of the memory of `%c`, and nothing is copied.

    Parts without room between their elements can be anything (those of an axis before which all sizes are 1). Others have it between their rows
    (the last axis, of 16 elements or more, is concatenated): what stores them and what reads them must do so by strides, which all but tuned code does. A
    tensor is part of one concatenation, and copied to others; a concatenation may be part of a later one. Sizes are those that inputs have.
    Left alone, with a remark: all else that kernels compute and a concatenation copies. Linear.
  }];
}

def VectorizeLoopsPass : Pass<"cameo-vectorize-loops", "::mlir::func::FuncOp"> {
  let summary = "loops of scalars become loops of native vectors";
  let description = [{
    Before: `scf.for` over elements that are loaded, computed and stored. After: the same over vectors, the rest masked; see LoopVectorization.h for
    which loop of a nest that is. Loops whose accesses may overlap, or whose vectors would be emptier than half, stay. Code generation calls the
    function; the pass is for tests. Linear.
  }];
  let options = [Option<"vectorBytes", "vector-bytes", "int64_t", "64", "size of a vector register">];
  let dependentDialects = ["::mlir::vector::VectorDialect"];
}
#endif
