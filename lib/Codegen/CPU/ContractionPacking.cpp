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

void cameo::codegen::packDepthwiseWeights(const float *source, int64_t channels, int64_t spatial, float *packed) {
  for (int64_t tap = 0; tap < spatial; ++tap)
    for (int64_t channel = 0; channel < channels; ++channel)
      *packed++ = source[channel * spatial + tap];
}
