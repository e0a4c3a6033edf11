// Scores.h - what lies between the product of queries and keys and the softmax.
#ifndef PASSES_ATTENTION_SCORES_H
#define PASSES_ATTENTION_SCORES_H
#include "cameo/Passes/Simplify/GraphRewriter.h"

namespace cameo {

/// What a mask does to scores of shape `space`, to which it broadcasts.
struct MaskTerm {
  mlir::Value value; ///< floats that are added, or bools
  double factor = 1; ///< of what is added
  bool keeps = true; ///< a bool keeps the scores where it is true, else where it is false
  double low = 0;    ///< what a bool puts in place of the others
  llvm::SmallVector<Dim, 4> space;

  bool isBool() const { return mlir::getElementTypeOrSelf(value).isInteger(1); }
};

/// softcap(scale * product) + masks.
struct Scores {
  MatMulOp product;
  double scale = 1;
  std::optional<double> softcap;
  llvm::SmallVector<MaskTerm> masks;
  /// A shape of rank 4 that the scores have somewhere; empty when there is none.
  llvm::SmallVector<Dim, 4> split;
};

/// Reads `value`, what a softmax is taken of. Nothing when it is no such thing; `reason` then says why when it looks
/// like it.
std::optional<Scores> readScores(GraphRewriter &graph, mlir::Value value, std::string &reason);

/// True for a number that nothing is left of in a softmax beside a score: -infinity, or near the lowest of `type`.
bool isOut(double number, mlir::Type type);

/// The x that `value` is a multiple of by a number, with the number.
std::pair<mlir::Value, double> withoutFactor(mlir::Value value);

} // namespace cameo
#endif
