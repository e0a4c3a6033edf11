// Movement.cpp - shapes and element access of the ops that move elements by position.
#include "IndexHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/MovementOps.cpp.inc"

namespace cameo {
void registerMovementOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/MovementOps.cpp.inc"
      >();
}
} // namespace cameo

// ---- transpose

/// Row-major strides of constant sizes.
static SmallVector<int64_t> rowMajorStrides(ArrayRef<Dim> dims) {
  SmallVector<int64_t> strides(dims.size(), 1);
  for (int64_t i = int64_t(dims.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * *dims[i + 1].constant();
  return strides;
}

/// The elements at `first` + sum of index * stride, in row-major order of the indices.
static SmallVector<Dim, 4> pickElements(ArrayRef<Dim> contents, int64_t first, ArrayRef<int64_t> sizes,
                                        ArrayRef<int64_t> strides) {
  SmallVector<Dim, 4> picked;
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = first;
    for (int64_t axis = int64_t(sizes.size()) - 1, rest = i; axis >= 0; --axis) {
      at += rest % sizes[axis] * strides[axis];
      rest /= sizes[axis];
    }
    picked.push_back(contents[at]);
  }
  return picked;
}

LogicalResult TransposeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  ArrayRef<int64_t> permutation = getPermutation();
  if (int64_t(permutation.size()) != x.rank())
    return emitOpError("permutation has ")
           << permutation.size() << " entries, but the operand has rank " << x.rank(); // C1
  SmallVector<bool> seen(x.rank());
  ShapeInfo info{x.elementType, {}, std::nullopt};
  for (int64_t axis : permutation) {
    if (axis < 0 || axis >= x.rank() || seen[axis])
      return emitOpError("permutation has the entry ")
             << axis << "; expected each of 0 to " << x.rank() - 1 << " once"; // C1
    seen[axis] = true;
    info.dims.push_back(x.dims[axis]);
  }
  if (x.contents) {
    SmallVector<int64_t> strides = rowMajorStrides(x.dims);
    info.contents = pickElements(*x.contents, 0, llvm::map_to_vector(info.dims, [](Dim d) { return *d.constant(); }),
                                 llvm::map_to_vector(permutation, [&](int64_t axis) { return strides[axis]; }));
  }
  results.push_back(std::move(info));
  return success();
}

Value TransposeOp::elementAt(KernelEmitter &, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim>,
                             ValueRange indices) {
  SmallVector<Value> source(indices.size());
  for (auto [i, axis] : llvm::enumerate(getPermutation()))
    source[axis] = indices[i];
  return operands[0].load(b, getLoc(), source);
}

bool TransposeOp::swapsLastTwoDims() {
  ArrayRef<int64_t> permutation = getPermutation();
  int64_t rank = permutation.size();
  if (rank < 2 || permutation[rank - 2] != rank - 1 || permutation[rank - 1] != rank - 2)
    return false;
  for (int64_t i = 0; i < rank - 2; ++i)
    if (permutation[i] != i)
      return false;
  return true;
}

// ---- slice

namespace {
/// One axis of a slice: the first element read, and how many.
struct SliceRange {
  Dim start, length;
};
} // namespace

/// No axis is longer (the importer's limit on sizes), and no tensor has more bytes (addresses of a process).
constexpr int64_t kMostElements = int64_t(1) << 48, kMostBytes = int64_t(1) << 47;

/// What an axis cannot be longer than: ends above it mean "to the end", as do 2^31 - 1 and its like in most models.
static int64_t longestAxis(ArrayRef<Dim> dims, int64_t axis, Type elementType) {
  int64_t bits = elementType.isIntOrFloat() ? elementType.getIntOrFloatBitWidth() : 1;
  int64_t longest = std::min(kMostElements, kMostBytes / bits * 8);
  for (auto [other, dim] : llvm::enumerate(dims))
    if (int64_t size = dim.constant().value_or(1); int64_t(other) != axis && size > 1)
      longest = llvm::divideCeil(longest, size);
  return longest;
}

/// 1 when x is negative, else 0.
static Dim isNegative(DimContext &d, Dim x) {
  if (auto c = x.constant())
    return d.constant(*c < 0);
  if (d.isNonNegative(x))
    return d.constant(0);
  return d.max(d.min(d.mul(x, -1), d.constant(1)), d.constant(0));
}

/// `x` counted from the end when negative, clamped to [low, high]; low <= 0, and high is n or n - 1. n is `longest` at
/// most.
static Dim normalizeBound(DimContext &d, Dim x, Dim n, int64_t longest, Dim low, Dim high) {
  auto c = x.constant();
  if (c && *c >= longest)
    return high;
  if (c && *c < -longest)
    return low;
  if (c && *c < 0 && low.isConstant(0) && high == n)
    return d.max(d.add(n, x), d.constant(0)); // below n already
  Dim wrapped = d.add(x, d.mul(n, isNegative(d, x)));
  Dim raised = d.isNonNegative(wrapped) ? wrapped : d.max(wrapped, low);
  return d.min(raised, high);
}

static SliceRange sliceRange(DimContext &d, Dim n, int64_t longest, Dim start, Dim end, Dim step) {
  auto constantStep = step.constant();
  Dim zero = d.constant(0);
  if (constantStep && *constantStep > 0) {
    Dim first = normalizeBound(d, start, n, longest, zero, n), last = normalizeBound(d, end, n, longest, zero, n);
    Dim span;
    auto c = start.constant();
    if (last == n && c && *c >= 0 && *c < longest)
      span = d.max(d.sub(n, *c), zero); // the form that equal slices by negative ends have, too
    else if (last == n && c && *c < 0 && *c >= -longest)
      span = d.min(d.constant(-*c), n);
    else
      span = d.max(d.sub(last, first), zero);
    return {first, d.ceilDiv(span, step)};
  }
  if (constantStep) {
    Dim high = d.sub(n, 1), low = d.constant(-1);
    Dim first = normalizeBound(d, start, n, longest, zero, high), last = normalizeBound(d, end, n, longest, low, high);
    return {first, d.ceilDiv(d.max(d.sub(first, last), zero), d.constant(-*constantStep))};
  }
  // The sign of the step shifts the bounds by one.
  Dim backwards = isNegative(d, step), high = d.sub(n, backwards), low = d.mul(backwards, -1);
  Dim first = d.min(d.max(d.add(start, d.mul(n, isNegative(d, start))), zero), high);
  Dim last = d.min(d.max(d.add(end, d.mul(n, isNegative(d, end))), low), high);
  return {first, d.max(d.ceilDiv(d.sub(last, first), step), zero)};
}

LogicalResult SliceOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  size_t count = getAxes().size();
  auto starts = shapes.elements(getStarts()), ends = shapes.elements(getEnds()), steps = shapes.elements(getSteps());
  for (auto &[name, list] : {std::pair{"starts", &starts}, {"ends", &ends}, {"steps", &steps}})
    if (!*list || (*list)->size() != count)
      return emitOpError(name) << " has "
                               << (*list ? std::to_string((*list)->size()) : std::string("an unknown number of"))
                               << " elements; expected " << count << ", one per axis"; // C1
  ShapeInfo info{x.elementType, x.dims, std::nullopt};
  SmallVector<bool> seen(x.rank());
  DimContext &d = shapes.dims();
  // Where known contents begin and how far apart they lie.
  bool followed = x.contents.has_value();
  int64_t first = 0;
  SmallVector<int64_t> strides = followed ? rowMajorStrides(x.dims) : SmallVector<int64_t>();
  for (auto [i, axis] : llvm::enumerate(getAxes())) {
    if (axis < 0 || axis >= x.rank() || seen[axis])
      return emitOpError("axis ") << axis << " is given twice or outside the operand of rank " << x.rank(); // C2
    seen[axis] = true;
    if ((*steps)[i].isConstant(0))
      return emitOpError("step ") << i << " is 0; expected another number"; // C3
    int64_t longest = longestAxis(x.dims, axis, x.elementType);
    SliceRange range = sliceRange(d, x.dims[axis], longest, (*starts)[i], (*ends)[i], (*steps)[i]);
    info.dims[axis] = range.length;
    auto start = range.start.constant(), step = (*steps)[i].constant();
    followed = followed && start && step && range.length.constant();
    if (followed) {
      first += *start * strides[axis];
      strides[axis] *= *step;
    }
  }
  if (followed)
    info.contents =
        pickElements(*x.contents, first, llvm::map_to_vector(info.dims, [](Dim d) { return *d.constant(); }), strides);
  results.push_back(std::move(info));
  return success();
}

Value SliceOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim>,
                         ValueRange indices) {
  auto starts = k.shapes().elements(getStarts()), ends = k.shapes().elements(getEnds()),
       steps = k.shapes().elements(getSteps());
  SmallVector<Value> source(indices);
  for (auto [i, axis] : llvm::enumerate(getAxes())) {
    Dim step = (*steps)[i];
    int64_t longest = longestAxis(operands[0].dims, axis, operands[0].elementType);
    SliceRange range = sliceRange(k.dims(), operands[0].dims[axis], longest, (*starts)[i], (*ends)[i], step);
    if (!step.isConstant(1))
      source[axis] = mulIndex(b, getLoc(), source[axis], k.size(step));
    if (!range.start.isConstant(0))
      source[axis] = addIndex(b, getLoc(), source[axis], k.size(range.start));
  }
  return operands[0].load(b, getLoc(), source);
}

// ---- concat

LogicalResult ConcatOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (getInputs().empty())
    return emitOpError("has no operands; expected at least one"); // C1
  ShapeInfo info = shapes.get(getInputs().front());
  info.contents.reset();
  if (info.rank() == 0)
    return emitOpError("operand 0 is a scalar; expected rank 1 or more"); // C1
  auto axis = normalizeAxis(getOperation(), getAxis(), info.rank());      // C2
  if (failed(axis))
    return failure();
  Dim total = info.dims[*axis];
  for (auto [i, input] : llvm::enumerate(getInputs().drop_front())) {
    const ShapeInfo &other = shapes.get(input);
    if (other.elementType != info.elementType)
      return emitOpError("operand ") << i + 1 << " has element type " << other.elementType << ", operand 0 "
                                     << info.elementType << "; expected one type"; // C1
    if (other.rank() != info.rank())
      return emitOpError("operand ") << i + 1 << " has rank " << other.rank() << ", operand 0 rank " << info.rank()
                                     << "; expected one rank"; // C1
    for (int64_t at = 0; at < info.rank(); ++at) {
      if (at == *axis)
        continue;
      auto a = info.dims[at].constant(), c = other.dims[at].constant();
      if (a && c && *a != *c)
        return emitOpError("operand ") << i + 1 << " has shape " << formatShape(other.dims) << ", which differs from "
                                       << formatShape(info.dims) << " on axis " << at << ", not only on axis "
                                       << *axis; // C3
      if (c && !a)
        info.dims[at] = other.dims[at];
    }
    total = shapes.dims().add(total, other.dims[*axis]);
  }
  info.dims[*axis] = total;
  if (auto count = total.constant(); info.rank() == 1 && isa<IntegerType>(info.elementType) &&
                                     !isPacked(info.elementType) && count && *count <= kMaxTrackedElements) {
    info.contents.emplace();
    for (Value input : getInputs())
      llvm::append_range(*info.contents, *shapes.elements(input));
  }
  results.push_back(std::move(info));
  return success();
}

Value ConcatOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim> resultDims,
                          ValueRange indices) {
  int64_t axis = axisFromFront(getAxis(), resultDims.size());
  // if i < n0: x0[i] else if i - n0 < n1: x1[i - n0] ... else the last
  std::function<Value(OpBuilder &, unsigned, Value)> pick = [&](OpBuilder &b, unsigned operand, Value index) -> Value {
    auto load = [&](OpBuilder &b) {
      SmallVector<Value> source(indices);
      source[axis] = index;
      return operands[operand].load(b, getLoc(), source);
    };
    if (operand + 1 == operands.size())
      return load(b);
    Value size = k.size(operands[operand].dims[axis]);
    auto branch = scf::IfOp::create(b, getLoc(), TypeRange{computeType(operands[0].elementType)},
                                    isLess(b, getLoc(), index, size), /*withElseRegion=*/true);
    OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
    scf::YieldOp::create(thenBuilder, getLoc(), load(thenBuilder));
    Value rest = subIndex(elseBuilder, getLoc(), index, size);
    scf::YieldOp::create(elseBuilder, getLoc(), pick(elseBuilder, operand + 1, rest));
    return branch.getResult(0);
  };
  return pick(b, 0, indices[axis]);
}

LogicalResult ConcatOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  // One copy loop per operand instead of a choice per element; threads share the axes before the concatenated one.
  const KernelTensor &result = results[0];
  int64_t axis = axisFromFront(getAxis(), result.rank());
  ArrayRef<Dim> dims = result.dims;
  k.parallelNest(b, getLoc(), dims.take_front(axis), [&](OpBuilder &b, Location loc, ValueRange outer) {
    Value offset = constantIndex(b, loc, 0);
    auto copy = [&](const KernelTensor &operand, Value rows) {
      Value first = operand.stored ? k.size(operand.stored) : Value();
      SmallVector<Value> sizes{first ? subIndex(b, loc, rows, first) : rows};
      for (Dim d : dims.drop_front(axis + 1))
        sizes.push_back(k.size(d));
      loopNest(b, loc, sizes, [&](OpBuilder &b, Location loc, ValueRange inner) {
        SmallVector<Value> from(outer);
        llvm::append_range(from, inner);
        if (first)
          from[axis] = addIndex(b, loc, from[axis], first);
        SmallVector<Value> to(from);
        to[axis] = addIndex(b, loc, to[axis], offset);
        result.store(b, loc, operand.load(b, loc, from), to);
      });
    };
    for (const KernelTensor &operand : operands) {
      Value rows = k.size(operand.dims[axis]);
      if (operand.stored != operand.dims[axis])
        copy(operand, rows);
      offset = addIndex(b, loc, offset, rows);
    }
  });
  return success();
}

bool ConcatOp::allowsPrologue(unsigned) { return true; }

SmallVector<unsigned> ConcatOp::selectedOperands() { return llvm::to_vector(llvm::seq<unsigned>(0, getNumOperands())); }

// ---- expand and tile

LogicalResult ExpandOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  auto wanted = wantedSizes(getOperation(), shapes, getShape()); // C1
  if (failed(wanted))
    return failure();
  DimContext &d = shapes.dims();
  ShapeInfo info{x.elementType, x.dims, std::nullopt};
  if (wanted->size() > info.dims.size())
    info.dims.insert(info.dims.begin(), wanted->size() - info.dims.size(), d.constant(1));
  size_t offset = info.dims.size() - wanted->size();
  for (auto [i, size] : llvm::enumerate(*wanted)) {
    if (size.constant() && *size.constant() < 0)
      return emitOpError("size ") << i << " is " << *size.constant() << "; expected 0 or more"; // C2
    Dim merged = d.broadcast(info.dims[offset + i], size);
    if (!merged)
      return emitOpError("cannot expand ")
             << formatShape(x.dims) << " to " << formatShape(*wanted) << ": axis " << offset + i << " has size "
             << *info.dims[offset + i].constant() << ", not 1 or " << *size.constant(); // C2
    info.dims[offset + i] = merged;
  }
  if (auto count = d.product(info.dims).constant();
      x.contents && info.rank() <= 1 && count && *count <= kMaxTrackedElements) {
    info.contents.emplace();
    for (int64_t i = 0; i < *count; ++i)
      info.contents->push_back((*x.contents)[x.contents->size() == 1 ? 0 : i]);
  }
  results.push_back(std::move(info));
  return success();
}

Value ExpandOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim> resultDims,
                          ValueRange indices) {
  return operands[0].load(b, getLoc(), broadcastIndices(b, getLoc(), k, operands[0], resultDims, indices));
}

LogicalResult TileOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  auto repeats = shapes.elements(getRepeats());
  if (!repeats || int64_t(repeats->size()) != x.rank())
    return emitOpError("repeats has ") << (repeats ? std::to_string(repeats->size())
                                                   : std::string("an unknown number of"))
                                       << " elements, but the operand has rank " << x.rank()
                                       << "; expected one per axis"; // C1
  DimContext &d = shapes.dims();
  ShapeInfo info{x.elementType, {}, std::nullopt};
  for (auto [i, repeat] : llvm::enumerate(*repeats)) {
    if (repeat.constant() && *repeat.constant() < 0)
      return emitOpError("repeat ") << i << " is " << *repeat.constant() << "; expected 0 or more"; // C2
    info.dims.push_back(d.mul(x.dims[i], d.max(repeat, d.constant(0))));
  }
  if (auto count = d.product(info.dims).constant();
      x.contents && info.rank() == 1 && count && *count <= kMaxTrackedElements) {
    info.contents.emplace();
    for (int64_t i = 0; i < *count; ++i)
      info.contents->push_back((*x.contents)[i % x.contents->size()]);
  }
  results.push_back(std::move(info));
  return success();
}

Value TileOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim> resultDims,
                        ValueRange indices) {
  SmallVector<Value> source;
  for (auto [index, n, m] : llvm::zip(indices, operands[0].dims, resultDims)) {
    if (n == m)
      source.push_back(index);
    else if (n.isConstant(1))
      source.push_back(constantIndex(b, getLoc(), 0));
    else // n is not 0 where there is an element to compute
      source.push_back(arith::RemUIOp::create(b, getLoc(), index, k.size(n)));
  }
  return operands[0].load(b, getLoc(), source);
}

// ---- pad

LogicalResult PadOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  auto pads = shapes.elements(getPads());
  size_t rank = x.rank();
  if (!pads || pads->size() != 2 * rank)
    return emitOpError("pads has ") << (pads ? std::to_string(pads->size()) : std::string("an unknown number of"))
                                    << " elements; expected " << 2 * rank << " for an operand of rank " << rank; // C1
  StringRef mode = getMode();
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap")
    return emitOpError("mode is '") << mode << "'; expected constant, edge, reflect or wrap"; // C3
  if (failed(verifyOneElement(getOperation(), shapes, getValue(), "value")))
    return failure(); // C4
  if (getElementTypeOrSelf(getValue().getType()) != x.elementType)
    return emitOpError("value has element type ")
           << getElementTypeOrSelf(getValue().getType()) << "; expected " << x.elementType; // C4
  DimContext &d = shapes.dims();
  ShapeInfo info{x.elementType, {}, std::nullopt};
  for (size_t i = 0; i < rank; ++i) {
    Dim before = (*pads)[i], after = (*pads)[rank + i], size = d.add(d.add(x.dims[i], before), after);
    if (size.constant() && *size.constant() < 0)
      return emitOpError("axis ") << i << " of size " << *x.dims[i].constant() << " with pads " << *before.constant()
                                  << " and " << *after.constant() << " gets size " << *size.constant()
                                  << "; expected 0 or more"; // C2
    if (mode != "constant" && x.dims[i].isConstant(0) && size.constant() && *size.constant() > 0)
      return emitOpError("axis ") << i << " is empty; mode " << mode << " has nothing to repeat there"; // C5
    info.dims.push_back(d.max(size, d.constant(0)));
  }
  results.push_back(std::move(info));
  return success();
}

Value PadOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim> resultDims,
                       ValueRange indices) {
  Location loc = getLoc();
  const KernelTensor &x = operands[0];
  auto pads = *k.shapes().elements(getPads());
  Value inside; // null: always
  auto require = [&](Value condition) {
    inside = inside ? Value(arith::AndIOp::create(b, loc, inside, condition)) : condition;
  };
  SmallVector<Value> source(indices);
  for (int64_t i = 0; i < x.rank(); ++i) {
    Dim before = pads[i], after = pads[x.rank() + i];
    if (before.isConstant(0) && after.isConstant(0))
      continue;
    Value n = k.size(x.dims[i]), zero = constantIndex(b, loc, 0), one = constantIndex(b, loc, 1);
    Value at = before.isConstant(0) ? source[i] : subIndex(b, loc, source[i], k.size(before));
    // Where nothing is added on either side, `at` is inside already.
    bool onlyRemoves = before.constant() && after.constant() && *before.constant() <= 0 && *after.constant() <= 0;
    if (!onlyRemoves) {
      if (getMode() == "constant") {
        require(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, at, n));
      } else {
        if (!x.dims[i].constant())
          require(isLess(b, loc, zero, n)); // C5
        Value safe = maxIndex(b, loc, n, one), last = subIndex(b, loc, safe, one);
        auto modulo = [&](Value value, Value divisor) { // rounds towards minus infinity
          Value m = arith::RemSIOp::create(b, loc, value, divisor);
          return arith::SelectOp::create(b, loc, isLess(b, loc, m, zero), addIndex(b, loc, m, divisor), m);
        };
        auto insideOr = [&](Value other) { // says where a row is a plain copy
          Value isInside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, at, n);
          return Value(arith::SelectOp::create(b, loc, isInside, at, other));
        };
        if (getMode() == "edge") {
          at = minIndex(b, loc, maxIndex(b, loc, at, zero), last);
        } else if (getMode() == "wrap") {
          at = insideOr(modulo(at, safe));
        } else { // reflect: the pattern 0 1 .. n-1 n-2 .. 1 repeats
          Value period = maxIndex(b, loc, addIndex(b, loc, last, last), one);
          Value m = modulo(at, period);
          at = insideOr(minIndex(b, loc, minIndex(b, loc, m, subIndex(b, loc, period, m)), last));
        }
      }
    }
    source[i] = at;
  }
  if (!inside)
    return x.load(b, loc, source);
  Value outside = loadScalar(b, loc, operands[2]);
  auto branch = scf::IfOp::create(b, loc, TypeRange{computeType(x.elementType)}, inside, /*withElseRegion=*/true);
  OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
  scf::YieldOp::create(thenBuilder, loc, x.load(thenBuilder, loc, source));
  scf::YieldOp::create(elseBuilder, loc, outside);
  return branch.getResult(0);
}

SmallVector<unsigned> PadOp::selectedOperands() {
  return {getXMutable().getOperandNumber(), getValueMutable().getOperandNumber()};
}

// ---- reverse_sequence and trilu

LogicalResult ReverseSequenceOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  int64_t batch = getBatchAxis(), time = getTimeAxis();
  if (batch < 0 || time < 0 || batch >= x.rank() || time >= x.rank() || batch == time)
    return emitOpError("batch axis ") << batch << " and time axis " << time
                                      << " must differ and lie in the operand of rank " << x.rank(); // C1
  const ShapeInfo &lengths = shapes.get(getLengths());
  if (lengths.rank() != 1)
    return emitOpError("lengths has rank ") << lengths.rank() << "; expected 1"; // C2
  if (failed(verifySameSize(getOperation(), lengths.dims[0], x.dims[batch], "the number of lengths")))
    return failure(); // C2
  results.push_back({x.elementType, x.dims, std::nullopt});
  return success();
}

Value ReverseSequenceOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                   ArrayRef<Dim> resultDims, ValueRange indices) {
  Location loc = getLoc();
  Dim batchSize = resultDims[getBatchAxis()];
  Value t = indices[getTimeAxis()], batch = indices[getBatchAxis()], n = k.size(resultDims[getTimeAxis()]);
  Value length = toIndex(b, loc, loadWithin(k, b, loc, operands[1], {batchSize}, {batch}), operands[1].elementType);
  Value bad = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, length, n);
  k.failIf(b, loc, bad, CAMEO_OUT_OF_RANGE, "sequence length %lld is outside the time axis",
           indexToI64(b, loc, length));
  length = arith::SelectOp::create(b, loc, bad, n, length);
  Value mirrored = subIndex(b, loc, subIndex(b, loc, length, constantIndex(b, loc, 1)), t);
  SmallVector<Value> source(indices);
  source[getTimeAxis()] = arith::SelectOp::create(b, loc, isLess(b, loc, t, length), mirrored, t);
  return operands[0].load(b, loc, source);
}

LogicalResult TriluOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  if (x.rank() < 2)
    return emitOpError("operand has rank ") << x.rank() << "; expected 2 or more"; // C1
  if (failed(verifyOneElement(getOperation(), shapes, getK(), "k")))
    return failure(); // C2
  results.push_back({x.elementType, x.dims, std::nullopt});
  return success();
}

Value TriluOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim>,
                         ValueRange indices) {
  Location loc = getLoc();
  Value i = indices[indices.size() - 2], j = indices.back();
  // Difference of column and row, so that no k overflows.
  Value difference = subIndex(b, loc, j, i), offset = loadScalarIndex(k, b, loc, getK(), operands[1]);
  auto predicate = getUpper() ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sle;
  Value kept = arith::CmpIOp::create(b, loc, predicate, difference, offset);
  Value zero = constantScalar(b, loc, computeType(operands[0].elementType), 0);
  return arith::SelectOp::create(b, loc, kept, operands[0].load(b, loc, indices), zero);
}
