// Attributes.h - what passes and tools note on ops that need not have it: the dialect's discardable attributes.
//
// The dialect verifies them wherever they stand (dialects/Cameo/Attributes.cpp); another name that begins with `cameo.`
// is an error, so that a slip of the pen is not silently nothing.
#ifndef CAMEO_DIALECT_CAMEO_ATTRIBUTES_H
#define CAMEO_DIALECT_CAMEO_ATTRIBUTES_H
#include "llvm/ADT/StringRef.h"

namespace cameo {

// ---- of a module
/// Text: the model's name, which its program gets.
inline constexpr llvm::StringLiteral kModelAttr = "cameo.model";
/// Dictionary: the version of each operator set that the model was written with.
inline constexpr llvm::StringLiteral kOpsetsAttr = "cameo.opsets";

// ---- of arguments and results of functions
/// Text: the name of an input or output.
inline constexpr llvm::StringLiteral kNameAttr = "cameo.name";
/// Texts, one per axis: the name that the model gives its size, empty where it gives none.
inline constexpr llvm::StringLiteral kDimsAttr = "cameo.dims";
/// `array<i64: output, axis>` of an argument: that output, of as many axes, continues it along the axis
/// (Codegen/Caches.h).
inline constexpr llvm::StringLiteral kCacheAttr = "cameo.cache";

// ---- of layers (passes/Quantization/README.md lists the entries)
/// Dictionary: how the layer is to be quantized.
inline constexpr llvm::StringLiteral kQuantizationAttr = "cameo.quantization";
/// Array of such dictionaries, from which a run chooses.
inline constexpr llvm::StringLiteral kChoicesAttr = "cameo.choices";
/// Dictionary: what was observed at the layer's input.
inline constexpr llvm::StringLiteral kObservedAttr = "cameo.observed";

// ---- of functions and calls in generated code
/// Integers: threads of a block of a GPU kernel, and bytes of memory that they share.
inline constexpr llvm::StringLiteral kThreadsAttr = "cameo.threads", kSharedBytesAttr = "cameo.shared_bytes";
/// Unit, of a function that stays a call of libm's: its arguments are too large for the fast reduction
/// (Codegen/Common/MathFunctions.cpp).
inline constexpr llvm::StringLiteral kKeepCallAttr = "cameo.libm";

} // namespace cameo
#endif
