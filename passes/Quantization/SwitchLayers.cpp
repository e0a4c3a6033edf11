// SwitchLayers.cpp - a program in which the run says how each layer is quantized.
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "cameo/Passes/Quantization/Passes.h"
#include "cameo/Passes/Remarks.h"

namespace cameo {
#define GEN_PASS_DEF_SWITCHLAYERSPASS
#include "cameo/Passes/Quantization/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

class LayerSwitcher {
public:
  LayerSwitcher(func::FuncOp function, Value plan) : b(function), plan(plan) {}

  /// The layer's results by `choices`, numbered from `first`; what none of them is, is the layer itself.
  ResultRange build(Operation *layer, int64_t number, ArrayRef<Attribute> choices, int64_t first = 1) {
    if (choices.empty())
      return copy(layer, {});
    Location loc = layer->getLoc();
    Value asked = createOp<GatherOp>(b, shapes, loc, plan, constantI64Scalar(b, loc, number), 0);
    Value isFirst = createOp<EqualOp>(b, shapes, loc, asked, constantI64Scalar(b, loc, first));
    auto branch = IfOp::create(b, loc, layer->getResultTypes(), isFirst);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(&branch.getThenRegion().emplaceBlock());
    YieldOp::create(b, loc, copy(layer, choices.front()));
    b.setInsertionPointToEnd(&branch.getElseRegion().emplaceBlock());
    YieldOp::create(b, loc, build(layer, number, choices.drop_front(), first + 1));
    return branch->getResults();
  }

  OpBuilder b;

private:
  ResultRange copy(Operation *layer, Attribute choice) {
    Operation *made = b.clone(*layer);
    made->removeAttr(kChoicesAttr);
    if (choice)
      made->setAttr(kQuantizationAttr, choice);
    return made->getResults();
  }

  Value plan;
  ShapeAnalysis shapes;
};

struct SwitchLayers : public cameo::impl::SwitchLayersPassBase<SwitchLayers> {
  using SwitchLayersPassBase::SwitchLayersPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    SmallVector<Layer> layers = layersOf(function);
    OpBuilder b(function);
    auto type = RankedTensorType::get({int64_t(layers.size())}, b.getI64Type());
    DictionaryAttr attributes = b.getDictionaryAttr(
        {b.getNamedAttr(kNameAttr, b.getStringAttr("plan")), b.getNamedAttr(kDimsAttr, b.getStrArrayAttr({""}))});
    unsigned number = function.getNumArguments();
    (void)function.insertArgument(number, type, attributes, function.getLoc());
    LayerSwitcher switcher(function, function.getArgument(number));
    for (auto [i, layer] : llvm::enumerate(layers)) {
      auto choices = layer.op->getAttrOfType<ArrayAttr>(kChoicesAttr);
      if (!choices || choices.empty())
        continue;
      switcher.b.setInsertionPoint(layer.op);
      layer.op->replaceAllUsesWith(switcher.build(layer.op, int64_t(i), choices.getValue()));
      changed(getArgument(), layer.op->getLoc(), "layers switched")
          << "is one of " + std::to_string(choices.size() + 1) + " layers";
      layer.op->erase();
    }
  }
};

} // namespace
