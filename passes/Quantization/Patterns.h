// Patterns.h - the pattern sets of this folder, each in a file of its own, and what they share.
#ifndef PASSES_QUANTIZATION_PATTERNS_H
#define PASSES_QUANTIZATION_PATTERNS_H
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Passes/Simplify/GraphRewriter.h"

namespace cameo {

/// Products and convolutions of dequantized bytes.
void populateProductPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);
/// Products of floats with constant weights of 4 and 8 bits.
void populateBlockProductPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);
/// Biases that are added to sums in i32.
void populateBiasPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);
/// Scales and activations before a quantize, once biases have their place.
void populateRequantizationPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph,
                                    llvm::StringLiteral counted);
/// Quantize and dequantize through ops that only move elements.
void populateMovementPatterns(mlir::RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted);

/// Signed activations of `function` become unsigned where nobody else sees them.
void makeActivationsUnsigned(mlir::func::FuncOp function, llvm::StringRef pass, llvm::StringLiteral counted);

/// True when both are the same value, or constants that say the same.
bool isSameConstant(mlir::Value x, mlir::Value y);

/// The largest magnitude among the elements of a constant of i32, seen through views; null for other values.
std::optional<int64_t> largestMagnitude(mlir::Value value);

/// True for constant integers that are all 0.
bool isZeroEverywhere(mlir::Value value);

/// `value`, which has one element, as a scalar.
mlir::Value asScalar(mlir::OpBuilder &b, ShapeAnalysis &shapes, mlir::Value value);

} // namespace cameo
#endif
