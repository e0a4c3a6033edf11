// Patterns.h - the pattern sets of this folder, each in a file of its own.
#ifndef PASSES_SIMPLIFY_PATTERNS_H
#define PASSES_SIMPLIFY_PATTERNS_H
#include "cameo/Passes/Simplify/GraphRewriter.h"

namespace cameo {

/// Views of views; slices, expansions, pads and the like that change nothing; branches whose condition is known.
void populateNoOpPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);
/// Slices of slices, slices of concatenations, concatenations of slices and of concatenations.
void populateSlicePatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);
/// Transposes that are views, those of rows that are images, and those that a matrix product can read through.
void populateTransposePatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);
/// Powers with cheap equals.
void populateArithmeticPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);
/// Padding before windows that pad by themselves.
void populatePadPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);
/// Constant scales and offsets behind linear ops.
void populateWeightPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);

} // namespace cameo
#endif
