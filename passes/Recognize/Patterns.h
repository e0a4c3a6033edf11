// Patterns.h - the pattern sets of this folder, each in a file of its own.
#ifndef PASSES_RECOGNIZE_PATTERNS_H
#define PASSES_RECOGNIZE_PATTERNS_H
#include "cameo/Passes/Simplify/GraphRewriter.h"

namespace cameo {

void populateActivationPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, mlir::Pass::Statistic &count);
void populateSoftmaxPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, mlir::Pass::Statistic &count);
/// `affine` counts scales and offsets.
void populateNormalizationPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph,
                                   mlir::Pass::Statistic &count, mlir::Pass::Statistic &affine);

} // namespace cameo
#endif
