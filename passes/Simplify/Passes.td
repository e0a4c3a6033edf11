// Passes.td - simplification: the same function with fewer ops.
#ifndef CAMEO_PASSES_SIMPLIFY_TD
#define CAMEO_PASSES_SIMPLIFY_TD
include "mlir/Pass/PassBase.td"

def SimplifyPass : Pass<"cameo-simplify", "::mlir::func::FuncOp"> {
  let summary = "removes ops that change nothing and merges ops with their neighbours";
  let description = [{
    Before: `%t = cameo.transpose %w {1, 0}; %y = cameo.matmul %x, %t; %z = cameo.mul %y, %scale`, all but %x constant.
    After: `%v = cameo.mul %w, %s; %z = cameo.matmul %x, %v {transposeRhs}`, %v to be computed by --cameo-fold-constants.

    - Views of views become one reshape or nothing; slices of everything, expansions to the own shape, pads by nothing and pieces of
      size 0 go; a branch whose condition is known takes its if's place.
    - A slice of a slice is one slice; a slice of a concatenation reads the piece it lies in; neighbouring slices that are
      concatenated again become one. A concatenation that begins with all that another joins begins with its result.
    - A transpose that only moves axes of size 1 is a view; one between rows of channels and the channels of an image
      becomes one of the image. A matrix product reads through a swap of its operand's matrix axes.
    - Powers of 2, 3, -1 become products and a quotient; a power of 1/2 becomes a root where the base cannot be negative.
    - Zeros padded before a convolution or an average pool become its own padding.
    - A constant scale per output channel behind a linear op (LinearInterface: convolutions, matrix products) moves into its weights,
      across a constant bias; constant biases add up.

    The ops' own folders run too. Everything is exact, also for NaN and -0, but the power of 3 and the scales, which change one rounding per element.
    Runs after --cameo-infer-shapes, so that types say what is known.
  }];
}
#endif
