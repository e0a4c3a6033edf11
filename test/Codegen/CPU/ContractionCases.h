// ContractionCases.h - what contraction-tests runs: levels, shapes, and the wanted fractions of peak.
#ifndef CAMEO_TEST_CODEGEN_CPU_CONTRACTIONCASES_H
#define CAMEO_TEST_CODEGEN_CPU_CONTRACTIONCASES_H

#include "cameo/Codegen/CPU/Contraction.h"
#include <string>
#include <vector>

namespace cameo::test {

struct Level {
  std::string name, cpu;
  codegen::VectorTarget target;
};
/// The levels this machine can run, "native" (its best) first.
std::vector<Level> hostLevels();

struct ContractionCase {
  std::string name;
  int64_t m, n, k;
  int64_t batch = 1;
  bool dynamicM = false, dynamicN = false, dynamicK = false;
  bool packed = true, packAtRunTime = false;
  bool transposedLhs = false, transposedRhs = false;
  bool bias = true;

  /// Whether inner loops must stay off the stack: per-vector masks or a pointer per row may take too many registers.
  bool tight() const { return (packed || !dynamicN) && !(transposedLhs && dynamicM); }

  double wanted = 0; ///< least fraction of peak
};

struct ConvolutionCase {
  std::string name;
  int64_t n, height, width, inChannels, outChannels;
  int64_t groups = 1, kernelHeight = 1, kernelWidth = 1, stride = 1, dilation = 1;
  int64_t padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;
  int64_t depth = 1, kernelDepth = 1, padFront = 0, padBack = 0; ///< stride and dilation as along the other axes
  bool dynamic = false;
  double wanted = 0;

  /// Whether inner loops must stay off the stack. Runs of very few channels are written out inside the loop over taps,
  /// which computes addresses; masks and unknown sizes may take too many registers, too; and what eight channels of a
  /// group are shuffled from is as fast to read from the stack.
  bool tight() const { return inChannels / groups >= 8 && !dynamic && !(groups > 1 && inChannels / groups == 8); }

  int64_t outDepth() const { return depth == 1 ? 1 : out(depth, padFront + padBack, kernelDepth); }
  int64_t outHeight() const { return out(height, padTop + padBottom, kernelHeight); }
  int64_t outWidth() const { return out(width, padLeft + padRight, kernelWidth); }

private:
  int64_t out(int64_t size, int64_t pad, int64_t kernel) const {
    return (size + pad - (kernel - 1) * dilation - 1) / stride + 1;
  }
};

std::vector<ContractionCase> contractionCases(), contractionSpeedCases();
std::vector<ConvolutionCase> convolutionCases(), convolutionSpeedCases();

/// max(sum + bias[column], 0).
mlir::Value emitBiasRelu(mlir::OpBuilder &b, mlir::Location loc, mlir::Value sum, mlir::Value bias,
                         const codegen::TilePosition &position);

} // namespace cameo::test
#endif
