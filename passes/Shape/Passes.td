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
}

def FixInputSizesPass : Pass<"cameo-fix-input-sizes", "::mlir::func::FuncOp"> {
  let summary = "makes sizes of inputs constant that no run could have otherwise";
  let description = [{
    Before: `func @main(%x: tensor<?x?x?x?xf32>) { cameo.conv %x, %w : (tensor<?x?x?x?xf32>, tensor<64x3x7x7xf32>) -> …`.
    After: `func @main(%x: tensor<?x3x?x?xf32>)`.

    Exporters declare sizes open that the weights decide, such as the channels of pictures. Where an op that every run executes asks for one
    size (ShapeInterface::requireSizes), the arguments that have this size get it, and what is called by its name. The results' types are
    left to cameo-infer-shapes. Left alone: sizes of which two ops ask different things, and functions with regions: branches that no run
    takes may contradict a size that is known. Linear.
  }];
}

def FoldSizesPass : Pass<"cameo-fold-sizes", "::mlir::func::FuncOp"> {
  let summary = "makes sizes that are known constants, also those given to reshapes, and drops what computed them";
  let description = [{
    Before: `%s = cameo.shape_of %x; %n = ...concat of an element of %s and 64...; %y = cameo.reshape %x, %n : -> tensor<?x64xf32>`.
    After: `%c = cameo.constant dense<[0, 64]>; %y = cameo.reshape %x, %c : -> tensor<?x64xf32>`.

    A value whose elements are all known becomes a constant. The sizes given to a reshape become constants when each is one, is the
    operand's size on that axis (0), or is what remains (one -1). Then ops without uses are erased, the arithmetic on sizes among them.
    Left alone: sizes that stay symbolic; the entry function computes those. Linear in the number of ops.
  }];
}
#endif
