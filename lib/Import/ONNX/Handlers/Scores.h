// Scores.h - what the models of ai.onnx.ml do with a row of scores: post transforms, and the choice of a label.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_SCORES_H
#define CAMEO_IMPORT_ONNX_HANDLERS_SCORES_H

#include "Compose.h"

namespace cameo::onnx {

/// [rows, n] scores after the post transform of ai.onnx.ml with this name (NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or
/// PROBIT). Null on failure (reported).
mlir::Value postTransform(Compose &c, mlir::Value scores, llvm::StringRef name);

/// How a classifier of two classes reads the one score that it has.
enum class BinaryScore {
  None,        ///< there is a score for each class
  Probability, ///< of class 1, which it chooses above 0.5
  Margin,      ///< class 1 above 0
};

/// Results 0 and 1 of a classifier: the label of the largest score (or, where they are given, of the most votes) in
/// each row, and the transformed scores, as f32. The labels are the node's attribute `ints` or `strings`.
mlir::LogicalResult classify(Compose &c, mlir::Value scores, BinaryScore binary, llvm::StringRef ints,
                             llvm::StringRef strings, mlir::Value votes = {});

} // namespace cameo::onnx
#endif
