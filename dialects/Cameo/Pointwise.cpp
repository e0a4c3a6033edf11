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

// ---- how sizes follow from sizes: what arithmetic makes of elements that are known as Dims

/// Whether a < b, where that is known.
static std::optional<bool> isLess(DimContext &d, Dim a, Dim b) {
  if (auto difference = d.sub(a, b).constant())
    return *difference < 0;
  if (a.constant() && *a.constant() < 0 && d.isNonNegative(b))
    return true;
  if (b.constant() && *b.constant() <= 0 && d.isNonNegative(a))
    return false;
  return std::nullopt;
}

static Dim truth(DimContext &d, std::optional<bool> known) { return known ? d.constant(*known) : Dim(); }
static std::optional<bool> isTrue(Dim a) {
  return a.constant() ? std::optional<bool>(*a.constant() != 0) : std::nullopt;
}
static bool isOfBools(Operation *op) { return getElementTypeOrSelf(op->getOperand(0)).isInteger(1); }

Dim CastOp::followElement(DimContext &d, ArrayRef<Dim> x) {
  return getTo().isInteger(1) ? truth(d, isTrue(x[0])) : x[0];
}
Dim NegOp::followElement(DimContext &d, ArrayRef<Dim> x) { return d.sub(d.constant(0), x[0]); }
Dim AddOp::followElement(DimContext &d, ArrayRef<Dim> x) { return d.add(x[0], x[1]); }
Dim SubOp::followElement(DimContext &d, ArrayRef<Dim> x) { return d.sub(x[0], x[1]); }
Dim MulOp::followElement(DimContext &d, ArrayRef<Dim> x) { return d.mul(x[0], x[1]); }
Dim MaxOp::followElement(DimContext &d, ArrayRef<Dim> x) { return d.max(x[0], x[1]); }
Dim MinOp::followElement(DimContext &d, ArrayRef<Dim> x) { return d.min(x[0], x[1]); }

/// ONNX truncates quotients towards zero; floor agrees when neither side is negative.
static bool dividesAsFloor(DimContext &d, ArrayRef<Dim> x) {
  return d.isNonNegative(x[0]) && !x[1].isConstant(0) && d.isNonNegative(x[1]);
}
Dim DivOp::followElement(DimContext &d, ArrayRef<Dim> x) {
  return dividesAsFloor(d, x) ? d.floorDiv(x[0], x[1]) : Dim();
}
Dim ModOp::followElement(DimContext &d, ArrayRef<Dim> x) { return dividesAsFloor(d, x) ? d.mod(x[0], x[1]) : Dim(); }
Dim RemainderOp::followElement(DimContext &d, ArrayRef<Dim> x) {
  return dividesAsFloor(d, x) ? d.mod(x[0], x[1]) : Dim();
}

Dim NotOp::followElement(DimContext &d, ArrayRef<Dim> x) {
  return isOfBools(*this) && x[0].constant() ? d.constant(!*isTrue(x[0])) : Dim();
}
Dim AndOp::followElement(DimContext &d, ArrayRef<Dim> x) {
  if (!isOfBools(*this))
    return {};
  if (isTrue(x[0]) == false || isTrue(x[1]) == false)
    return d.constant(0);
  return isTrue(x[0]) && isTrue(x[1]) ? d.constant(1) : Dim();
}
Dim OrOp::followElement(DimContext &d, ArrayRef<Dim> x) {
  if (!isOfBools(*this))
    return {};
  if (isTrue(x[0]) == true || isTrue(x[1]) == true)
    return d.constant(1);
  return isTrue(x[0]) && isTrue(x[1]) ? d.constant(0) : Dim();
}
Dim XorOp::followElement(DimContext &d, ArrayRef<Dim> x) {
  return isOfBools(*this) && isTrue(x[0]) && isTrue(x[1]) ? d.constant(*isTrue(x[0]) != *isTrue(x[1])) : Dim();
}

Dim LessOp::followElement(DimContext &d, ArrayRef<Dim> x) { return truth(d, isLess(d, x[0], x[1])); }
Dim LessEqualOp::followElement(DimContext &d, ArrayRef<Dim> x) {
  auto greater = isLess(d, x[1], x[0]);
  return greater ? d.constant(!*greater) : Dim();
}
Dim EqualOp::followElement(DimContext &d, ArrayRef<Dim> x) {
  if (x[0] == x[1])
    return d.constant(1);
  bool differ = d.sub(x[0], x[1]).constant() || isLess(d, x[0], x[1]) == true || isLess(d, x[1], x[0]) == true;
  return differ ? d.constant(0) : Dim();
}
Dim WhereOp::followElement(DimContext &, ArrayRef<Dim> x) {
  if (x[1] == x[2])
    return x[1];
  return x[0].constant() ? x[*x[0].constant() ? 1 : 2] : Dim();
}

// ---- what all have in common

Dim cameo::pointwiseFlops(Operation *op, ShapeAnalysis &shapes) {
  // The body is built once, for nothing but counting.
  Block block;
  for (Value operand : op->getOperands())
    block.addArgument(computeType(getElementTypeOrSelf(operand.getType())), op->getLoc());
  OpBuilder b(op->getContext());
  b.setInsertionPointToEnd(&block);
  scf::YieldOp::create(b, op->getLoc(), cast<PointwiseInterface>(op).buildScalar(b, block.getArguments()));
  llvm::DenseMap<Value, bool> known;
  return shapes.dims().mul(shapes.numElements(op->getResult(0)), countFloatArithmetic(block, known));
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
  if (op->hasTrait<DividesBySecond>())
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
      auto pointwise = dyn_cast<PointwiseInterface>(op);
      if (Dim d = pointwise ? pointwise.followElement(shapes.dims(), x) : Dim())
        info.contents->push_back(d);
      else
        info.contents.reset();
    }
  }
  results.push_back(std::move(info));
  return success();
}

LogicalResult cameo::emitIndexable(Operation *op, KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                   ArrayRef<KernelTensor> results) {
  auto indexable = cast<IndexableInterface>(op);
  const KernelTensor &result = results.front();
  k.parallelNest(b, op->getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange indices) {
    result.store(b, loc, indexable.elementAt(k, b, operands, result.dims, indices), indices);
  });
  return success();
}

Value cameo::pointwiseElement(Operation *op, KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                              ArrayRef<Dim> resultDims, ValueRange indices) {
  SmallVector<Value> x;
  for (const KernelTensor &operand : operands)
    x.push_back(operand.load(b, op->getLoc(), broadcastIndices(b, op->getLoc(), k, operand, resultDims, indices)));
  if (op->hasTrait<DividesBySecond>() && isa<IntegerType>(x[1].getType())) {
    Value zero = constantInt(b, op->getLoc(), x[1].getType(), 0);
    Value isZero = arith::CmpIOp::create(b, op->getLoc(), arith::CmpIPredicate::eq, x[1], zero);
    k.failIf(b, op->getLoc(), isZero, CAMEO_DIVISION_BY_ZERO, "integer division by zero");
  }
  return cast<PointwiseInterface>(op).buildScalar(b, x);
}
