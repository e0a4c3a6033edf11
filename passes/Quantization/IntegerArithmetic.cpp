// IntegerArithmetic.cpp - the pass: all pattern sets of this folder together, because they clear the way for each
// other.
#include "Patterns.h"
#include "cameo/Passes/Quantization/Passes.h"

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

std::optional<int64_t> cameo::largestMagnitude(Value value) {
  ElementsAttr constant = constantBehind(value);
  if (!constant || !constant.getElementType().isInteger(32))
    return std::nullopt;
  int64_t largest = 0;
  std::vector<uint8_t> bytes = bytesOf(constant);
  for (size_t at = 0; at < bytes.size(); at += sizeof(int32_t)) {
    int32_t element;
    std::memcpy(&element, bytes.data() + at, sizeof(element));
    largest = std::max(largest, std::abs(int64_t(element)));
  }
  return largest;
}

bool cameo::isZeroEverywhere(Value value) {
  ElementsAttr constant = constantBehind(value);
  return constant && isa<IntegerType>(constant.getElementType()) &&
         llvm::all_of(bytesOf(constant), [](uint8_t byte) { return byte == 0; });
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
    RewritePatternSet products(&getContext()), blocks(&getContext()), requantization(&getContext());
    populateMovementPatterns(products, graph, "conversions moved");
    populateProductPatterns(products, graph, "integer products");
    populateBiasPatterns(products, graph, "steps of requantization merged");
    graph.apply(std::move(products));
    // What could not be integers.
    populateBlockProductPatterns(blocks, graph, "products with weights of few bits");
    graph.apply(std::move(blocks));
    populateRequantizationPatterns(requantization, graph, "steps of requantization merged");
    graph.apply(std::move(requantization));
    makeActivationsUnsigned(getOperation(), getArgument(), "activations made unsigned");
  }
};

} // namespace
