// ObserveLayers.cpp - what layers read leaves the program, where whoever runs it counts it.
#include "cameo/Passes/Quantization/Layers.h"
#include "cameo/Passes/Quantization/Passes.h"
#include "cameo/Passes/Remarks.h"
#include "llvm/ADT/SetVector.h"

namespace cameo {
#define GEN_PASS_DEF_OBSERVELAYERSPASS
#include "cameo/Passes/Quantization/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

struct ObserveLayers : public cameo::impl::ObserveLayersPassBase<ObserveLayers> {
  using ObserveLayersPassBase::ObserveLayersPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    Operation *end = function.getBody().front().getTerminator();
    OpBuilder b(function);
    DenseSet<Value> seen;
    for (auto [i, layer] : llvm::enumerate(layersOf(function))) {
      if (!seen.insert(layer.input).second)
        continue;
      end->insertOperands(end->getNumOperands(), layer.input);
      (void)function.insertResult(
          function.getNumResults(), layer.input.getType(),
          b.getDictionaryAttr(b.getNamedAttr("cameo.name", b.getStringAttr("observed:" + std::to_string(i)))));
      changed(getArgument(), layer.op->getLoc(), "activations observed") << "shows what it reads";
    }
  }
};

} // namespace
