// Structure.cpp - constants, views, kernels and control flow: shapes and verifiers.
#include "IndexHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/StructureOps.cpp.inc"

namespace cameo {
void registerStructureOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/StructureOps.cpp.inc"
      >();
}
} // namespace cameo

// ---- constant

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

LogicalResult ConstantOp::verify() {
  if (!isa<DenseElementsAttr, DenseResourceElementsAttr>(getValue()))
    return emitOpError("its value is neither dense nor a dense resource"); // C2
  return success();
}

LogicalResult ConstantOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  auto type = cast<RankedTensorType>(getValue().getType());
  ShapeInfo info{type.getElementType(), {}, std::nullopt};
  for (int64_t size : type.getShape())
    info.dims.push_back(shapes.dims().constant(size));
  auto element = dyn_cast<IntegerType>(type.getElementType());
  if (element && !isPacked(element) && type.getNumElements() <= kMaxTrackedElements) {
    auto add = [&](int64_t v) { info.contents->push_back(shapes.dims().constant(v)); };
    if (auto dense = dyn_cast<DenseElementsAttr>(getValue())) {
      info.contents.emplace();
      for (const APInt &v : dense.getValues<APInt>())
        add(element.isUnsigned() || element.getWidth() == 1 ? int64_t(v.getZExtValue()) : v.getSExtValue());
    }
  }
  results.push_back(std::move(info));
  return success();
}

// ---- views

/// Sizes that are read at run time may be 0 (copy) or -1 (what remains). A single one is what remains in any case.
/// Several are written with indicators, where `zero` is 1 for a size 0 and `rest` is 1 for a size -1, else 0:
///   c = s + zero * x_i;  dim = c + rest * (total / product of (c + 2 * rest) over all axes + 1).
/// No valid size is negative, so the maximum with 0 changes none; it makes a factor one term, where products of sums
/// would double their terms with every axis.
static void resolveRunTimeSizes(DimContext &d, MutableArrayRef<Dim> sizes, ArrayRef<Dim> given, ArrayRef<Dim> x,
                                Dim total, bool allowZero) {
  Dim one = d.constant(1), zero = d.constant(0), others = one;
  SmallVector<Dim> rest(sizes.size(), zero);
  SmallVector<size_t> unknown;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (!d.isNonNegative(given[i]))
      unknown.push_back(i);
  for (size_t i : unknown) {
    Dim s = given[i];
    if (unknown.size() > 1) {
      rest[i] = d.min(d.max(d.mul(s, -1), zero), one);
      if (!allowZero && i < x.size())
        sizes[i] = d.add(s, d.mul(d.sub(one, d.min(d.mul(s, s), one)), x[i]));
    }
  }
  for (size_t i = 0; i < sizes.size(); ++i)
    if (unknown.size() > 1 || i != unknown.front())
      others = d.mul(others, d.max(d.add(sizes[i], d.mul(rest[i], 2)), zero));
  Dim remaining = d.floorDiv(total, others);
  if (unknown.size() == 1)
    sizes[unknown.front()] = remaining;
  else
    for (size_t i : unknown)
      sizes[i] = d.max(d.add(sizes[i], d.mul(rest[i], d.add(remaining, 1))), zero);
}

LogicalResult ReshapeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  auto wanted = wantedSizes(getOperation(), shapes, getShape()); // C1
  if (failed(wanted))
    return failure();
  DimContext &d = shapes.dims();
  ShapeInfo info{x.elementType, {}, std::nullopt};
  int64_t rest = -1;
  bool unknownSign = false;
  for (auto [i, size] : llvm::enumerate(*wanted)) {
    if (size.isConstant(0) && !getAllowzero()) {
      if (int64_t(i) >= x.rank())
        return emitOpError("size ") << i << " is 0 (copy), but the operand has rank " << x.rank(); // C4
      size = x.dims[i];
    } else if (size.isConstant(-1)) {
      if (rest >= 0)
        return emitOpError("two sizes are -1 (axes ") << rest << " and " << i << "); at most one can be inferred"; // C2
      rest = i;
    } else if (size.constant() && *size.constant() < -1) {
      return emitOpError("size ") << i << " is " << *size.constant() << "; expected -1 or more"; // C4
    } else if (!d.isNonNegative(size)) {
      unknownSign = true;
    }
    info.dims.push_back(size);
  }
  Dim total = d.product(x.dims);
  if (rest >= 0) {
    Dim others = d.constant(1);
    for (auto [i, size] : llvm::enumerate(info.dims))
      if (int64_t(i) != rest)
        others = d.mul(others, size);
    auto ct = total.constant(), co = others.constant();
    if (co == 0)
      info.dims[rest] = d.constant(0);
    else if (ct && co && *ct % *co != 0)
      return emitOpError("cannot reshape ")
             << formatShape(x.dims) << " (" << *ct << " elements): the given sizes multiply to " // C3
             << *co << ", which does not divide it";
    else
      info.dims[rest] = d.floorDiv(total, others);
  } else if (unknownSign) {
    resolveRunTimeSizes(d, info.dims, *wanted, x.dims, total, getAllowzero());
  }
  Dim count = d.product(info.dims);
  if (total.constant() && count.constant() && total != count)
    return emitOpError("cannot reshape ") << formatShape(x.dims) << " (" << *total.constant() << " elements) to " // C3
                                          << formatShape(info.dims) << " (" << *count.constant() << ")";
  if (llvm::all_of(info.dims, [](Dim dim) { return dim.constant().has_value(); }))
    info.contents = x.contents;
  results.push_back(std::move(info));
  return success();
}

LogicalResult SqueezeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  SmallVector<bool> dropped(x.rank());
  for (int64_t axis : getAxes()) {
    auto normal = normalizeAxis(getOperation(), axis, x.rank()); // C1
    if (failed(normal))
      return failure();
    if (dropped[*normal])
      return emitOpError("axis ") << axis << " is given twice"; // C1
    if (x.dims[*normal].constant() && !x.dims[*normal].isConstant(1))
      return emitOpError("axis ") << axis << " has size " << *x.dims[*normal].constant()
                                  << "; only size 1 can be squeezed"; // C2
    dropped[*normal] = true;
  }
  ShapeInfo info{x.elementType, {}, x.contents};
  for (auto [i, dim] : llvm::enumerate(x.dims))
    if (!dropped[i])
      info.dims.push_back(dim);
  results.push_back(std::move(info));
  return success();
}

LogicalResult UnsqueezeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  int64_t rank = x.rank() + getAxes().size();
  SmallVector<bool> inserted(rank);
  for (int64_t axis : getAxes()) {
    auto normal = normalizeAxis(getOperation(), axis, rank); // C1
    if (failed(normal))
      return failure();
    if (inserted[*normal])
      return emitOpError("axis ") << axis << " is given twice"; // C1
    inserted[*normal] = true;
  }
  ShapeInfo info{x.elementType, {}, std::nullopt};
  const Dim *next = x.dims.begin();
  for (int64_t i = 0; i < rank; ++i)
    info.dims.push_back(inserted[i] ? shapes.dims().constant(1) : *next++);
  info.contents = x.contents;
  results.push_back(std::move(info));
  return success();
}

LogicalResult ShapeOfOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  int64_t rank = x.rank();
  auto clamp = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank); };
  int64_t start = clamp(getStart()), end = std::max(start, clamp(getEnd()));
  ShapeInfo info{IntegerType::get(getContext(), 64), {shapes.dims().constant(end - start)}, std::nullopt};
  info.contents.emplace(x.dims.begin() + start, x.dims.begin() + end);
  results.push_back(std::move(info));
  return success();
}

// ---- kernel

LogicalResult KernelOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  for (Value v : getBody().front().getTerminator()->getOperands())
    results.push_back(shapes.get(v));
  return success();
}

LogicalResult KernelOp::verify() {
  Block &body = getBody().front();
  if (body.getNumArguments() != getInputs().size())
    return emitOpError("has ") << getInputs().size() << " inputs, but its body takes " << body.getNumArguments();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getValues().size() != getNumResults())
    return emitOpError("must yield ") << getNumResults() << " values";
  auto concat = getNumResults() == 1 ? yield.getValues()[0].getDefiningOp<ConcatOp>() : ConcatOp();
  if (auto inPlace = getInPlaceAttr()) { // C2
    auto isPart = [&](int64_t input) {
      return input >= 0 && input < int64_t(getInputs().size()) && getInputs()[input].getDefiningOp<KernelOp>() &&
             body.getArgument(input).hasOneUse() && concat == *body.getArgument(input).user_begin();
    };
    if (!concat || getAppends() || !llvm::all_of(inPlace.asArrayRef(), isPart))
      return emitOpError("has inPlace = ")
             << inPlace
             << "; expected inputs that other kernels compute and only the concatenation that it yields reads";
  }
  if (!getAppends())
    return success();
  // C1
  auto past = concat && !concat.getInputs().empty() ? dyn_cast<BlockArgument>(concat.getInputs()[0]) : BlockArgument();
  if (!past || !past.hasOneUse() || concat.getAxis() != *getAppends())
    return emitOpError("appends along axis ") << *getAppends()
                                              << ", but does not yield a concatenation along it that alone reads an "
                                                 "argument as its first operand";
  return success();
}

// ---- control flow

/// Sizes on which all alternatives agree are kept; others are symbols of the result.
static ShapeInfo join(ShapeAnalysis &shapes, Value result, ArrayRef<Value> alternatives) {
  ShapeInfo info = shapes.get(alternatives.front());
  for (Value other : alternatives.drop_front()) {
    const ShapeInfo &o = shapes.get(other);
    for (int64_t i = 0; i < std::min(info.rank(), o.rank()); ++i)
      if (info.dims[i] != o.dims[i])
        info.dims[i] = shapes.dims().sizeOf(result, i);
    info.contents.reset();
  }
  return info;
}

/// True when `d` only depends on values that exist outside `region`.
static bool isDefinedOutside(Dim d, Region &region) {
  bool outside = true;
  forEachSymbol(d, [&](const DimAtom &a) {
    Value v = a.value;
    outside &= !region.isAncestor(v.getParentRegion());
  });
  return outside;
}

LogicalResult IfOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (failed(verifySameSize(getOperation(), shapes.numElements(getCondition()), shapes.dims().constant(1),
                            "the number of elements of the condition"))) // C1
    return failure();
  Operation *thenYield = getThenRegion().front().getTerminator(), *elseYield = getElseRegion().front().getTerminator();
  if (thenYield->getNumOperands() != getNumResults() || elseYield->getNumOperands() != getNumResults())
    return emitOpError("its branches give ") << thenYield->getNumOperands() << " and " << elseYield->getNumOperands()
                                             << " values; expected " << getNumResults() << " from both"; // C2
  for (auto [result, x, y] : llvm::zip(getResults(), thenYield->getOperands(), elseYield->getOperands())) {
    const ShapeInfo &a = shapes.get(x), &c = shapes.get(y);
    if (a.elementType != c.elementType)
      return emitOpError("result ") << cast<OpResult>(result).getResultNumber() << " has element type " << a.elementType
                                    << " in one branch and " << c.elementType << " in the other"; // C2
    if (a.rank() != c.rank())
      return emitOpError("result ") << cast<OpResult>(result).getResultNumber() << " has rank " << a.rank()
                                    << " in one branch and " << c.rank() << " in the other; Cameo needs one rank"; // C2
    ShapeInfo info = join(shapes, result, {x, y});
    for (auto [i, d] : llvm::enumerate(info.dims))
      if (!isDefinedOutside(d, getThenRegion()) || !isDefinedOutside(d, getElseRegion()))
        d = shapes.dims().sizeOf(result, i);
    info.contents.reset();
    results.push_back(std::move(info));
  }
  return success();
}

LogicalResult IfOp::verify() {
  for (Region *region : {&getThenRegion(), &getElseRegion()})
    if (!isa<YieldOp>(region->front().getTerminator()))
      return emitOpError("its regions must end with cameo.yield"); // C2
  return success();
}

LogicalResult LoopOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  Block &body = getBody().front();
  Operation *yield = body.getTerminator();
  unsigned carried = getCarried().size();
  if (yield->getNumOperands() != 1 + getNumResults() || getNumResults() < carried)
    return emitOpError("its body gives ")
           << yield->getNumOperands() << " values; expected a condition and " << getNumResults(); // C2
  for (Value single : {Value(getTripCount()), Value(getCondition())})
    if (single && failed(verifySameSize(getOperation(), shapes.numElements(single), shapes.dims().constant(1),
                                        "the number of elements of the trip count and of the condition"))) // C4
      return failure();
  // A loop that only its trip count ends collects that many values.
  Dim iterations;
  auto goesOn = shapes.constantElements(yield->getOperand(0));
  auto count = getTripCount() ? shapes.elements(getTripCount()) : std::nullopt;
  if (!getCondition() && count && goesOn && goesOn->front() == 1) {
    Dim trips = count->front();
    iterations = shapes.dims().isNonNegative(trips) ? trips : shapes.dims().max(trips, shapes.dims().constant(0));
  }
  for (unsigned i = 0; i < getNumResults(); ++i) {
    Value yielded = yield->getOperand(1 + i), result = getResult(i);
    ShapeInfo info = shapes.get(yielded);
    if (i < carried) {
      // The type of the body's argument is what stays true over all iterations.
      auto type = cast<RankedTensorType>(body.getArgument(2 + i).getType());
      if (type.getElementType() != info.elementType || type.getRank() != info.rank())
        return emitOpError("carried value ")
               << i << " enters the body as " << type << " and leaves it with element type " << info.elementType
               << " and rank " << info.rank(); // C1
      info.dims.clear();
      for (auto [axis, size] : llvm::enumerate(type.getShape()))
        info.dims.push_back(ShapedType::isDynamic(size) ? shapes.dims().sizeOf(result, axis)
                                                        : shapes.dims().constant(size));
    } else {
      for (auto [axis, d] : llvm::enumerate(info.dims))
        if (!isDefinedOutside(d, getBody()))
          d = shapes.dims().sizeOf(result, axis + 1);
      info.dims.insert(info.dims.begin(), iterations ? iterations : shapes.dims().sizeOf(result, 0));
    }
    info.contents.reset();
    results.push_back(std::move(info));
  }
  return success();
}

LogicalResult LoopOp::verify() {
  Block &body = getBody().front();
  if (body.getNumArguments() != 2 + getCarried().size())
    return emitOpError("its body takes ") << body.getNumArguments() << " values; expected iteration, condition and "
                                          << getCarried().size() << " carried values"; // C2
  unsigned collected = getNumResults() - getCarried().size();
  if (getDeclared() && getDeclared()->size() != collected)
    return emitOpError("it declares ") << getDeclared()->size() << " types; expected one for each of the " << collected
                                       << " values that it collects"; // C3
  for (unsigned i = 0; getDeclared() && i < collected; ++i) {
    auto declared = declaredType(i), result = dyn_cast<RankedTensorType>(getResult(getCarried().size() + i).getType());
    if (!declared || (result && result.getRank() != declared.getRank() + 1))
      return emitOpError("it declares ") << (*getDeclared())[i] << " for collected value " << i
                                         << "; expected a tensor with an axis less than the result"; // C3
  }
  return success();
}

// ---- require

LogicalResult RequireOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (failed(verifySameSize(getOperation(), shapes.numElements(getCondition()), shapes.dims().constant(1),
                            "the number of elements of the condition"))) // C1
    return failure();
  ShapeInfo info = shapes.get(getX());
  // Known elements would take the place of the op, and of its check.
  auto known = shapes.constantElements(getCondition());
  if (!known || (known->front() != 0) != getExpected())
    info.contents.reset();
  results.push_back(std::move(info));
  return success();
}

LogicalResult RequireOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                   ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &condition = operands[1], &y = results[0];
  Location loc = getLoc();
  SmallVector<Value> first(condition.rank(), constantIndex(b, loc, 0));
  Value holds = condition.load(b, loc, first);
  Value wanted = arith::ConstantIntOp::create(b, loc, getExpected(), 1);
  Value found = x.rank() == 0 && isa<IntegerType>(x.elementType) ? x.load(b, loc, {}) : Value();
  k.failIf(b, loc, arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, holds, wanted), CAMEO_SHAPE_MISMATCH,
           getMessage(), found);
  // A nest without iterations is not run, and with it the check. No size is 0 here; elements there may be none yet.
  SmallVector<Dim> dims(y.dims);
  for (Dim &dim : dims)
    dim = k.dims().max(dim, k.dims().constant(1));
  Value zero = constantIndex(b, loc, 0);
  Value hasElements = llvm::equal(dims, y.dims) ? Value() : isLess(b, loc, zero, k.size(k.dims().product(y.dims)));
  k.parallelNest(b, loc, dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    OpBuilder inner =
        hasElements ? scf::IfOp::create(b, loc, hasElements, /*withElseRegion=*/false).getThenBodyBuilder() : b;
    y.store(inner, loc, x.load(inner, loc, at), at);
  });
  return success();
}
