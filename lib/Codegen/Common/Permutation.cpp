// Permutation.cpp - see Permutation.h.
#include "cameo/Codegen/Permutation.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

std::optional<Permutation> cameo::codegen::describePermutation(DimContext &d, ArrayRef<Dim> in,
                                                               ArrayRef<int64_t> permutation) {
  SmallVector<Dim> inStrides(in.size());
  Dim stride = d.constant(1);
  for (size_t i = in.size(); i-- > 0;) {
    inStrides[i] = stride;
    stride = d.mul(stride, in[i]);
  }
  struct Entry {
    int64_t source;
    Axis axis;
  };
  SmallVector<Entry> entries; // in the result's order
  for (int64_t source : permutation)
    if (!in[source].isConstant(1))
      entries.push_back({source, {in[source], inStrides[source], {}}});
  for (size_t i = 0; i + 1 < entries.size();) {
    bool adjacent = entries[i + 1].source > entries[i].source;
    for (int64_t between = entries[i].source + 1; adjacent && between < entries[i + 1].source; ++between)
      adjacent = in[between].isConstant(1);
    if (!adjacent) {
      ++i;
      continue;
    }
    Entry merged{entries[i + 1].source,
                 {d.mul(entries[i].axis.size, entries[i + 1].axis.size), entries[i + 1].axis.inStride, {}}};
    entries[i] = merged;
    entries.erase(entries.begin() + i + 1);
  }
  stride = d.constant(1);
  for (Entry &entry : llvm::reverse(entries)) {
    entry.axis.outStride = stride;
    stride = d.mul(stride, entry.axis.size);
  }
  Permutation result;
  for (auto [i, entry] : llvm::enumerate(entries)) {
    bool isLast = i + 1 == entries.size();
    if (entry.axis.inStride.isConstant(1) && isLast)
      return std::nullopt;
    if (isLast)
      result.rows = entry.axis;
    else if (entry.axis.inStride.isConstant(1))
      result.columns = entry.axis;
    else
      result.outer.push_back(entry.axis);
  }
  if (!result.columns.size)
    return std::nullopt;
  return result;
}
