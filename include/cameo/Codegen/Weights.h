// Weights.h - the constants of a program: where each lies in the weights section, and its bytes.
//
// A kernel may want a constant in another arrangement than the tensor's (panels of a matrix, say). It names a
// WeightForm; the table then stores the constant in that form, once for all kernels and CPU variants that name the same
// form, and the plain bytes only if somebody reads those too. Forms are made from the mapped bytes while the section is
// written: packed weights never pass through IR.
#ifndef CAMEO_CODEGEN_WEIGHTS_H
#define CAMEO_CODEGEN_WEIGHTS_H

#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace cameo::codegen {

/// How a kernel reads a constant operand.
struct WeightForm {
  /// Says everything that the bytes depend on besides the constant; empty for the plain tensor.
  std::string key;
  int64_t bytes = 0;
  std::function<void(mlir::ElementsAttr value, WriteBytes write)> make;

  bool isPlain() const { return key.empty(); }
};

/// Collects constants; equal attributes in equal forms share one place.
class WeightTable {
public:
  /// Offset of `value` in the section, a multiple of CAMEO_BUFFER_ALIGN.
  int64_t add(mlir::ElementsAttr value, const WeightForm &form = {});
  int64_t bytes() const { return total; }
  /// The texts of all constants of strings by number, from 1 on (KernelABI.h).
  llvm::ArrayRef<std::string> texts() const { return textList; }
  /// Writes the section.
  void write(llvm::raw_ostream &os) const;

private:
  struct Entry {
    mlir::ElementsAttr value;
    int64_t offset;
    WeightForm form;
  };
  std::vector<Entry> entries;
  std::map<std::pair<const void *, std::string>, size_t> numbers; ///< by attribute and key of the form
  int64_t total = 0;
  std::vector<std::string> textList;
  llvm::StringMap<int64_t> textNumbers;
};

} // namespace cameo::codegen
#endif
