// ElementType.h - how elements lie in memory and how they are computed, for every element type of the dialect.
//
// | element type                    | in memory (storageType)            | computed as (computeType) |
// |---------------------------------|------------------------------------|---------------------------|
// | f32, f64                        | itself                             | itself                    |
// | f16, bf16                       | itself                             | f32                       |
// | i8..i64, ui8..ui64              | iN                                 | iN                        |
// | i1 (bool)                       | i8, 0 or 1                         | i1                        |
// | i4, ui4, i2, ui2                | i8, two or four in it              | i4, i2                    |
// | f8E4M3FN, f8E4M3FNUZ, f8E5M2,   | i8                                 | i8: their bits, which only |
// |   f8E5M2FNUZ, f8E8M0FNU         |                                    |   conversions interpret    |
// | f4E2M1FN                        | i8, two in it                      | i4: their bits            |
// | !cameo.string                   | i64: the number of the text        | i64                       |
//
// Elements that share a byte are packed as ONNX packs them: row-major, the first in the low bits. What is left of the
// last byte is unspecified.
#ifndef CAMEO_DIALECT_CAMEO_ELEMENTTYPE_H
#define CAMEO_DIALECT_CAMEO_ELEMENTTYPE_H

#include "cameo/Dialect/Cameo/Dim.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace cameo {

mlir::Type computeType(mlir::Type elementType);
mlir::Type storageType(mlir::Type elementType);

/// Bits that one element takes in memory: 8 for bool, 2 or 4 for packed types.
unsigned storageBits(mlir::Type elementType);
/// Whether several elements share a byte.
inline bool isPacked(mlir::Type elementType) { return storageBits(elementType) < 8; }
/// Bytes of `count` elements one after the other.
Dim storageBytes(DimContext &dims, mlir::Type elementType, Dim count);
int64_t storageBytes(mlir::Type elementType, int64_t count);

/// An inline constant of the elements that lie at `bytes` as they do in memory.
mlir::DenseElementsAttr elementsFromBytes(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes);

/// Floats of 8 bits or less.
bool isNarrowFloat(mlir::Type elementType);

/// What conversion to a narrow float does with values it cannot hold. ONNX: attributes of Cast, since 19 and 24.
struct NarrowRounding {
  /// Too large a value becomes the largest one; otherwise infinity where the type has it, else NaN. f4E2M1FN always
  /// saturates.
  bool saturate = true;
  /// f8E8M0FNU holds powers of two only: "up" to the next one, "down", or "nearest" (ties up). Other types round to
  /// nearest even.
  llvm::StringRef mode = "up";
};

/// The bits `x` of an element of narrow float type `type`, as f32. Exact.
mlir::Value widenNarrowFloat(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Type type);
/// `x`, f32 or f64, rounded once to narrow float type `type`; the result is the bits.
mlir::Value roundToNarrowFloat(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Type type,
                               NarrowRounding rounding = {});

/// Element `index` (row-major) of packed elements at `memref` (of i8), in compute type.
mlir::Value loadPacked(mlir::OpBuilder &b, mlir::Location loc, mlir::Value memref, mlir::Value index,
                       mlir::Type elementType);
/// The elements from `index` on, as many as `lanes` has; those whose bit in `mask` (may be null) is not set are not
/// read.
mlir::Value loadPackedVector(mlir::OpBuilder &b, mlir::Location loc, mlir::VectorType lanes, mlir::Value memref,
                             mlir::Value index, mlir::Type elementType, mlir::Value mask);
/// Stores element `index`, keeping what else is in its byte; so two threads must not store into one byte.
void storePacked(mlir::OpBuilder &b, mlir::Location loc, mlir::Value element, mlir::Value memref, mlir::Value index,
                 mlir::Type elementType);

} // namespace cameo
#endif
