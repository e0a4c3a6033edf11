// ContractionPacking.h - lays constant weights out as the contraction and depthwise emitters read them, at compile
// time.
//
// All functions write `packed` front to back and read the source in place: no memory beyond the output is taken.
#ifndef CAMEO_CODEGEN_CPU_CONTRACTIONPACKING_H
#define CAMEO_CODEGEN_CPU_CONTRACTIONPACKING_H

#include "cameo/Codegen/CPU/Contraction.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
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

/// Packs a right operand for a tile whose lanes hold elements of K, float or bf16, which come in runs of `run`, each of
/// which begins with a new vector: element (k, n) is source[kOffsets[k] + n * nStride]. `packed` has 4 *
/// packedRhsElements(tile, K / run * ceil(run / elements of a vector), n) bytes; what fills vectors up is zero.
template <typename T>
void packRhsAlongK(const T *source, llvm::ArrayRef<int64_t> kOffsets, int64_t nStride, int64_t n, int64_t run,
                   const ContractionTile &tile, T *packed) {
  int64_t lanes = tile.lanes * 4 / int64_t(sizeof(T)), vectors = llvm::divideCeil(run, lanes);
  std::fill(packed, packed + int64_t(kOffsets.size()) / run * vectors * n * lanes, T(0));
  for (auto [i, offset] : llvm::enumerate(kOffsets)) {
    int64_t inRun = int64_t(i) % run, step = int64_t(i) / run * vectors + inRun / lanes;
    for (int64_t column = 0; column < n; ++column)
      packed[(step * n + column) * lanes + inRun % lanes] = source[offset + column * nStride];
  }
}

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
