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
    Option<"strict", "strict", "bool", "false", "no tile whose arithmetic rounds more than a sum in another order (Winograd)">,
  ];
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
