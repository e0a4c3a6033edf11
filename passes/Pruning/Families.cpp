// Families.cpp - see Families.h.
#include "cameo/Passes/Pruning/Families.h"
#include <cmath>
#include <map>

using namespace mlir;
using namespace cameo;

void cameo::separateConstants(func::FuncOp function) {
  OpBuilder b(function);
  for (auto constant : llvm::make_early_inc_range(function.getBody().front().getOps<ConstantOp>())) {
    b.setInsertionPointAfter(constant);
    for (OpOperand &use : llvm::make_early_inc_range(llvm::drop_begin(constant->getUses())))
      use.set(b.clone(*constant)->getResult(0));
  }
}

std::vector<Family> cameo::familiesOf(const SliceTies &ties) {
  std::map<std::vector<std::pair<void *, int64_t>>, size_t> numbers;
  std::vector<Family> families;
  for (int64_t bundle = 0; bundle < ties.numBundles(); ++bundle) {
    std::vector<std::pair<void *, int64_t>> axes;
    for (auto [value, axis] : ties.axesOf(bundle))
      axes.push_back({value.getAsOpaquePointer(), axis});
    auto [found, isNew] = numbers.try_emplace(std::move(axes), families.size());
    if (isNew) {
      // The first tensor that is computed has it from the node that makes it.
      ArrayRef<SliceAxis> own = ties.axesOf(bundle);
      auto *made = llvm::find_if(own, [](SliceAxis axis) { return !axis.first.getDefiningOp<ConstantOp>(); });
      Location loc = (made == own.end() ? own.front() : *made).first.getLoc();
      SmallVector<StringRef> names = nodeNames(loc);
      families.push_back({names.empty() ? "family " + std::to_string(families.size()) : names.front().str(), loc, {}});
    }
    families[found->second].bundles.push_back(bundle);
  }
  llvm::erase_if(families, [](const Family &family) { return family.bundles.size() < 2; });
  return families;
}

int64_t cameo::keptOf(int64_t count, double share, int64_t multiple) {
  if (share <= 0)
    return count;
  double exact = double(count) * (1 - share);
  if (count >= 4 * multiple)
    return std::clamp<int64_t>(int64_t(std::round(exact / double(multiple))) * multiple, multiple, count);
  return std::clamp<int64_t>(int64_t(std::round(exact)), 1, count);
}
