// Pooling.cpp - shapes and loops of max_pool, average_pool, lp_pool and max_unpool.
#include "ContractionHelpers.h"
#include "IndexHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/PoolingOps.cpp.inc"

namespace cameo {
void registerPoolingOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/PoolingOps.cpp.inc"
      >();
}
} // namespace cameo

// ---- windows

template <typename OpT>
static LogicalResult inferPool(OpT op, ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(op.getX());
  if (x.rank() < 3)
    return op.emitOpError("operand has shape ") << formatShape(x.dims) << "; expected rank 3 or more"; // C1
  ActivationAxes axes{x.rank(), op.getChannelsLast()};
  Window window{op.getStrides(), op.getDilations(), op.getPads()};
  if (failed(verifyWindow(op, window, axes.numSpatial()))) // C2
    return failure();
  if (int64_t(op.getKernel().size()) != axes.numSpatial())
    return op.emitOpError("kernel has ") << op.getKernel().size() << " entries; expected " << axes.numSpatial(); // C2
  SmallVector<Dim> spatial;
  for (auto [i, size] : llvm::enumerate(op.getKernel())) {
    if (size < 1 || size > kMaxWindowParameter)
      return op.emitOpError("kernel[") << i << "] is " << size << "; expected 1 to " << kMaxWindowParameter; // C2
    auto positions =
        windowPositions(op, shapes.dims(), window, i, x.dims[axes.spatial(i)], shapes.dims().constant(size), // C3
                        op.getCeilMode());
    if (failed(positions))
      return failure();
    spatial.push_back(*positions);
  }
  auto dims = axes.make<Dim>(x.dims[0], x.dims[axes.channel()], spatial);
  results.push_back({x.elementType, {dims.begin(), dims.end()}, std::nullopt});
  return success();
}

namespace {
/// The taps of one window that lie inside the operand, on every axis.
struct PoolWindow {
  SmallVector<Taps> taps;
  SmallVector<Value> counts;
};
} // namespace

/// `padded`: taps in the padding at the end count as inside; those at the beginning are then the ones below Taps::lo.
template <typename OpT>
static PoolWindow windowAt(OpT op, KernelEmitter &k, OpBuilder &b, Location loc, const KernelTensor &x, ValueRange at,
                           bool padded = false) {
  Window window{op.getStrides(), op.getDilations(), op.getPads()};
  ActivationAxes axes{x.rank(), op.getChannelsLast()};
  PoolWindow result;
  for (auto [i, size] : llvm::enumerate(op.getKernel())) {
    Dim end = x.dims[axes.spatial(i)];
    if (padded)
      end = k.dims().add(end, window.padEnd(i));
    result.taps.push_back(tapsInside(b, loc, window, i, at[axes.spatial(i)], constantIndex(b, loc, size), k.size(end)));
    result.counts.push_back(result.taps.back().count);
  }
  return result;
}

/// The operand's indices for tap number `inner` of a window.
template <typename OpT>
static SmallVector<Value> indicesOfTap(OpT op, OpBuilder &b, Location loc, const PoolWindow &pool, ValueRange at,
                                       ValueRange inner) {
  Window window{op.getStrides(), op.getDilations(), op.getPads()};
  ActivationAxes axes{int64_t(at.size()), op.getChannelsLast()};
  SmallVector<Value> spatial;
  for (auto [i, tap] : llvm::enumerate(inner))
    spatial.push_back(tapPosition(b, loc, window, i, pool.taps[i], tap));
  return axes.make<Value>(at[0], at[axes.channel()], spatial);
}

/// The value below all others of a type, in its compute type.
static Value lowestScalar(OpBuilder &b, Location loc, Type elementType) {
  Type type = computeType(elementType);
  if (isa<FloatType>(type))
    return constantScalar(b, loc, type, -std::numeric_limits<double>::infinity());
  unsigned width = type.getIntOrFloatBitWidth();
  return constantInt(b, loc, type,
                     elementType.isUnsignedInteger() ? 0 : llvm::APInt::getSignedMinValue(width).getSExtValue());
}

// ---- max_pool

/// `perTap` for every tap inside x, `perWindow` for every window.
template <typename OpT> static Dim poolFlops(OpT op, ShapeAnalysis &shapes, int64_t perTap, int64_t perWindow) {
  DimContext &d = shapes.dims();
  if (!isa<FloatType>(getElementTypeOrSelf(op.getX().getType())))
    return d.constant(0);
  Window window{op.getStrides(), op.getDilations(), op.getPads()};
  Value result = op->getResult(0);
  ActivationAxes axes{shapes.rank(op.getX()), op.getChannelsLast()};
  Dim taps = d.mul(shapes.dim(result, 0), shapes.dim(result, axes.channel()));
  for (auto [i, size] : llvm::enumerate(op.getKernel()))
    taps = d.mul(taps, countTapsInside(d, window, i, shapes.dim(op.getX(), axes.spatial(i)),
                                       shapes.dim(result, axes.spatial(i)), d.constant(size)));
  return d.add(d.mul(taps, perTap), d.mul(shapes.numElements(result), perWindow));
}
// With positions it compares instead of taking maxima.
Dim MaxPoolOp::flops(ShapeAnalysis &shapes) { return poolFlops(*this, shapes, getNumResults() == 1, 0); }
Dim AveragePoolOp::flops(ShapeAnalysis &shapes) { return poolFlops(*this, shapes, 1, 1); }
Dim LpPoolOp::flops(ShapeAnalysis &shapes) {
  bool isSum = getP().convertToDouble() == 1;
  return poolFlops(*this, shapes, isSum ? 2 : 3, isSum ? 0 : 1);
}

LogicalResult MaxPoolOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (failed(inferPool(*this, shapes, results)))
    return failure();
  if (getNumResults() == 2)
    results.push_back({IntegerType::get(getContext(), 64), results[0].dims, std::nullopt});
  return success();
}

/// Place of an element of x as max_pool's second result states it.
static Value flatIndex(MaxPoolOp op, KernelEmitter &k, OpBuilder &b, Location loc, const KernelTensor &x,
                       ValueRange indices) {
  ActivationAxes axes{x.rank(), op.getChannelsLast()};
  SmallVector<int64_t> order{0, axes.channel()};
  for (int64_t i = 0; i < axes.numSpatial(); ++i)
    order.push_back(axes.spatial(op.getColumnMajor() ? axes.numSpatial() - 1 - i : i));
  Value flat = constantIndex(b, loc, 0);
  for (int64_t axis : order)
    flat = addIndex(b, loc, mulIndex(b, loc, flat, k.size(x.dims[axis])), indices[axis]);
  return flat;
}

LogicalResult MaxPoolOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                   ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0];
  bool withIndices = results.size() == 2;
  k.parallelNest(b, getLoc(), results[0].dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    PoolWindow window = windowAt(*this, k, b, loc, x, at);
    SmallVector<Value> init{lowestScalar(b, loc, x.elementType)};
    if (withIndices)
      init.push_back(constantIndex(b, loc, -1));
    auto best =
        reduceNest(b, loc, window.counts, init, [&](OpBuilder &b, Location loc, ValueRange inner, ValueRange carried) {
          SmallVector<Value> indices = indicesOfTap(*this, b, loc, window, at, inner);
          Value v = x.load(b, loc, indices);
          if (!withIndices)
            return SmallVector<Value>{maxScalar(b, loc, carried[0], v, x.elementType)};
          // The first tap always counts, so that there is a place even among lowest values; later ones only when
          // larger.
          Value none = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, carried[1], constantIndex(b, loc, 0));
          Value better = lessThan(b, loc, carried[0], v, x.elementType);
          if (isa<FloatType>(v.getType())) {
            Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, v, v);
            Value wasNumber = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, carried[0], carried[0]);
            better = arith::OrIOp::create(b, loc, better, arith::AndIOp::create(b, loc, isNan, wasNumber));
          }
          Value take = arith::OrIOp::create(b, loc, none, better);
          Value place = flatIndex(*this, k, b, loc, x, indices);
          return SmallVector<Value>{arith::SelectOp::create(b, loc, take, v, carried[0]),
                                    arith::SelectOp::create(b, loc, take, place, carried[1])};
        });
    results[0].store(b, loc, best[0], at);
    if (withIndices)
      results[1].store(b, loc, indexToI64(b, loc, best[1]), at);
  });
  return success();
}

bool MaxPoolOp::allowsEpilogue() { return true; }

// ---- average_pool

LogicalResult AveragePoolOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferPool(*this, shapes, results);
}

LogicalResult AveragePoolOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                       ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &result = results[0];
  Type type = computeType(x.elementType);
  k.parallelNest(b, getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    PoolWindow window = windowAt(*this, k, b, loc, x, at);
    Value zero = constantScalar(b, loc, type, 0);
    Value sum = reduceNest(b, loc, window.counts, {zero},
                           [&](OpBuilder &b, Location loc, ValueRange inner, ValueRange carried) {
                             Value v = x.load(b, loc, indicesOfTap(*this, b, loc, window, at, inner));
                             return SmallVector<Value>{addScalar(b, loc, carried[0], v, k.mayReassociate())};
                           })[0];
    Value one = constantIndex(b, loc, 1), count = one;
    PoolWindow counted = getCountIncludePad() ? windowAt(*this, k, b, loc, x, at, /*padded=*/true) : window;
    for (const Taps &taps : counted.taps) {
      Value n = getCountIncludePad() ? addIndex(b, loc, taps.lo, taps.count) : taps.count;
      count = mulIndex(b, loc, count, maxIndex(b, loc, n, one)); // an empty window has sum 0 and becomes 0
    }
    Value divisor = arith::SIToFPOp::create(b, loc, type, indexToI64(b, loc, count));
    result.store(b, loc, arith::DivFOp::create(b, loc, sum, divisor), at);
  });
  return success();
}

bool AveragePoolOp::allowsEpilogue() { return true; }

// ---- lp_pool

LogicalResult LpPoolOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferPool(*this, shapes, results);
}

LogicalResult LpPoolOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &result = results[0];
  Type type = computeType(x.elementType);
  double p = getP().convertToDouble();
  k.parallelNest(b, getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    PoolWindow window = windowAt(*this, k, b, loc, x, at);
    Value zero = constantScalar(b, loc, type, 0);
    Value sum = reduceNest(
        b, loc, window.counts, {zero}, [&](OpBuilder &b, Location loc, ValueRange inner, ValueRange carried) {
          Value v = math::AbsFOp::create(b, loc, x.load(b, loc, indicesOfTap(*this, b, loc, window, at, inner)));
          if (p == 2.0)
            v = arith::MulFOp::create(b, loc, v, v);
          else if (p != 1.0)
            v = math::PowFOp::create(b, loc, v, constantScalar(b, loc, type, p));
          return SmallVector<Value>{addScalar(b, loc, carried[0], v, k.mayReassociate())};
        })[0];
    if (p == 2.0)
      sum = math::SqrtOp::create(b, loc, sum);
    else if (p != 1.0)
      sum = math::PowFOp::create(b, loc, sum, constantScalar(b, loc, type, 1.0 / p));
    result.store(b, loc, sum, at);
  });
  return success();
}

bool LpPoolOp::allowsEpilogue() { return true; }

// ---- max_unpool

LogicalResult MaxUnpoolOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &indices = shapes.get(getIndices());
  if (x.rank() != indices.rank())
    return emitOpError("indices have shape ")
           << formatShape(indices.dims) << "; expected " << formatShape(x.dims); // C1
  for (auto [a, c] : llvm::zip(indices.dims, x.dims))
    if (failed(verifySameSize(*this, a, c, "a size of the indices"))) // C1
      return failure();
  auto shape = wantedSizes(getOperation(), shapes, getShape()); // C2
  if (failed(shape))
    return failure();
  ShapeInfo info{x.elementType, {}, std::nullopt};
  for (auto [i, size] : llvm::enumerate(*shape)) {
    if (size.constant() && *size.constant() < 0)
      return emitOpError("size ") << i << " of the result is " << *size.constant() << "; expected 0 or more"; // C2
    info.dims.push_back(size);
  }
  results.push_back(std::move(info));
  return success();
}

LogicalResult MaxUnpoolOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                     ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &indices = operands[1], &result = results[0];
  Location loc = getLoc();
  Value zero = constantScalar(b, loc, computeType(x.elementType), 0);
  loopNest(b, loc, sizesOf(k, result.dims),
           [&](OpBuilder &b, Location loc, ValueRange at) { result.store(b, loc, zero, at); });
  Dim total = k.dims().product(result.dims);
  loopNest(b, loc, sizesOf(k, x.dims), [&](OpBuilder &b, Location loc, ValueRange at) {
    Value place = toIndex(b, loc, loadWithin(k, b, loc, indices, x.dims, at), indices.elementType);
    CheckedIndex checked = checkIndex(k, b, loc, place, total, "index", /*allowNegative=*/false);
    auto branch = scf::IfOp::create(b, loc, checked.ok, /*withElseRegion=*/false);
    OpBuilder inside = branch.getThenBodyBuilder();
    SmallVector<Value> to(result.rank());
    Value rest = checked.index;
    for (int64_t axis = result.rank(); axis-- > 0;) {
      Value size = k.size(result.dims[axis]);
      to[axis] = arith::RemUIOp::create(inside, loc, rest, size);
      rest = arith::DivUIOp::create(inside, loc, rest, size);
    }
    result.store(inside, loc, x.load(inside, loc, at), to);
  });
  return success();
}
