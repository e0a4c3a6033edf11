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

/// The constant that `value` is, seen through views, with the bytes of one stored outside the IR.
static std::pair<ElementsAttr, ArrayRef<char>> constantOf(Value value) {
  while (auto view = value.getDefiningOp<AliasInterface>())
    value = view->getOperand(0);
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return {};
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  return {constant.getValue(), blob ? blob->getData() : ArrayRef<char>()};
}

std::optional<SmallVector<float>> cameo::constantFloats(Value value) {
  auto [constant, bytes] = constantOf(value);
  if (!constant || !constant.getElementType().isF32())
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant))
    return llvm::to_vector(dense.getValues<float>());
  if (bytes.empty())
    return std::nullopt;
  SmallVector<float> values(bytes.size() / sizeof(float));
  std::copy_n(bytes.data(), values.size() * sizeof(float), reinterpret_cast<char *>(values.data()));
  return values;
}

std::optional<int64_t> cameo::largestMagnitude(Value value) {
  auto [constant, bytes] = constantOf(value);
  if (!constant || !constant.getElementType().isInteger(32))
    return std::nullopt;
  int64_t largest = 0;
  auto consider = [&](int32_t element) { largest = std::max(largest, std::abs(int64_t(element))); };
  if (auto dense = dyn_cast<DenseElementsAttr>(constant)) {
    for (const APInt &element : dense.getValues<APInt>())
      consider(int32_t(element.getSExtValue()));
    return largest;
  }
  for (size_t at = 0; at + sizeof(int32_t) <= bytes.size(); at += sizeof(int32_t)) {
    int32_t element;
    std::memcpy(&element, bytes.data() + at, sizeof(element));
    consider(element);
  }
  return bytes.empty() ? std::nullopt : std::optional(largest);
}

bool cameo::isZeroEverywhere(Value value) {
  auto [constant, bytes] = constantOf(value);
  if (auto dense = dyn_cast_if_present<DenseElementsAttr>(constant))
    return dense.isSplat() && isa<IntegerType>(dense.getElementType()) && dense.getSplatValue<APInt>().isZero();
  return !bytes.empty() && llvm::all_of(bytes, [](char byte) { return byte == 0; });
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
    RewritePatternSet products(&getContext()), requantization(&getContext());
    populateMovementPatterns(products, graph, "conversions moved");
    populateProductPatterns(products, graph, "integer products");
    populateBiasPatterns(products, graph, "steps of requantization merged");
    graph.apply(std::move(products));
    populateRequantizationPatterns(requantization, graph, "steps of requantization merged");
    graph.apply(std::move(requantization));
    makeActivationsUnsigned(getOperation(), getArgument(), "activations made unsigned");
  }
};

} // namespace
