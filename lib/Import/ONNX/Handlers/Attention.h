// Attention.h - what ONNX's and ONNX Runtime's attention nodes share.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_ATTENTION_H
#define CAMEO_IMPORT_ONNX_HANDLERS_ATTENTION_H

#include "Compose.h"

namespace cameo::onnx {

/// Everything a cameo.attention may have; absent parts are null.
struct AttentionParts {
  mlir::Value q, k, v;                       ///< [B, heads, tokens, width]
  mlir::Value mask, lengths, offsets, sinks; ///< as the op's operands
  std::optional<double> scale;               ///< 1 / sqrt(width of q) where there is none
  double softcap = 0;                        ///< 0: none
  int64_t left = -1, right = -1;             ///< -1: unbounded
};

struct AttentionResults {
  mlir::Value y, scores;
};

/// The op; with a non-empty `stage` also its scores. Null results are failures already reported.
AttentionResults makeAttention(Compose &c, AttentionParts parts, llvm::StringRef stage = {});

/// [B, T, heads * width] as [B, heads, T, width]. Null on failure (reported).
mlir::Value splitHeads(OpBinder &op, mlir::Value x, int64_t heads);
/// [B, heads, T, width] as [B, T, heads * width].
mlir::Value mergeHeads(OpBinder &op, mlir::Value x);

/// Axis `axis` of x from `begin` to `end`.
mlir::Value sliceAxis(OpBinder &op, mlir::Value x, int64_t axis, Dim begin, Dim end);

/// x with pairs of its elements rotated. `heads` splits an x of rank 3, [B, T, heads * width]; x of rank 4 is
/// [B, heads, T, width]. `width` elements of each head are rotated (0: all). `positions` may be null.
mlir::Value rotated(OpBinder &op, mlir::Value x, mlir::Value cos, mlir::Value sin, mlir::Value positions, int64_t heads,
                    int64_t width, bool interleaved);

/// Where com.microsoft's Attention and QAttention have their optional inputs.
struct ProjectedInputs {
  size_t mask, past;
  std::optional<size_t> bias; ///< what is added to the scores
};
/// The rest of such a node, from queries, keys and values side by side: [B, T, 3 * hidden].
mlir::LogicalResult projectedAttention(Compose &c, mlir::Value projected, ProjectedInputs inputs);

} // namespace cameo::onnx
#endif
