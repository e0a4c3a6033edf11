// ObserveLayers.cpp - what layers read leaves the program, where whoever runs it counts it.
#include "cameo/Dialect/Cameo/Attributes.h"
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
    OpBuilder b(end);
    auto show = [&](Value value, const Twine &name) {
      end->insertOperands(end->getNumOperands(), value);
      (void)function.insertResult(function.getNumResults(), value.getType(),
                                  b.getDictionaryAttr(b.getNamedAttr(kNameAttr, b.getStringAttr(name))));
    };
    SmallVector<Layer> layers = layersOf(function);
    DenseSet<Value> seen;
    for (auto [i, layer] : llvm::enumerate(layers))
      if (seen.insert(layer.input).second) {
        show(layer.input, "observed:" + Twine(i));
        changed(getArgument(), layer.op->getLoc(), "activations observed") << "shows what it reads";
      }
    for (int64_t i : windows) {
      if (i < 0 || i >= int64_t(layers.size()) || layers[i].isMatrix || layers[i].group != 1) {
        function.emitError("expected that windows numbers convolutions of one group among ")
            << layers.size() << " layers; found " << i;
        return signalPassFailure();
      }
      show(windowsOf(b, layers[i]), "windows:" + Twine(i));
    }
  }

private:
  /// Each channel by each tap alone: the convolution with filters of one 1.
  static Value windowsOf(OpBuilder &b, const Layer &layer) {
    auto convolution = cast<ConvOp>(layer.op);
    int64_t taps = layer.terms / layer.channels;
    SmallVector<float> filters(layer.terms * taps, 0);
    for (int64_t term = 0; term < layer.terms; ++term)
      filters[term * taps + term % taps] = 1;
    SmallVector<int64_t> shape(cast<RankedTensorType>(layer.weights.getType()).getShape());
    shape[0] = layer.terms, shape[1] = 1;
    auto result = cast<RankedTensorType>(convolution.getType());
    SmallVector<int64_t> sizes(result.getShape());
    sizes[1] = layer.terms;
    Value filter = constantOf<float>(b, layer.op->getLoc(), shape, b.getF32Type(), filters);
    return ConvOp::create(b, layer.op->getLoc(), result.clone(sizes), layer.input, filter, convolution.getStrides(),
                          convolution.getDilations(), convolution.getPads(), layer.channels, /*channelsLast=*/false,
                          /*accumulator=*/TypeAttr());
  }
};

} // namespace
