// ContractionWinograd.h - convolutions by 3x3, and planes of 3x3, by Winograd's algorithm F(m x m, 3x3), m = 2 or 4.
//
// Outputs are cut into tiles of m x m. With a = m + 2, a tile's a x a window d and a filter g give
//
//   Y = A^T [ (G g G^T) * (B^T d B) ] A,   * element by element,
//
// so, summed over input channels, a^2 independent matrix products [tiles, C] x [C, O]: a^2 multiply-adds per tile and
// pair of channels instead of 9 m^2, which is 2.25 times fewer for m = 2 and 4 times for m = 4. Filters are transformed
// at compile time. Planes of taps along a third axis are input channels more: plane after plane. A block of tiles is
// transformed once, into memory that stays in L2; then, panel by panel, come its products and the transform of the
// results, with the fused ops.
//
// Error relative to the largest result: that of a direct sum in f32 for m = 2, about ten times that, under 1e-5, for m
// = 4. Source: Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks".
#ifndef LIB_CODEGEN_CPU_CONTRACTIONWINOGRAD_H
#define LIB_CODEGEN_CPU_CONTRACTIONWINOGRAD_H

#include "cameo/Codegen/CPU/Contraction.h"

namespace cameo::codegen {

/// Of a convolution that the algorithm can compute: a window of 3x3 in height and width, with stride and dilation 1
/// there, one group, no bytes. What is narrower than f32 becomes f32 where it is transformed.
std::optional<ContractionShape::Images> winogradImages(const ConvolutionSpec &spec);

/// Transforms and packs ONNX's [O, C, planes, 3, 3]: a panel of `tile` after the other, each [a * a][planes][C][its
/// width]. `packed` has a * a * packedRhsElements(tile, planes * channels, outputs) elements.
void packWinogradWeights(const float *source, int64_t outputs, int64_t channels, int64_t planes,
                         const ContractionTile &tile, float *packed);

/// Emits the steps [begin, end) of planWinograd. `scratch`: steps * scratchElements f32, aligned to 64 bytes. Needs
/// spec.store and spec.zeros.
void emitWinograd(mlir::OpBuilder &b, mlir::Location loc, const ConvolutionSpec &spec, const WinogradPlan &plan,
                  mlir::Value scratch, mlir::Value begin, mlir::Value end);

} // namespace cameo::codegen
#endif
