// Quantization.h - how a layer is to be quantized: what the attribute cameo.quantization says, and what it means where
// it says nothing.
#ifndef CAMEO_PASSES_QUANTIZATION_QUANTIZATION_H
#define CAMEO_PASSES_QUANTIZATION_QUANTIZATION_H
#include "mlir/IR/BuiltinAttributes.h"
#include <optional>
#include <string>

namespace cameo {

enum class QuantizationKind {
  Static,  ///< activations in 8 bits by the observed range, weights in 8 bits per output
  Dynamic, ///< the same with ranges found as it runs
  Weights, ///< weights of few bits in blocks
  Bf16,    ///< operands are rounded to bf16
};
enum class WeightMethod { Rtn, Hqq, Awq, Gptq };

/// passes/Quantization/README.md says what the entries mean.
struct Quantization {
  QuantizationKind kind = QuantizationKind::Static;
  bool symmetric = false, correct = false;
  float smooth = 0;
  int64_t bits = 4, block = 32;
  WeightMethod method = WeightMethod::Rtn;
  bool bytes = false; ///< of 4-bit weights: activations may be rounded to 8 bits

  /// Nothing where the attribute cannot be meant; `problem` then completes "layer 'x' ".
  static std::optional<Quantization> of(mlir::DictionaryAttr attribute, std::string &problem);
  /// Of an attribute that `of` has read before.
  explicit Quantization(mlir::DictionaryAttr attribute);
  Quantization() = default;

  mlir::DictionaryAttr attribute(mlir::MLIRContext *context) const;
};

/// The names in the attribute and on the command line; nothing for others.
llvm::StringRef nameOf(QuantizationKind kind);
llvm::StringRef nameOf(WeightMethod method);
std::optional<QuantizationKind> parseQuantizationKind(llvm::StringRef name);
std::optional<WeightMethod> parseWeightMethod(llvm::StringRef name);

} // namespace cameo
#endif
