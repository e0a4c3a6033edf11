// ConstantBytes.h - the bytes of constants, wherever they are stored.
#ifndef CAMEO_DIALECT_CAMEO_CONSTANTBYTES_H
#define CAMEO_DIALECT_CAMEO_CONSTANTBYTES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <vector>

namespace cameo {

/// Receives consecutive pieces of a constant's bytes.
using WriteBytes = llvm::function_ref<void(llvm::ArrayRef<char>)>;

/// The constant whose bytes `value` is, seen through views; null when there is none.
mlir::ElementsAttr constantBehind(mlir::Value value);

/// Bytes of a constant as they lie in memory (ElementType.h). `write` is called with consecutive pieces, so that a
/// large weight is never copied whole. Not for texts.
void forEachConstantPiece(mlir::ElementsAttr value, WriteBytes write);
int64_t constantBytes(mlir::ElementsAttr value);

/// All bytes of a constant.
std::vector<uint8_t> bytesOf(mlir::ElementsAttr value);

/// The elements of an f32, f16 or bf16 constant as f32: in place where they are, else in `storage`.
llvm::ArrayRef<float> constantFloats(mlir::ElementsAttr value, std::vector<float> &storage);

/// The elements of a constant of f32, seen through views; nothing for other values and types.
std::optional<llvm::SmallVector<float>> constantFloats(mlir::Value value);

} // namespace cameo
#endif
