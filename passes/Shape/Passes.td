// Passes.td - shapes: what the ops' shape functions say is checked and written into the types.
#ifndef CAMEO_PASSES_SHAPE_TD
#define CAMEO_PASSES_SHAPE_TD
include "mlir/Pass/PassBase.td"

def InferShapesPass : Pass<"cameo-infer-shapes", "::mlir::func::FuncOp"> {
  let summary = "checks every op's shapes and makes sizes that turn out to be constants part of the types";
  let description = [{
    Before: `%y = cameo.relu %x : (tensor<2x8xf32>) -> tensor<?x?xf32>`. After: `… -> tensor<2x8xf32>`.

    Asks each op's shape function, inner regions first. An op whose operands do not fit together, or whose result type contradicts its
    operands, is an error; the first one of a function ends the pass. The importer gives types that are already refined, so this pass is for
    what other passes learned (constants folded, dimensions fixed), and for IR written by hand, whose constraints nothing else checks.
    The function's result types follow its return. Left alone: arguments, and the sizes that loops carry. Linear.
  }];
  let statistics = [Statistic<"refined", "types refined", "Results of which a size became constant">];
}
#endif
