// FixInputSizes.cpp - arguments get the sizes that ops ask of them whatever the run.
#include "cameo/Dialect/Cameo/SizeRequirements.h"
#include "cameo/Passes/Remarks.h"
#include "cameo/Passes/Shape/Passes.h"

namespace cameo {
#define GEN_PASS_DEF_FIXINPUTSIZESPASS
#include "cameo/Passes/Shape/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

/// What is asked of an open size; nothing where two ops contradict each other.
using Wanted = llvm::DenseMap<const DimNode *, std::optional<int64_t>>;

struct FixInputSizes : public cameo::impl::FixInputSizesPassBase<FixInputSizes> {
  using FixInputSizesPassBase::FixInputSizesPassBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal() || llvm::any_of(func.getOps(), [](Operation &op) { return op.getNumRegions() != 0; }))
      return;
    ShapeAnalysis shapes;
    Wanted wanted = wantedSizes(func, shapes);
    if (wanted.empty())
      return;
    // Decisions first: the analysis describes the function as it is.
    SmallVector<std::pair<BlockArgument, RankedTensorType>> fixed;
    for (BlockArgument argument : func.getArguments())
      if (RankedTensorType type = typeOf(argument, shapes, wanted); type != argument.getType())
        fixed.push_back({argument, type});
    for (auto [argument, type] : fixed) {
      argument.setType(type);
      changed(getArgument(), argument.getLoc(), "inputs fixed") << "ops ask for sizes that it declares open";
    }
    TypeRange results = func.front().getTerminator()->getOperandTypes(); // an argument may be one
    func.setFunctionType(FunctionType::get(&getContext(), func.front().getArgumentTypes(), results));
  }

  Wanted wantedSizes(func::FuncOp func, ShapeAnalysis &shapes) {
    Wanted wanted;
    auto want = [&](Dim size, Dim value) {
      if (size.constant() || !value.constant())
        return;
      auto [known, isNew] = wanted.try_emplace(size.getNode(), value.constant());
      if (!isNew && known->second != value.constant())
        known->second.reset();
    };
    for (auto op : func.getOps<ShapeInterface>()) {
      SizeRequirements required(shapes, op);
      op.requireSizes(required);
      for (const SizeRequirement &requirement : required.all())
        if (requirement.kind == SizeRequirement::Equal) {
          want(requirement.size, requirement.wanted);
          want(requirement.wanted, requirement.size);
        }
    }
    return wanted;
  }

  RankedTensorType typeOf(BlockArgument argument, ShapeAnalysis &shapes, const Wanted &wanted) {
    auto type = cast<RankedTensorType>(argument.getType());
    SmallVector<int64_t> sizes(type.getShape());
    for (auto [size, dim] : llvm::zip(sizes, shapes.dimsOf(argument)))
      if (ShapedType::isDynamic(size))
        size = wanted.lookup(dim.getNode()).value_or(size);
    return type.clone(sizes);
  }
};

} // namespace
