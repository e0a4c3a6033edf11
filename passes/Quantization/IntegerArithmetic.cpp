// IntegerArithmetic.cpp - the pass: all pattern sets of this folder together, because they clear the way for each
// other.
#include "Patterns.h"
#include "cameo/Passes/Quantization/Passes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace cameo {
#define GEN_PASS_DEF_INTEGERARITHMETICPASS
#include "cameo/Passes/Quantization/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

bool cameo::isSameConstant(Value x, Value y) {
  if (x == y)
    return true;
  auto a = x.getDefiningOp<ConstantOp>(), c = y.getDefiningOp<ConstantOp>();
  return a && c && a.getValue() == c.getValue();
}

std::optional<SmallVector<float>> cameo::constantFloats(Value value) {
  while (auto view = value.getDefiningOp<AliasInterface>())
    value = view->getOperand(0);
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant || !constant.getValue().getElementType().isF32())
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
    return llvm::to_vector(dense.getValues<float>());
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob)
    return std::nullopt;
  SmallVector<float> values(blob->getData().size() / sizeof(float));
  std::copy_n(blob->getData().data(), values.size() * sizeof(float), reinterpret_cast<char *>(values.data()));
  return values;
}

Value cameo::asScalar(OpBuilder &b, ShapeAnalysis &shapes, Value value) {
  if (shapes.rank(value) == 0)
    return value;
  return createOp<ReshapeOp>(b, shapes, value.getLoc(), value, constantI64(b, value.getLoc(), {}), /*allowzero=*/false);
}

namespace {

struct IntegerArithmetic : public cameo::impl::IntegerArithmeticPassBase<IntegerArithmetic> {
  using IntegerArithmeticPassBase::IntegerArithmeticPassBase;

  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    GraphRewriter graph(getArgument(), getOperation());
    RewritePatternSet patterns(&getContext());
    populateMovementPatterns(patterns, graph, "conversions moved");
    populateProductPatterns(patterns, graph, "integer products");
    populateRequantizationPatterns(patterns, graph, "steps of requantization merged");
    graph.apply(std::move(patterns));
    makeActivationsUnsigned(getOperation(), getArgument(), "activations made unsigned");
  }
};

} // namespace
