// Patterns.h - the pattern sets of this folder, each in a file of its own.
#ifndef PASSES_RECOGNIZE_PATTERNS_H
#define PASSES_RECOGNIZE_PATTERNS_H
#include "cameo/Passes/Simplify/GraphRewriter.h"

namespace cameo {

void populateActivationPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);
void populateSoftmaxPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);
/// `affine` is what is counted of scales and offsets.
void populateNormalizationPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted,
                                   llvm::StringLiteral affine);

} // namespace cameo
#endif
