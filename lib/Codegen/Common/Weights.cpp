// Weights.cpp - lays out constants and streams their bytes.
#include "cameo/Codegen/Weights.h"
#include "cameo/Runtime/KernelABI.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo::codegen;

int64_t cameo::codegen::constantBytes(ElementsAttr value) {
  auto type = cast<ShapedType>(value.getType());
  return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
}

void cameo::codegen::forEachConstantPiece(ElementsAttr value, llvm::function_ref<void(ArrayRef<char>)> write) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      write(blob->getData());
    return;
  }
  auto dense = cast<DenseElementsAttr>(value);
  if (dense.getElementType().isInteger(1)) {
    SmallVector<char> bytes;
    for (bool b : dense.getValues<bool>())
      bytes.push_back(b);
    write(bytes);
    return;
  }
  ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat()) {
    write(raw);
    return;
  }
  // A splat in pieces of up to 64 KiB.
  int64_t remaining = constantBytes(value), element = raw.size();
  SmallVector<char> piece;
  int64_t count = std::min<int64_t>(remaining / std::max<int64_t>(1, element), std::max<int64_t>(1, 65536 / element));
  for (int64_t i = 0; i < count; ++i)
    piece.append(raw.begin(), raw.end());
  while (remaining > 0) {
    int64_t now = std::min<int64_t>(remaining, piece.size());
    write(ArrayRef(piece).take_front(now));
    remaining -= now;
  }
}

int64_t WeightTable::add(ElementsAttr value) {
  auto [it, fresh] = offsets.insert({value, total});
  if (fresh)
    total = llvm::alignTo(total + constantBytes(value), CAMEO_BUFFER_ALIGN);
  return it->second;
}

void WeightTable::write(llvm::raw_ostream &os) const {
  static const char zeros[CAMEO_BUFFER_ALIGN] = {};
  int64_t position = 0;
  for (auto [value, offset] : offsets) {
    os.write(zeros, offset - position);
    position = offset;
    forEachConstantPiece(cast<ElementsAttr>(value), [&](ArrayRef<char> piece) {
      os.write(piece.data(), piece.size());
      position += piece.size();
    });
  }
  os.write(zeros, total - position);
}
