// Matching.cpp - the functions of Matching.h.
#include "Matching.h"

using namespace mlir;
using namespace cameo;

bool cameo::isRounded(double found, double exact, Value value) {
  auto type = dyn_cast<FloatType>(getElementTypeOrSelf(value.getType()));
  if (!type)
    return false;
  double unit = std::ldexp(1.0, -int(type.getFPMantissaWidth()));
  return std::abs(found - exact) <= std::max(1e-4, 2 * unit) * std::abs(exact);
}

bool cameo::isNumber(Value value, double number) {
  auto found = uniformFloat(value);
  return found && isRounded(*found, number, value);
}

static void addFactors(Value value, Value atom, int depth, Product &product) {
  bool mayLookInside = depth > 0 && (atom ? value != atom : value.hasOneUse());
  if (auto mul = value.getDefiningOp<MulOp>(); mul && mayLookInside) {
    for (Value operand : mul->getOperands())
      if (auto number = uniformFloat(operand))
        product.scale *= *number;
      else
        addFactors(operand, atom, depth - 1, product);
    return;
  }
  if (auto div = value.getDefiningOp<DivOp>(); div && mayLookInside)
    if (auto number = uniformFloat(div.getY())) {
      product.scale /= *number;
      return addFactors(div.getX(), atom, depth - 1, product);
    }
  product.factors.push_back(value);
}

Product cameo::productOf(Value value, Value atom) {
  Product product;
  auto mul = value.getDefiningOp<MulOp>();
  auto div = value.getDefiningOp<DivOp>();
  if (atom || (!mul && !div)) {
    addFactors(value, atom, 5, product);
    return product;
  }
  // The product itself may have any number of readers.
  for (Value operand : mul ? mul->getOperands() : div->getOperands().take_front(1))
    if (auto number = uniformFloat(operand))
      product.scale *= *number;
    else
      addFactors(operand, atom, 4, product);
  if (div) {
    if (auto number = uniformFloat(div.getY()))
      product.scale /= *number;
    else
      product.factors.assign({value});
  }
  return product;
}

std::optional<double> cameo::multipleOf(Value value, Value x) {
  Product product = productOf(value, x);
  if (product.factors.size() != 1 || product.factors[0] != x)
    return std::nullopt;
  return product.scale;
}

std::optional<Reduced> cameo::reductionOf(GraphRewriter &graph, Value value, StringRef kind) {
  ShapeAnalysis &shapes = graph.shapes;
  if (auto expand = value.getDefiningOp<ExpandOp>())
    value = expand.getX();
  auto div = value.getDefiningOp<DivOp>();
  std::optional<double> count = div && kind == "mean" ? uniformFloat(div.getY()) : std::nullopt;
  Value result = value, kept = count ? div.getX() : value;
  while (auto view = kept.getDefiningOp<AliasInterface>())
    kept = view->getOperand(0);
  auto reduce = kept.getDefiningOp<ReduceOp>();
  if (!reduce || reduce.getKind() != (count ? "sum" : kind))
    return std::nullopt;
  Reduced reduced{reduce.getX(), llvm::to_vector(reduce.getAxes())};
  llvm::sort(reduced.axes);
  SmallVector<Dim> dims(shapes.dimsOf(reduced.x));
  Dim number = shapes.dims().constant(1);
  for (int64_t axis : reduced.axes) {
    number = shapes.dims().mul(number, dims[axis]);
    dims[axis] = shapes.dims().constant(1);
  }
  if (shapes.dimsOf(result) != ArrayRef(dims) || (count && number.constant() != int64_t(*count)))
    return std::nullopt;
  return reduced;
}

Value cameo::reciprocalRootOf(Value value) {
  if (auto expand = value.getDefiningOp<ExpandOp>())
    value = expand.getX();
  if (auto pow = value.getDefiningOp<PowOp>(); pow && isNumber(pow.getY(), -0.5))
    return pow.getX();
  auto div = value.getDefiningOp<DivOp>();
  if (!div || !isNumber(div.getX(), 1))
    return {};
  if (auto root = div.getY().getDefiningOp<SqrtOp>())
    return root.getX();
  auto pow = div.getY().getDefiningOp<PowOp>();
  return pow && isNumber(pow.getY(), 0.5) ? pow.getX() : Value();
}
