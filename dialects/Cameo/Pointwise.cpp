// Pointwise.cpp - what all pointwise and indexable ops share: shape by broadcasting, one loop nest, element access.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "cameo/Dialect/Cameo/SizeRequirements.h"
#include "cameo/Runtime/KernelABI.h"
#include "cameo/Support/ErrorCode.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/PointwiseOps.cpp.inc"

namespace cameo {
void registerPointwiseOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/PointwiseOps.cpp.inc"
      >();
}
} // namespace cameo

LogicalResult IsInfOp::verify() {
  if (!getPositive() && !getNegative())
    return emitOpError("needs `positive`, `negative` or both"); // C1
  return success();
}

LogicalResult CastOp::verify() {
  if (StringRef mode = getRoundMode(); mode != "up" && mode != "down" && mode != "nearest")
    return emitOpError("roundMode is \"") << mode << "\"; expected up, down or nearest"; // C1
  return success();
}

LogicalResult BitCastOp::verify() {
  Type from = getElementTypeOrSelf(getX().getType());
  if (storageBits(from) != storageBits(getTo()))
    return emitOpError("cannot reinterpret ") << from << " as " << getTo() << ": their elements differ in size"; // C1
  return success();
}

/// What `op` makes of the elements `x` of small integer tensors, when that can be said as a Dim. Null otherwise.
static Dim followElement(DimContext &d, Operation *op, Type elementType, ArrayRef<Dim> x) {
  auto isLess = [&](Dim a, Dim b) -> std::optional<bool> {
    if (auto difference = d.sub(a, b).constant())
      return *difference < 0;
    if (a.constant() && *a.constant() < 0 && d.isNonNegative(b))
      return true;
    if (b.constant() && *b.constant() <= 0 && d.isNonNegative(a))
      return false;
    return std::nullopt;
  };
  auto truth = [&](std::optional<bool> known) { return known ? d.constant(*known) : Dim(); };
  auto isTrue = [](Dim a) { return a.constant() ? std::optional<bool>(*a.constant() != 0) : std::nullopt; };
  if (isa<CastOp>(op))
    return elementType.isInteger(1) ? truth(isTrue(x[0])) : x[0];
  if (isa<NotOp, AndOp, OrOp, XorOp>(op) && !elementType.isInteger(1))
    return {};
  if (isa<NotOp>(op))
    return x[0].constant() ? d.constant(!*isTrue(x[0])) : Dim();
  if (isa<AndOp>(op) && (isTrue(x[0]) == false || isTrue(x[1]) == false))
    return d.constant(0);
  if (isa<OrOp>(op) && (isTrue(x[0]) == true || isTrue(x[1]) == true))
    return d.constant(1);
  if (isa<AndOp, OrOp, XorOp>(op)) {
    if (!x[0].constant() || !x[1].constant())
      return {};
    bool a = *isTrue(x[0]), b = *isTrue(x[1]);
    return d.constant(isa<XorOp>(op) ? a != b : isa<AndOp>(op) ? a && b : a || b);
  }
  if (isa<NegOp>(op))
    return d.sub(d.constant(0), x[0]);
  if (isa<AddOp>(op))
    return d.add(x[0], x[1]);
  if (isa<SubOp>(op))
    return d.sub(x[0], x[1]);
  if (isa<MulOp>(op))
    return d.mul(x[0], x[1]);
  if (isa<MaxOp>(op))
    return d.max(x[0], x[1]);
  if (isa<MinOp>(op))
    return d.min(x[0], x[1]);
  // ONNX truncates quotients towards zero; floor agrees when neither side is negative.
  if (isa<DivOp, ModOp, RemainderOp>(op)) {
    if (!d.isNonNegative(x[0]) || x[1].isConstant(0) || !d.isNonNegative(x[1]))
      return {};
    return isa<DivOp>(op) ? d.floorDiv(x[0], x[1]) : d.mod(x[0], x[1]);
  }
  if (isa<LessOp>(op))
    return truth(isLess(x[0], x[1]));
  if (isa<LessEqualOp>(op)) {
    auto greater = isLess(x[1], x[0]);
    return truth(greater ? std::optional<bool>(!*greater) : std::nullopt);
  }
  if (isa<EqualOp>(op)) {
    if (x[0] == x[1])
      return d.constant(1);
    if (d.sub(x[0], x[1]).constant() || isLess(x[0], x[1]) == true || isLess(x[1], x[0]) == true)
      return d.constant(0);
    return {};
  }
  if (isa<WhereOp>(op)) {
    if (x[1] == x[2])
      return x[1];
    return x[0].constant() ? x[*x[0].constant() ? 1 : 2] : Dim();
  }
  return {};
}

Dim cameo::pointwiseFlops(Operation *op, ShapeAnalysis &shapes) {
  // The body is built once, for nothing but counting.
  Block block;
  for (Value operand : op->getOperands())
    block.addArgument(computeType(getElementTypeOrSelf(operand.getType())), op->getLoc());
  OpBuilder b(op->getContext());
  b.setInsertionPointToEnd(&block);
  cast<PointwiseInterface>(op).buildScalar(b, block.getArguments());
  return shapes.dims().mul(shapes.numElements(op->getResult(0)), llvm::count_if(block, isFloatArithmetic));
}

/// The integers that a cast makes of a small float constant (older exporters write sizes so); nothing when one has no
/// integer.
static std::optional<SmallVector<Dim, 4>> castConstant(CastOp op, ShapeAnalysis &shapes) {
  DenseFPElementsAttr values;
  auto to = dyn_cast<IntegerType>(op.getTo());
  if (!to || to.getWidth() < 32 || !matchPattern(op.getX(), m_Constant(&values)))
    return std::nullopt;
  SmallVector<Dim, 4> integers;
  for (APFloat value : values) {
    APSInt integer(to.getWidth(), /*isUnsigned=*/false);
    bool isExact;
    if (value.convertToInteger(integer, APFloat::rmTowardZero, &isExact) & APFloat::opInvalidOp)
      return std::nullopt;
    integers.push_back(shapes.dims().constant(integer.getSExtValue()));
  }
  return integers;
}

LogicalResult cameo::inferPointwise(Operation *op, Type elementType, ShapeAnalysis &shapes,
                                    SmallVectorImpl<ShapeInfo> &results) {
  auto operands = op->getOperands();
  if (op->hasTrait<OpTrait::SameOperandsElementType>() || isa<WhereOp>(op)) {
    Type first = getElementTypeOrSelf(operands[isa<WhereOp>(op) ? 1 : 0].getType());
    Type last = getElementTypeOrSelf(operands.back().getType());
    if (first != last)
      return op->emitOpError("has operands of element types ") << first << " and " << last << "; expected the same";
  }
  if (isa<DivOp, ModOp, RemainderOp>(op))
    if (auto &divisors = shapes.get(operands[1]).contents;
        divisors && llvm::any_of(*divisors, [](Dim d) { return d.isConstant(0); }))
      return withCode("E-DIV0", op->emitOpError()) << "divides integers by the constant 0";
  auto dims = broadcastShapes(shapes, op, operands);
  if (failed(dims))
    return failure();
  ShapeInfo info{elementType, *dims, std::nullopt};

  // Arithmetic on sizes is followed symbolically. Narrow integers wrap where sizes do not, so they are left out.
  auto mayHoldSizes = [](Type type) {
    return type.isSignlessInteger(64) || type.isSignlessInteger(32) || type.isInteger(1);
  };
  auto count = shapes.dims().product(info.dims).constant();
  bool isTracked = info.rank() <= 1 && count && *count <= kMaxTrackedElements && mayHoldSizes(elementType);
  if (auto conversion = dyn_cast<CastOp>(op);
      isTracked && conversion && isa<FloatType>(getElementTypeOrSelf(operands[0].getType()))) {
    info.contents = castConstant(conversion, shapes);
  } else if (isTracked && llvm::all_of(operands, [&](Value v) {
               return mayHoldSizes(getElementTypeOrSelf(v.getType())) && shapes.get(v).contents;
             })) {
    info.contents.emplace();
    for (int64_t i = 0; i < *count && info.contents; ++i) {
      SmallVector<Dim, 3> x;
      for (Value v : operands) {
        auto &elements = *shapes.get(v).contents;
        x.push_back(elements[elements.size() == 1 ? 0 : i]);
      }
      if (Dim d = followElement(shapes.dims(), op, elementType, x))
        info.contents->push_back(d);
      else
        info.contents.reset();
    }
  }
  results.push_back(std::move(info));
  return success();
}

LogicalResult cameo::emitIndexable(Operation *op, KernelEmitter &k, OpBuilder &b, ArrayRef<Tensor> operands,
                                   ArrayRef<Tensor> results) {
  auto indexable = cast<IndexableInterface>(op);
  const Tensor &result = results.front();
  k.parallelNest(b, op->getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange indices) {
    result.store(b, loc, indexable.elementAt(k, b, operands, result.dims, indices), indices);
  });
  return success();
}

Value cameo::pointwiseElement(Operation *op, KernelEmitter &k, OpBuilder &b, ArrayRef<Tensor> operands,
                              ArrayRef<Dim> resultDims, ValueRange indices) {
  SmallVector<Value> x;
  for (const Tensor &operand : operands)
    x.push_back(operand.load(b, op->getLoc(), broadcastIndices(b, op->getLoc(), k, operand, resultDims, indices)));
  if (isa<DivOp, ModOp, RemainderOp>(op) && isa<IntegerType>(x[1].getType())) {
    Value zero = constantInt(b, op->getLoc(), x[1].getType(), 0);
    Value isZero = arith::CmpIOp::create(b, op->getLoc(), arith::CmpIPredicate::eq, x[1], zero);
    k.failIf(b, op->getLoc(), isZero, CAMEO_DIVISION_BY_ZERO, "integer division by zero");
  }
  return cast<PointwiseInterface>(op).buildScalar(b, x);
}
