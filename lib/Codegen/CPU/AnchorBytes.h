// AnchorBytes.h - what the emitters of integer products and convolutions share: their zero points.
#ifndef LIB_CODEGEN_CPU_ANCHORBYTES_H
#define LIB_CODEGEN_CPU_ANCHORBYTES_H

#include "Anchors.h"
#include "cameo/Codegen/CPU/ContractionPacking.h"

namespace cameo::codegen {

/// The zero points of a constant right operand.
struct RhsZeros {
  std::vector<int32_t> values; ///< one, or one per column
  std::string key;             ///< says what they are, for WeightForm
};

/// The zero points that `operand` of `reader` is: one for all columns, or one for each of `columns`. Null when they are
/// not constant, or more.
std::optional<RhsZeros> constantZeros(mlir::Operation *reader, mlir::Value operand, int64_t columns);

/// How `target` multiplies bytes; lhsZero is not set. Null when it does not. Zero points are null when only the run
/// knows them.
std::optional<ByteProduct> byteProduct(const CpuTarget &target, mlir::Type lhs, mlir::Type rhs,
                                       const std::optional<RhsZeros> &zeros);

/// What the micro-kernels may use: pairs of bytes take an addition of their own.
inline VectorTarget byteVectors(const CpuTarget &target) {
  VectorTarget vectors = vectorTarget(target);
  vectors.fusesAdd = target.byteDots == ByteDots::Quads;
  return vectors;
}

/// The zero point `zero` (a tensor of one element) as i32.
mlir::Value loadZeroPoint(const Anchor &a, const KernelTensor &zero);

} // namespace cameo::codegen
#endif
