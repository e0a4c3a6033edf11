// ContractionPacking.h - lays constant weights out as the contraction and depthwise emitters read them, at compile
// time.
//
// All functions write `packed` front to back and read the source in place: no memory beyond the output is taken.
#ifndef CAMEO_CODEGEN_CPU_CONTRACTIONPACKING_H
#define CAMEO_CODEGEN_CPU_CONTRACTIONPACKING_H

#include "cameo/Codegen/CPU/Contraction.h"
#include <vector>

namespace cameo::codegen {

/// Packs B[K,N], whose element (k, n) is source[k * kStride + n * nStride]: [K,N] row-major has strides (N, 1), the
/// transposed [N,K] has (1, K). `packed` has packedRhsElements(tile, k, n) elements; columns beyond N are zero.
void packRhs(const float *source, int64_t kStride, int64_t nStride, int64_t k, int64_t n, const ContractionTile &tile,
             float *packed);

/// Packs convolution weights [outChannels][inChannelsPerGroup][spatial...] (ONNX order, spatial = product of the
/// kernel's sizes) group after group, K ordered (spatial, input channel), as emitConvolution reads them. `packed` has
/// groups * packedRhsElements(tile, spatial * inChannelsPerGroup, outChannels / groups) elements.
void packConvolutionWeights(const float *source, int64_t outChannels, int64_t inChannelsPerGroup, int64_t spatial,
                            int64_t groups, const ContractionTile &tile, float *packed);

/// Packs weights [channels][groupChannels][spatial...] as [spatial][groupChannels][channels], as emitDepthwise reads
/// them.
void packDepthwiseWeights(const float *source, int64_t channels, int64_t groupChannels, int64_t spatial, float *packed);

/// Packs a right operand for a tile whose lanes hold elements of K, which come in runs of `run`, each of which begins
/// with a new vector: element (k, n) is source[kOffsets[k] + n * nStride]. `packed` has packedRhsElements(tile, K / run
/// * ceil(run / lanes), n) elements; what fills vectors up is zero.
void packRhsAlongK(const float *source, llvm::ArrayRef<int64_t> kOffsets, int64_t nStride, int64_t n, int64_t run,
                   const ContractionTile &tile, float *packed);

/// Packs a right operand of bf16, K in runs of `run` elements, each of which begins with a new pair: element (k, n) is
/// source[kOffsets[k] + n * nStride]. `packed` has 4 * packedRhsElements(tile, K / run * ceil(run / 2), n) bytes.
void packBf16Rhs(const uint16_t *source, llvm::ArrayRef<int64_t> kOffsets, int64_t nStride, int64_t n, int64_t run,
                 const ContractionTile &tile, char *packed);

/// A matrix of bytes in memory, for packByteRhs: element (k, n) is source[kOffsets[k] + n * nStride].
struct ByteMatrix {
  const uint8_t *source;
  bool isSigned;
  std::vector<int64_t> kOffsets;
  int64_t nStride, n;
  llvm::ArrayRef<int32_t> zeros; ///< zero points: one, or one per column
};

/// Packs a right operand of bytes, K in runs of `run` elements (ContractionArithmetic.h). `packed` has 4 *
/// packedRhsElements(tile, product.panelRows(K / run, run), n) bytes.
void packByteRhs(const ByteMatrix &matrix, int64_t run, const ByteProduct &product, const ContractionTile &tile,
                 char *packed);

} // namespace cameo::codegen
#endif
