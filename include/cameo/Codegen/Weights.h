// Weights.h - the constants of a program: where each lies in the weights section, and its bytes.
#ifndef CAMEO_CODEGEN_WEIGHTS_H
#define CAMEO_CODEGEN_WEIGHTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/raw_ostream.h"

namespace cameo::codegen {

/// Bytes of a constant as kernels read them: dense, row-major, bool one byte per element. `write` is called with consecutive
/// pieces, so that a large weight is never copied whole.
void forEachConstantPiece(mlir::ElementsAttr value, llvm::function_ref<void(llvm::ArrayRef<char>)> write);
int64_t constantBytes(mlir::ElementsAttr value);

/// Collects constants; equal attributes share one place.
class WeightTable {
public:
  /// Offset of `value` in the section, a multiple of CAMEO_BUFFER_ALIGN.
  int64_t add(mlir::ElementsAttr value);
  int64_t bytes() const { return total; }
  /// Writes the section.
  void write(llvm::raw_ostream &os) const;

private:
  llvm::MapVector<mlir::Attribute, int64_t> offsets;
  int64_t total = 0;
};

} // namespace cameo::codegen
#endif
