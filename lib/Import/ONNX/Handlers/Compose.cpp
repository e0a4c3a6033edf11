// Compose.cpp - the functions declared in Compose.h.
#include "Compose.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

Value Compose::convert(Value x, Type type) {
  Type from = x ? op.elementType(x) : type;
  if (from == type)
    return x;
  Builder &b = op.builder;
  if (isa<StringType>(from))
    return cast(make<StringParseOp>(x, isa<FloatType>(type) ? Type(b.getF64Type()) : b.getI64Type()), type);
  if (!isa<StringType>(type))
    return cast(x, type);
  Type wide = from.isF64() || from.isUnsignedInteger(64) ? from
              : isa<FloatType>(from)                     ? Type(b.getF32Type())
                                                         : b.getI64Type();
  return make<StringFormatOp>(cast(x, wide));
}

static double toDouble(APFloat number) {
  bool lost;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return number.convertToDouble();
}

std::optional<double> cameo::onnx::inlineScalar(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  if (!elements || elements.getNumElements() != 1)
    return std::nullopt;
  if (isa<FloatType>(elements.getElementType()))
    return toDouble(*elements.getValues<APFloat>().begin());
  APInt number = *elements.getValues<APInt>().begin();
  return elements.getElementType().isUnsignedInteger() ? double(number.getZExtValue()) : double(number.getSExtValue());
}

Value cameo::onnx::secondOperand(OpBinder &op) {
  Value x = op.input(0), y = op.input(1);
  if (op.opset() >= 7 || !op.intAttr("broadcast", 0) || !op.hasAttr("axis"))
    return y;
  int64_t axis = op.intAttr("axis", 0), rankX = op.rank(x), rankY = op.rank(y);
  int64_t first = axis < 0 ? axis + rankX : axis, missing = rankX - first - rankY;
  if (first < 0 || missing < 0) {
    (void)op.error("E-ATTR", "axis is " + Twine(axis) + ", but the operands have ranks " + Twine(rankX) + " and " +
                                 Twine(rankY) + "; expected 0 to " + Twine(rankX - rankY));
    return {};
  }
  return op.unsqueeze(y, llvm::to_vector(llvm::seq<int64_t>(rankY, rankY + missing)));
}
