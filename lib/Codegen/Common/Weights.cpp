// Weights.cpp - lays out constants and streams their bytes.
#include "cameo/Codegen/Weights.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Runtime/KernelABI.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

int64_t WeightTable::add(ElementsAttr value, const WeightForm &form) {
  auto [it, fresh] = numbers.try_emplace({value.getAsOpaquePointer(), form.key}, entries.size());
  if (fresh) {
    entries.push_back({value, total, form});
    if (auto strings = dyn_cast<DenseStringElementsAttr>(value))
      for (StringRef text : strings.getRawStringData())
        if (!text.empty() && textNumbers.try_emplace(text, textList.size() + 1).second)
          textList.push_back(text.str());
    total = llvm::alignTo(total + (form.isPlain() ? constantBytes(value) : form.bytes), CAMEO_BUFFER_ALIGN);
  }
  return entries[it->second].offset;
}

void WeightTable::write(llvm::raw_ostream &os) const {
  static const char zeros[CAMEO_BUFFER_ALIGN] = {};
  int64_t position = 0;
  for (const Entry &entry : entries) {
    os.write(zeros, entry.offset - position);
    position = entry.offset;
    auto write = [&](ArrayRef<char> piece) {
      os.write(piece.data(), piece.size());
      position += piece.size();
    };
    if (auto strings = dyn_cast<DenseStringElementsAttr>(entry.value)) {
      SmallVector<int64_t> numbers =
          llvm::map_to_vector(strings.getValues<StringRef>(), [&](StringRef text) { return textNumbers.lookup(text); });
      write(ArrayRef(reinterpret_cast<const char *>(numbers.data()), numbers.size() * sizeof(int64_t)));
    } else if (entry.form.isPlain())
      forEachConstantPiece(entry.value, write);
    else
      entry.form.make(entry.value, write);
  }
  os.write(zeros, total - position);
}
