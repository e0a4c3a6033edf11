// Passes.td - transforms: Fourier transforms of a known length, transposed convolutions to few channels, convolutions by
// filters that only the run knows.
#ifndef CAMEO_PASSES_TRANSFORMS_TD
#define CAMEO_PASSES_TRANSFORMS_TD
include "mlir/Pass/PassBase.td"

def MultiplyTransformsPass : Pass<"cameo-multiply-transforms", "::mlir::func::FuncOp"> {
  let summary = "makes Fourier transforms of a known length products with constant matrices";
  let description = [{
    Before: `%y = cameo.dft %x, %length {axis = 1, onesided} : tensor<?x400x1xf32> -> tensor<?x201x2xf32>`, %length 400.
    After: `%y = reshape(matmul(reshape %x : tensor<?x400xf32>, %m))`, %m a constant of 400 rows and 402 columns: cosines and sines.

    Axes before and behind the transformed one become rows of the product; complex numbers become two columns.
    Left alone, with a remark: lengths that only the run knows, f16 and bf16, whose sines would be too coarse, and matrices of more than 16 MB.
  }];
}
def MergePhasesPass : Pass<"cameo-merge-phases", "::mlir::func::FuncOp"> {
  let summary = "makes transposed convolutions to few channels convolutions to all phases of their stride";
  let description = [{
    Before: `%y = cameo.conv_transpose %x, %w {strides = [2, 2], pads = [4, 4, 4, 4]}`, %w a constant of [56, 1, 9, 9].
    After: `%p = cameo.conv %x, %v`, %v [4, 56, 5, 5], whose 4 channels are the pixels of a square of the result, which a reshape, a
    transpose and a reshape put in their place. Any number of spatial axes.

    Lanes hold channels, so that one channel leaves 15 of 16 empty, in as many convolutions as there are phases. Left alone: sizes that only
    the run knows, groups, dilations, filters that are no f32 constants, and where two thirds of the vectors of the phases are not
    enough for the merged one. Linear.
  }];
}
def MultiplyWindowsPass : Pass<"cameo-multiply-windows", "::mlir::func::FuncOp"> {
  let summary = "makes convolutions by filters that only the run knows, and deformable ones, products with the windows, side by side";
  let description = [{
    Before: `%y = cameo.conv %x, %w {strides = [1, 1], pads = [1, 1, 1, 1]}`, %w [64, 32, 3, 3], no constant.
    After: `%y = reshape(matmul(reshape %w, %c))`, %c [N, 288, pixels] a concatenation of 9 slices of the padded %x, one per tap.

    A filter's form for the micro-kernels is made at compile time, and without it a convolution goes by its loops; products arrange
    their operands at run time. The windows take as much memory as the operand, times taps. Of one channel per group: a sum of slices, each times
    its weight per channel. Of f32 and f64 also transposed ones: a product gives what each pixel adds to its window, pads move it, and the sums of
    each phase are put side by side. Of f32 also deformable ones, of any filter: places are a grid for cameo.grid_sample. Any number of
    spatial axes and groups; the number of images may be the run's.

    Left alone, with a remark: other sizes that only the run knows; more than 64 taps (not of deformable ones), each of which is an op to compile;
    convolutions to fewer than 8 outputs per group and transposed ones of fewer than 8 channels per group, whose windows would cost more than they
    bring; windows of more than 2^27 elements together, or 2^25 of one image where the run gives the number of images; strides that
    leave outputs without taps. Linear in taps times phases.
  }];
}
#endif
