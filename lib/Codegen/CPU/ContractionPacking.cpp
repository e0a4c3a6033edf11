// ContractionPacking.cpp - compile-time packing of constant weights. See ContractionPacking.h.
#include "cameo/Codegen/CPU/ContractionPacking.h"
#include <algorithm>

using namespace cameo::codegen;

void cameo::codegen::packRhs(const float *source, int64_t kStride, int64_t nStride, int64_t k, int64_t n,
                             const ContractionTile &tile, float *packed) {
  for (int64_t panel = 0, panels = panelCount(tile, n); panel < panels; ++panel) {
    int64_t first = panel * tile.nr;
    int64_t width = panelWidth(tile, n, panel);
    int64_t columns = std::min(tile.nr, n - first);
    for (int64_t row = 0; row < k; ++row, packed += width) {
      const float *from = source + row * kStride + first * nStride;
      for (int64_t column = 0; column < columns; ++column)
        packed[column] = from[column * nStride];
      std::fill(packed + columns, packed + width, 0.0f);
    }
  }
}

void cameo::codegen::packConvolutionWeights(const float *source, int64_t outChannels, int64_t inChannelsPerGroup,
                                            int64_t spatial, int64_t groups, const ContractionTile &tile,
                                            float *packed) {
  int64_t n = outChannels / groups;
  int64_t filter = inChannelsPerGroup * spatial;
  for (int64_t group = 0; group < groups; ++group) {
    const float *weights = source + group * n * filter;
    for (int64_t panel = 0, panels = panelCount(tile, n); panel < panels; ++panel) {
      int64_t first = panel * tile.nr;
      int64_t width = panelWidth(tile, n, panel);
      int64_t columns = std::min(tile.nr, n - first);
      for (int64_t tap = 0; tap < spatial; ++tap)
        for (int64_t channel = 0; channel < inChannelsPerGroup; ++channel, packed += width) {
          const float *from = weights + first * filter + channel * spatial + tap;
          for (int64_t column = 0; column < columns; ++column)
            packed[column] = from[column * filter];
          std::fill(packed + columns, packed + width, 0.0f);
        }
    }
  }
}

void cameo::codegen::packDepthwiseWeights(const float *source, int64_t channels, int64_t groupChannels, int64_t spatial,
                                          float *packed) {
  for (int64_t tap = 0; tap < spatial; ++tap)
    for (int64_t member = 0; member < groupChannels; ++member)
      for (int64_t channel = 0; channel < channels; ++channel)
        *packed++ = source[(channel * groupChannels + member) * spatial + tap];
}

void cameo::codegen::packBf16Rhs(const uint16_t *source, llvm::ArrayRef<int64_t> kOffsets, int64_t nStride, int64_t n,
                                 int64_t run, const ContractionTile &tile, char *packed) {
  int64_t k = kOffsets.size(), pairs = (run + 1) / 2, rows = run ? k / run * pairs : 0;
  for (int64_t panel = 0, panels = panelCount(tile, n); panel < panels; ++panel) {
    int64_t first = panel * tile.nr, width = panelWidth(tile, n, panel), columns = std::min(tile.nr, n - first);
    auto *to = reinterpret_cast<uint16_t *>(packed);
    std::fill(to, to + rows * width * 2, 0);
    for (int64_t i = 0; i < k; ++i) {
      int64_t inRun = i % run, row = i / run * pairs + inRun / 2;
      const uint16_t *from = source + kOffsets[i] + first * nStride;
      for (int64_t column = 0; column < columns; ++column)
        to[(row * width + column) * 2 + inRun % 2] = from[column * nStride];
    }
    packed += rows * width * 4;
  }
}

void cameo::codegen::packByteRhs(const ByteMatrix &matrix, int64_t run, const ByteProduct &product,
                                 const ContractionTile &tile, char *packed) {
  int64_t k = matrix.kOffsets.size(), perStep = product.stepElements();
  bool isQuad = product.dots == ByteDots::Quads;
  // Quads hold signed bytes.
  int32_t shift = isQuad && !matrix.isSigned ? 128 : 0;
  for (int64_t panel = 0, panels = panelCount(tile, matrix.n); panel < panels; ++panel) {
    int64_t first = panel * tile.nr, width = panelWidth(tile, matrix.n, panel);
    int64_t columns = std::min(tile.nr, matrix.n - first);
    int64_t rows = product.panelRows(run ? k / run : 0, run);
    std::fill(packed, packed + rows * width * 4, 0);
    auto *sums = reinterpret_cast<int32_t *>(packed), *zeros = sums + width;
    char *steps = packed + product.headRows() * width * 4;
    for (int64_t column = 0; column < columns; ++column) {
      const uint8_t *from = matrix.source + (first + column) * matrix.nStride;
      int32_t zero = matrix.zeros[matrix.zeros.size() == 1 ? 0 : first + column], sum = 0;
      for (int64_t i = 0; i < k; ++i) {
        uint8_t byte = from[matrix.kOffsets[i]];
        int32_t value = matrix.isSigned ? static_cast<int8_t>(byte) : byte;
        sum += value - zero;
        int64_t inRun = i % run, row = i / run * ((run + perStep - 1) / perStep) + inRun / perStep;
        char *to = steps + (row * width + column) * 4;
        if (isQuad)
          to[inRun % perStep] = static_cast<char>(value - shift);
        else
          reinterpret_cast<int16_t *>(to)[inRun % perStep] = static_cast<int16_t>(value - zero);
      }
      sums[column] = sum;
      if (product.rhsHasZero)
        zeros[column] = zero - shift;
    }
    packed += rows * width * 4;
  }
}
