// FoldSizes.cpp - small integer values and the sizes of reshapes become the constants that ShapeAnalysis knows them to
// be. Decisions come first, changes after: the analysis describes the function as it was.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Passes/Remarks.h"
#include "cameo/Passes/Shape/Passes.h"
#include "mlir/IR/Iterators.h"

namespace cameo {
#define GEN_PASS_DEF_FOLDSIZESPASS
#include "cameo/Passes/Shape/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

/// The constant that a value with these contents is; null when an element is not known.
static DenseElementsAttr knownElements(const ShapeInfo &info) {
  auto element = dyn_cast<IntegerType>(info.elementType);
  RankedTensorType type = info.type();
  if (!info.contents || !element || !type.hasStaticShape())
    return {};
  SmallVector<APInt> values;
  for (Dim d : *info.contents) {
    if (!d.constant())
      return {};
    values.push_back(APInt(element.getWidth(), uint64_t(*d.constant()), /*isSigned=*/false, /*implicitTrunc=*/true));
  }
  return DenseElementsAttr::get(type, values);
}

namespace {

struct FoldSizes : public cameo::impl::FoldSizesPassBase<FoldSizes> {
  using FoldSizesPassBase::FoldSizesPassBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    SmallVector<std::pair<Value, DenseElementsAttr>> constants;
    SmallVector<std::pair<ReshapeOp, SmallVector<int64_t>>> shapedBy;
    {
      ShapeAnalysis shapes;
      func.walk<WalkOrder::PreOrder>([&](Operation *op) {
        if (isa<KernelOp>(op))
          return WalkResult::skip();
        if (!isa<ShapeInterface>(op) || isa<ConstantOp>(op))
          return WalkResult::advance();
        for (Value result : op->getResults())
          if (DenseElementsAttr elements = knownElements(shapes.get(result)))
            constants.push_back({result, elements});
        auto reshape = dyn_cast<ReshapeOp>(op);
        if (reshape && !reshape.getShape().getDefiningOp<ConstantOp>())
          if (auto sizes = constantReshape(shapes.dims(), shapes.dimsOf(reshape.getX()), shapes.dimsOf(reshape)))
            shapedBy.push_back({reshape, *sizes});
        return WalkResult::advance();
      });
    }

    for (auto &[reshape, sizes] : shapedBy) {
      changed(getArgument(), reshape.getLoc(), "reshapes with constant sizes") << "the sizes it is given are known";
      OpBuilder b(reshape);
      reshape.getShapeMutable().assign(constantI64(b, reshape.getLoc(), sizes));
      reshape.setAllowzero(false);
    }
    for (auto &[value, elements] : constants) {
      changed(getArgument(), value.getLoc(), "values known") << "all its elements are known";
      OpBuilder b(value.getContext());
      b.setInsertionPointAfterValue(value);
      value.replaceAllUsesWith(ConstantOp::create(b, value.getLoc(), elements.getType(), elements));
    }

    func.walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
      if (!isOpTriviallyDead(op))
        return;
      changed(getArgument(), op->getLoc(), "dead ops erased") << "nothing uses it any more";
      op->erase();
    });
  }
};

} // namespace
