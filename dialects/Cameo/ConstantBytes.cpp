// ConstantBytes.cpp - reads constants piece by piece: resources where they lie, inline ones as they would lie in
// memory.
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Alignment.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace cameo;

int64_t cameo::constantBytes(ElementsAttr value) {
  auto type = cast<ShapedType>(value.getType());
  return storageBytes(type.getElementType(), type.getNumElements());
}

void cameo::forEachConstantPiece(ElementsAttr value, WriteBytes write) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    ConstantStorage::of(value.getContext()).touch(constantBytes(value));
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
  if (unsigned bits = storageBits(dense.getElementType()); bits < 8) { // a byte each in the attribute
    SmallVector<char> bytes(constantBytes(value));
    for (int64_t i = 0, n = dense.getNumElements(), perByte = 8 / bits; i < n; ++i)
      bytes[i / perByte] |= char((raw[dense.isSplat() ? 0 : i] & ((1 << bits) - 1)) << (i % perByte * bits));
    write(bytes);
    return;
  }
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

ElementsAttr cameo::constantBehind(Value value) {
  Operation *op = value.getDefiningOp();
  while (isa_and_nonnull<AliasInterface>(op))
    op = op->getOperand(0).getDefiningOp();
  auto constant = dyn_cast_if_present<ConstantOp>(op);
  return constant ? constant.getValue() : ElementsAttr();
}

std::vector<uint8_t> cameo::bytesOf(ElementsAttr value) {
  std::vector<uint8_t> bytes;
  bytes.reserve(constantBytes(value));
  forEachConstantPiece(value, [&](ArrayRef<char> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
  return bytes;
}

/// An IEEE half: the exponent is rebiased by a multiplication, which treats subnormals right as well.
static float halfToFloat(uint16_t bits) {
  uint32_t magnitude = uint32_t(bits & 0x7fff) << 13;
  float scaled = llvm::bit_cast<float>(magnitude) * 0x1p112f;
  if ((bits & 0x7c00) == 0x7c00) // infinity and NaN keep all exponent bits set
    scaled = llvm::bit_cast<float>(magnitude | 0x7f800000u);
  return std::copysign(scaled, bits & 0x8000 ? -1.0f : 1.0f);
}

ArrayRef<float> cameo::constantFloats(ElementsAttr value, std::vector<float> &storage) {
  Type elementType = value.getElementType();
  assert((elementType.isF32() || elementType.isF16() || elementType.isBF16()) &&
         "wider and integer types have no f32 form");
  auto resource = dyn_cast<DenseResourceElementsAttr>(value);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (blob && elementType.isF32() && llvm::isAddrAligned(llvm::Align::Of<float>(), blob->getData().data())) {
    ConstantStorage::of(value.getContext()).touch(blob->getData().size());
    return {reinterpret_cast<const float *>(blob->getData().data()), size_t(value.getNumElements())};
  }
  storage.resize(value.getNumElements());
  float *to = storage.data();
  forEachConstantPiece(value, [&](ArrayRef<char> piece) {
    if (elementType.isF32()) {
      std::memcpy(to, piece.data(), piece.size());
      to += piece.size() / sizeof(float);
      return;
    }
    for (size_t at = 0; at < piece.size(); at += sizeof(uint16_t)) {
      uint16_t bits;
      std::memcpy(&bits, piece.data() + at, sizeof(bits));
      *to++ = elementType.isBF16() ? llvm::bit_cast<float>(uint32_t(bits) << 16) : halfToFloat(bits);
    }
  });
  return storage;
}

std::optional<SmallVector<float>> cameo::constantFloats(Value value) {
  ElementsAttr constant = constantBehind(value);
  if (!constant || !constant.getElementType().isF32())
    return std::nullopt;
  std::vector<float> storage;
  return llvm::to_vector(constantFloats(constant, storage));
}
