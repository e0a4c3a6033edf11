// Reduction.cpp - reductions over axes, positions of extrema, running sums: shapes and loops.
#include "ReductionHelpers.h"
#include "cameo/Runtime/KernelABI.h"
#include "llvm/ADT/SmallBitVector.h"
#include <numeric>

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/ReductionOps.cpp.inc"

namespace cameo {
void registerReductionOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/ReductionOps.cpp.inc"
      >();
}
} // namespace cameo

// ---- accumulators

Type cameo::accumulatorType(KernelEmitter &k, Type elementType) {
  Type type = computeType(elementType);
  return type.isF32() && !k.mayReassociate() ? Float64Type::get(type.getContext()) : type;
}

static Value convertFloat(OpBuilder &b, Location loc, Value x, Type to) {
  return convertScalar(b, loc, x, x.getType(), to);
}

Value cameo::sumNest(KernelEmitter &k, OpBuilder &b, Location loc, Type elementType, ValueRange sizes,
                     llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> term) {
  Type type = accumulatorType(k, elementType);
  Value zero = constantScalar(b, loc, type, 0);
  return reduceNest(
      b, loc, sizes, zero, [&](OpBuilder &b, Location loc, ValueRange at, ValueRange sum) -> SmallVector<Value> {
        return {addScalar(b, loc, sum[0], convertFloat(b, loc, term(b, loc, at), type), k.mayReassociate())};
      })[0];
}

Value cameo::countAs(KernelEmitter &k, OpBuilder &b, Location loc, ArrayRef<Dim> dims, Type type) {
  Dim count = k.dims().product(dims);
  if (auto constant = count.constant())
    return constantScalar(b, loc, type, double(*constant));
  Value integer = arith::IndexCastOp::create(b, loc, b.getI64Type(), k.size(count));
  return isa<FloatType>(type) ? Value(arith::SIToFPOp::create(b, loc, type, integer))
                              : convertScalar(b, loc, integer, b.getI64Type(), type);
}

/// The largest (or smallest) value of a compute type whose semantic type is `element`.
static Value extremeValue(OpBuilder &b, Location loc, Type element, bool largest) {
  Type type = computeType(element);
  if (isa<FloatType>(type)) {
    double infinity = std::numeric_limits<double>::infinity();
    return constantScalar(b, loc, type, largest ? infinity : -infinity);
  }
  unsigned width = type.getIntOrFloatBitWidth();
  if (element.isUnsignedInteger() || width == 1)
    return constantInt(b, loc, type, largest ? -1 : 0);
  APInt value = largest ? APInt::getSignedMaxValue(width) : APInt::getSignedMinValue(width);
  return constantInt(b, loc, type, value.getSExtValue());
}

// ---- reduce

static LogicalResult checkKind(Operation *op, StringRef kind, ArrayRef<StringRef> allowed) {
  if (llvm::is_contained(allowed, kind))
    return success();
  return op->emitOpError("kind is '") << kind << "'; expected " << llvm::join(allowed, ", ");
}

static constexpr StringRef kKinds[] = {"sum", "mean", "prod", "max", "min"};

LogicalResult ReduceOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  if (failed(checkKind(*this, getKind(), kKinds))) // C2
    return failure();
  llvm::SmallBitVector reduced(x.rank());
  for (int64_t axis : getAxes()) {
    if (axis < 0 || axis >= x.rank())
      return emitOpError("axis is ") << axis << ", but the operand has rank " << x.rank() << "; expected 0 to "
                                     << x.rank() - 1; // C1
    if (reduced[axis])
      return emitOpError("axis ") << axis << " is given twice"; // C1
    reduced[axis] = true;
  }
  ShapeInfo info{x.elementType, {}, std::nullopt};
  for (auto [axis, d] : llvm::enumerate(x.dims)) {
    if (!reduced[axis])
      info.dims.push_back(d);
    else if (getKeepDims())
      info.dims.push_back(shapes.dims().constant(1));
  }
  // The number of elements that a shape asks for is followed symbolically; converters also ask for its extremes.
  if (x.contents && x.rank() == 1 && reduced.any() && isa<IntegerType>(x.elementType)) {
    DimContext &d = shapes.dims();
    ArrayRef<Dim> contents = *x.contents;
    auto folded = [&](Dim first, ArrayRef<Dim> rest, auto combine) {
      info.contents = SmallVector<Dim, 4>{std::accumulate(rest.begin(), rest.end(), first, combine)};
    };
    if (getKind() == "prod")
      folded(d.constant(1), contents, [&](Dim a, Dim b) { return d.mul(a, b); });
    else if (getKind() == "sum")
      folded(d.constant(0), contents, [&](Dim a, Dim b) { return d.add(a, b); });
    else if (getKind() == "max" && !contents.empty())
      folded(contents.front(), contents.drop_front(), [&](Dim a, Dim b) { return d.max(a, b); });
    else if (getKind() == "min" && !contents.empty())
      folded(contents.front(), contents.drop_front(), [&](Dim a, Dim b) { return d.min(a, b); });
  }
  results.push_back(std::move(info));
  return success();
}

/// `kind` over the elements that `load` gives for the indices in [0, sizes); `counted` are those sizes.
static Value emitReduction(KernelEmitter &k, OpBuilder &b, Location loc, StringRef kind, Type element, ValueRange sizes,
                           ArrayRef<Dim> counted, llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> load) {
  Type type = computeType(element);
  bool isFloat = isa<FloatType>(type);
  if (isFloat && (kind == "sum" || kind == "mean")) {
    Value sum = sumNest(k, b, loc, element, sizes, load);
    if (kind == "mean") { // of nothing: 0, as ONNX Runtime has it, where the specification says nothing
      Dim count = k.dims().max(k.dims().product(counted), k.dims().constant(1));
      sum = arith::DivFOp::create(b, loc, sum, countAs(k, b, loc, count, sum.getType()));
    }
    return convertFloat(b, loc, sum, type);
  }
  Value init = kind == "max"    ? extremeValue(b, loc, element, false)
               : kind == "min"  ? extremeValue(b, loc, element, true)
               : kind == "prod" ? constantScalar(b, loc, type, 1)
                                : constantScalar(b, loc, type, 0);
  Value total = reduceNest(b, loc, sizes, init,
                           [&](OpBuilder &b, Location loc, ValueRange at, ValueRange acc) -> SmallVector<Value> {
                             Value x = load(b, loc, at);
                             if (kind == "max")
                               return {maxScalar(b, loc, acc[0], x, element)};
                             if (kind == "min")
                               return {minScalar(b, loc, acc[0], x, element)};
                             if (kind == "prod")
                               return {mulScalar(b, loc, acc[0], x)};
                             return {addScalar(b, loc, acc[0], x)};
                           })[0];
  if (kind == "mean") {
    ImplicitLocOpBuilder ib(loc, b);
    return safeIntegerDivide(ib, total, countAs(k, b, loc, counted, type), element);
  }
  return total;
}

/// One for each element of x, and for a mean one for each result.
template <typename OpT> static Dim reductionFlops(OpT op, ShapeAnalysis &shapes, bool isMean) {
  DimContext &d = shapes.dims();
  if (!isa<FloatType>(getElementTypeOrSelf(op.getX().getType())))
    return d.constant(0);
  Dim elements = shapes.numElements(op.getX());
  return isMean ? d.add(elements, shapes.numElements(op.getResult())) : elements;
}
Dim ReduceOp::flops(ShapeAnalysis &shapes) { return reductionFlops(*this, shapes, getKind() == "mean"); }
Dim ReduceDynamicOp::flops(ShapeAnalysis &shapes) { return reductionFlops(*this, shapes, getKind() == "mean"); }
Dim CumulateOp::flops(ShapeAnalysis &shapes) { return reductionFlops(*this, shapes, false); }

LogicalResult ReduceOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &y = results[0];
  llvm::SmallBitVector reduced(x.rank());
  for (int64_t axis : getAxes())
    reduced[axis] = true;
  SmallVector<Dim> kept, counted;
  for (auto [axis, d] : llvm::enumerate(x.dims))
    (reduced[axis] ? counted : kept).push_back(d);
  k.parallelNest(b, getLoc(), kept, [&](OpBuilder &b, Location loc, ValueRange outer) {
    Value value = emitReduction(k, b, loc, getKind(), x.elementType, sizesOf(k, counted), counted,
                                [&](OpBuilder &b, Location loc, ValueRange inner) {
                                  SmallVector<Value> at;
                                  size_t o = 0, i = 0;
                                  for (int64_t axis = 0; axis < x.rank(); ++axis)
                                    at.push_back(reduced[axis] ? inner[i++] : outer[o++]);
                                  return x.load(b, loc, at);
                                });
    SmallVector<Value> at;
    size_t o = 0;
    for (int64_t axis = 0; axis < x.rank(); ++axis) {
      if (!reduced[axis])
        at.push_back(outer[o++]);
      else if (getKeepDims())
        at.push_back(constantIndex(b, loc, 0));
    }
    y.store(b, loc, value, at);
  });
  return success();
}

bool ReduceOp::allowsEpilogue() { return true; }
bool ReduceOp::allowsPrologue(unsigned) { return true; }

// ---- reduce_dynamic

/// 1 where `axis` (which may be negative) names axis `i`, else 0; as a size, so that it can be part of others.
static Dim isAxis(DimContext &d, Dim axis, int64_t i, int64_t rank) {
  Dim difference = d.sub(d.mod(axis, d.constant(rank)), i);
  Dim distance = d.max(difference, d.sub(d.constant(0), difference));
  return d.sub(d.constant(1), d.min(d.constant(1), distance));
}

static SmallVector<Dim> reducedFlags(DimContext &d, ArrayRef<Dim> axes, int64_t rank) {
  SmallVector<Dim> flags;
  for (int64_t i = 0; i < rank; ++i) {
    Dim flag = d.constant(0);
    for (Dim axis : axes)
      flag = d.max(flag, isAxis(d, axis, i, rank));
    flags.push_back(flag);
  }
  return flags;
}

/// a when `flag` is 1, b when it is 0.
static Dim choose(DimContext &d, Dim flag, Dim a, Dim b) { return d.add(b, d.mul(flag, d.sub(a, b))); }

LogicalResult ReduceDynamicOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  auto axes = shapes.elements(getAxes());
  SmallVector<Dim> xDims(shapes.dimsOf(getX()));
  int64_t rank = xDims.size();
  if (!axes || shapes.rank(getAxes()) != 1)
    return emitOpError("the number of axes is not known at compile time, so the result's rank is not"); // C1
  if (int64_t(axes->size()) > rank)
    return emitOpError("has ") << axes->size() << " axes, but the operand has rank " << rank; // C1
  if (failed(checkKind(*this, getKind(), kKinds)))                                            // C2
    return failure();
  DimContext &d = shapes.dims();
  SmallVector<Dim> flags = reducedFlags(d, *axes, rank);
  ShapeInfo info{shapes.get(getX()).elementType, {}, std::nullopt};
  if (getKeepDims()) {
    for (auto [flag, size] : llvm::zip(flags, xDims))
      info.dims.push_back(choose(d, flag, d.constant(1), size));
  } else {
    // Kept axis number j is the axis that is not reduced and has j such axes before it.
    for (int64_t j = 0; j < rank - int64_t(axes->size()); ++j) {
      Dim size = d.constant(0), before = d.constant(0);
      for (auto [flag, axisSize] : llvm::zip(flags, xDims)) {
        Dim kept = d.sub(d.constant(1), flag);
        Dim distance = d.max(d.sub(before, j), d.sub(d.constant(j), before));
        Dim here = d.mul(kept, d.sub(d.constant(1), d.min(d.constant(1), distance)));
        size = d.add(size, d.mul(here, axisSize));
        before = d.add(before, kept);
      }
      info.dims.push_back(size);
    }
  }
  results.push_back(std::move(info));
  return success();
}

/// Records a failure for axes outside [-rank, rank).
static void checkAxes(KernelEmitter &k, OpBuilder &b, Location loc, ArrayRef<Dim> axes, int64_t rank) {
  for (Dim axis : axes) {
    if (axis.constant() && *axis.constant() >= -rank && *axis.constant() < rank)
      continue;
    Value value = k.size(axis);
    Value low = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, value, constantIndex(b, loc, -rank));
    Value high = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, value, constantIndex(b, loc, rank));
    k.failIf(b, loc, arith::OrIOp::create(b, loc, low, high), CAMEO_OUT_OF_RANGE, "axis %lld is out of range", value);
  }
}

LogicalResult ReduceDynamicOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                         ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &y = results[0];
  DimContext &d = k.dims();
  auto axes = *k.shapes().elements(getAxes());
  SmallVector<Dim> flags = reducedFlags(d, axes, x.rank());
  checkAxes(k, b, getLoc(), axes, x.rank());
  SmallVector<Dim> counted;
  for (auto [flag, size] : llvm::zip(flags, x.dims))
    counted.push_back(choose(d, flag, size, d.constant(1)));
  k.parallelNest(b, getLoc(), y.dims, [&](OpBuilder &b, Location loc, ValueRange outer) {
    // Per axis of x: whether it is reduced, and its index where it is not.
    SmallVector<Value> isReduced, keptIndex;
    Dim before = d.constant(0);
    for (auto [axis, flag] : llvm::enumerate(flags)) {
      isReduced.push_back(
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, k.size(flag), constantIndex(b, loc, 0)));
      Value index = constantIndex(b, loc, 0);
      if (getKeepDims())
        index = outer[axis];
      else
        for (auto [j, candidate] : llvm::enumerate(outer)) {
          Value here =
              arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, k.size(before), constantIndex(b, loc, j));
          index = arith::SelectOp::create(b, loc, here, candidate, index);
        }
      keptIndex.push_back(index);
      before = d.add(before, d.sub(d.constant(1), flag));
    }
    Value value =
        emitReduction(k, b, loc, getKind(), x.elementType, sizesOf(k, counted), counted,
                      [&](OpBuilder &b, Location loc, ValueRange inner) {
                        SmallVector<Value> at;
                        for (int64_t axis = 0; axis < x.rank(); ++axis)
                          at.push_back(arith::SelectOp::create(b, loc, isReduced[axis], inner[axis], keptIndex[axis]));
                        return x.load(b, loc, at);
                      });
    y.store(b, loc, value, outer);
  });
  return success();
}

bool ReduceDynamicOp::allowsEpilogue() { return true; }
bool ReduceDynamicOp::allowsPrologue(unsigned operand) { return operand == 0; }

// ---- arg_max, arg_min

static LogicalResult inferArg(Operation *op, Value x, int64_t axis, bool keepDims, ShapeAnalysis &shapes,
                              SmallVectorImpl<ShapeInfo> &results) {
  ShapeInfo info{IntegerType::get(op->getContext(), 64), SmallVector<Dim, 6>(shapes.dimsOf(x)), std::nullopt};
  auto normal = normalizeAxis(op, axis, info.rank()); // C1
  if (failed(normal))
    return failure();
  if (info.dims[*normal].isConstant(0))
    return op->emitOpError("axis ") << axis
                                    << " has size 0; the position of an extremum needs at least one element"; // C2
  if (keepDims)
    info.dims[*normal] = shapes.dims().constant(1);
  else
    info.dims.erase(info.dims.begin() + *normal);
  results.push_back(std::move(info));
  return success();
}

static SmallVector<Value> insertAt(ValueRange indices, int64_t position, Value value) {
  SmallVector<Value> all(indices);
  all.insert(all.begin() + position, value);
  return all;
}

/// Position of the extremum among `length` elements, by two reductions whose order does not matter: the extremum, and
/// the first (or last) place where it is. NaN is above and below all numbers, as in maxScalar and minScalar.
static Value positionOfExtremum(OpBuilder &b, Location loc, Type element, Dim length, Value size, bool last,
                                bool wantsMax, llvm::function_ref<Value(OpBuilder &, Location, Value)> load) {
  Value extremum =
      reduceNest(b, loc, size, extremeValue(b, loc, element, !wantsMax),
                 [&](OpBuilder &b, Location loc, ValueRange at, ValueRange best) -> SmallVector<Value> {
                   Value v = load(b, loc, at[0]);
                   return {wantsMax ? maxScalar(b, loc, best[0], v, element) : minScalar(b, loc, best[0], v, element)};
                 })[0];
  bool isShort = length.constant() && *length.constant() <= std::numeric_limits<int32_t>::max();
  Type type = isShort ? b.getI32Type() : b.getI64Type(); // narrow ones are more to a vector
  Value end = arith::IndexCastOp::create(b, loc, type, size), zero = constantInt(b, loc, type, 0);
  Value position = reduceNest(
      b, loc, size, last ? zero : end,
      [&](OpBuilder &b, Location loc, ValueRange at, ValueRange found) -> SmallVector<Value> {
        Value v = load(b, loc, at[0]), here = arith::IndexCastOp::create(b, loc, type, at[0]), isIt;
        if (isa<FloatType>(v.getType()))
          isIt = arith::OrIOp::create(b, loc, arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, v, extremum),
                                      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, v, v));
        else
          isIt = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, v, extremum);
        if (last)
          return {arith::MaxSIOp::create(b, loc, found[0], arith::SelectOp::create(b, loc, isIt, here, zero))};
        return {arith::MinSIOp::create(b, loc, found[0], arith::SelectOp::create(b, loc, isIt, here, end))};
      })[0];
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), position);
}

/// The same in one pass, which compares element after element.
static Value positionInOrder(OpBuilder &b, Location loc, Type element, Value size, bool last, bool wantsMax,
                             llvm::function_ref<Value(OpBuilder &, Location, Value)> load) {
  Value init[] = {extremeValue(b, loc, element, !wantsMax), constantIndex(b, loc, 0)};
  return reduceNest(
      b, loc, size, init, [&](OpBuilder &b, Location loc, ValueRange at, ValueRange best) -> SmallVector<Value> {
        Value v = load(b, loc, at[0]);
        Value low = wantsMax ? best[0] : v, high = wantsMax ? v : best[0];
        // Strictly better wins; for the last position an equal one does too.
        Value wins = lessThan(b, loc, low, high, element);
        if (last) {
          Value worse = lessThan(b, loc, high, low, element);
          wins = arith::XOrIOp::create(b, loc, worse, constantInt(b, loc, b.getI1Type(), 1));
        }
        if (isa<FloatType>(element)) {
          Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, v, v);
          Value bestIsNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, best[0], best[0]);
          Value number = constantInt(b, loc, b.getI1Type(), last);
          Value againstNan = arith::SelectOp::create(b, loc, isNan, number, constantInt(b, loc, b.getI1Type(), 0));
          Value nanWins = arith::SelectOp::create(b, loc, isNan, constantInt(b, loc, b.getI1Type(), 1), wins);
          wins = arith::SelectOp::create(b, loc, bestIsNan, againstNan, nanWins);
        }
        return {arith::SelectOp::create(b, loc, wins, v, best[0]),
                arith::SelectOp::create(b, loc, wins, at[0], best[1])};
      })[1];
}

static LogicalResult emitArg(Operation *op, KernelEmitter &k, OpBuilder &b, const KernelTensor &x,
                             const KernelTensor &y, int64_t axis, bool keepDims, bool last, bool wantsMax) {
  axis = axis < 0 ? axis + x.rank() : axis;
  Type element = x.elementType;
  SmallVector<Dim> outerDims(x.dims.begin(), x.dims.end());
  outerDims.erase(outerDims.begin() + axis);
  Value length = k.size(x.dims[axis]);
  if (!x.dims[axis].constant()) {
    Value isEmpty =
        arith::CmpIOp::create(b, op->getLoc(), arith::CmpIPredicate::eq, length, constantIndex(b, op->getLoc(), 0));
    k.failIf(b, op->getLoc(), isEmpty, CAMEO_SHAPE_MISMATCH, "the axis to search for an extremum is empty");
  }
  // Two passes pay where elements are neighbours. Along other axes rows are searched side by side.
  bool areNeighbours = llvm::all_of(ArrayRef(x.dims).drop_front(axis + 1), [](Dim d) { return d.isConstant(1); });
  k.parallelNest(b, op->getLoc(), outerDims, [&](OpBuilder &b, Location loc, ValueRange outer) {
    auto load = [&](OpBuilder &b, Location loc, Value at) { return x.load(b, loc, insertAt(outer, axis, at)); };
    Value position = k.mayReassociate() && areNeighbours
                         ? positionOfExtremum(b, loc, element, x.dims[axis], length, last, wantsMax, load)
                         : positionInOrder(b, loc, element, length, last, wantsMax, load);
    SmallVector<Value> at = keepDims ? insertAt(outer, axis, constantIndex(b, loc, 0)) : SmallVector<Value>(outer);
    y.store(b, loc, arith::IndexCastOp::create(b, loc, b.getI64Type(), position), at);
  });
  return success();
}

LogicalResult ArgMaxOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferArg(*this, getX(), getAxis(), getKeepDims(), shapes, results);
}
LogicalResult ArgMaxOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  return emitArg(*this, k, b, operands[0], results[0], getAxis(), getKeepDims(), getLast(), /*wantsMax=*/true);
}
bool ArgMaxOp::allowsEpilogue() { return true; }
bool ArgMaxOp::allowsPrologue(unsigned) { return true; }

LogicalResult ArgMinOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferArg(*this, getX(), getAxis(), getKeepDims(), shapes, results);
}
LogicalResult ArgMinOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  return emitArg(*this, k, b, operands[0], results[0], getAxis(), getKeepDims(), getLast(), /*wantsMax=*/false);
}
bool ArgMinOp::allowsEpilogue() { return true; }
bool ArgMinOp::allowsPrologue(unsigned) { return true; }

// ---- cumulate

LogicalResult CumulateOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  auto axis = shapes.elements(getAxis());
  if (!axis || axis->size() != 1)
    return emitOpError("axis must have one element, but has shape ") << formatShape(shapes.dimsOf(getAxis())); // C1
  if (auto constant = axis->front().constant(); constant && failed(normalizeAxis(*this, *constant, x.rank())))
    return failure();                                       // C1
  if (failed(checkKind(*this, getKind(), {"sum", "prod"}))) // C2
    return failure();
  results.push_back({x.elementType, x.dims, std::nullopt});
  return success();
}

LogicalResult CumulateOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                    ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &y = results[0];
  DimContext &d = k.dims();
  Dim axis = k.shapes().elements(getAxis())->front();
  checkAxes(k, b, getLoc(), axis, x.rank());
  // The parallel space has size 1 along the axis, wherever that turns out to be.
  SmallVector<Dim> flags = reducedFlags(d, axis, x.rank()), outerDims;
  Dim length = d.constant(0);
  for (auto [flag, size] : llvm::zip(flags, x.dims)) {
    outerDims.push_back(choose(d, flag, d.constant(1), size));
    length = d.add(length, d.mul(flag, size));
  }
  Value count = k.size(length);
  bool isSum = getKind() == "sum";
  Type type =
      isa<FloatType>(computeType(x.elementType)) ? accumulatorType(k, x.elementType) : computeType(x.elementType);
  k.parallelNest(b, getLoc(), outerDims, [&](OpBuilder &b, Location loc, ValueRange outer) {
    SmallVector<Value> isAlong;
    for (Dim flag : flags)
      isAlong.push_back(
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, k.size(flag), constantIndex(b, loc, 0)));
    reduceNest(b, loc, count, constantScalar(b, loc, type, isSum ? 0 : 1),
               [&](OpBuilder &b, Location loc, ValueRange step, ValueRange acc) -> SmallVector<Value> {
                 Value t = step[0];
                 if (getReverse())
                   t = arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, count, constantIndex(b, loc, 1)), t);
                 SmallVector<Value> at;
                 for (auto [along, index] : llvm::zip(isAlong, outer))
                   at.push_back(arith::SelectOp::create(b, loc, along, t, index));
                 Value v = convertScalar(b, loc, x.load(b, loc, at), computeType(x.elementType), type);
                 Value next = isSum ? addScalar(b, loc, acc[0], v) : mulScalar(b, loc, acc[0], v);
                 Value stored = getExclusive() ? acc[0] : next;
                 y.store(b, loc, convertScalar(b, loc, stored, type, computeType(x.elementType)), at);
                 return {next};
               });
  });
  return success();
}

bool CumulateOp::allowsEpilogue() { return true; }
bool CumulateOp::allowsPrologue(unsigned operand) { return operand == 0; }
