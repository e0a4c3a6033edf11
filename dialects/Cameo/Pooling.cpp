// Pooling.cpp - shapes and loops of max_pool, average_pool, lp_pool and max_unpool.
#include "ContractionHelpers.h"
#include "IndexHelpers.h"
#include "cameo/Dialect/Cameo/RowLoops.h"

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

// ---- what a pool makes of a window: the start, joined with a term of each element in any order, then finished

/// The value below all others of a type, in its compute type.
static Value lowestScalar(OpBuilder &b, Location loc, Type elementType) {
  Type type = computeType(elementType);
  if (isa<FloatType>(type))
    return constantScalar(b, loc, type, -std::numeric_limits<double>::infinity());
  unsigned width = type.getIntOrFloatBitWidth();
  return constantInt(b, loc, type,
                     elementType.isUnsignedInteger() ? 0 : llvm::APInt::getSignedMinValue(width).getSExtValue());
}

static Value startOf(MaxPoolOp, OpBuilder &b, Location loc, Type element) { return lowestScalar(b, loc, element); }
template <typename OpT> static Value startOf(OpT, OpBuilder &b, Location loc, Type element) {
  return constantScalar(b, loc, computeType(element), 0);
}

static Value termOf(LpPoolOp op, OpBuilder &b, Location loc, Value v) {
  double p = op.getP().convertToDouble();
  v = math::AbsFOp::create(b, loc, v);
  if (p == 2.0)
    return arith::MulFOp::create(b, loc, v, v);
  return p == 1.0 ? v : math::PowFOp::create(b, loc, v, constantScalar(b, loc, v.getType(), p));
}
template <typename OpT> static Value termOf(OpT, OpBuilder &, Location, Value v) { return v; }

static Value join(MaxPoolOp, KernelEmitter &, OpBuilder &b, Location loc, Value x, Value y, Type element) {
  return maxScalar(b, loc, x, y, element);
}
template <typename OpT> static Value join(OpT, KernelEmitter &k, OpBuilder &b, Location loc, Value x, Value y, Type) {
  return addScalar(b, loc, x, y, k.mayReassociate());
}

/// `at`: the window. `byRows`: windows along the last axis are lanes, which count in 32 bits.
static Value finish(AveragePoolOp op, KernelEmitter &k, OpBuilder &b, Location loc, Value sum, const KernelTensor &x,
                    ValueRange at, bool byRows) {
  PoolWindow window = windowAt(op, k, b, loc, x, at, /*padded=*/op.getCountIncludePad());
  Value one = constantIndex(b, loc, 1), count = one;
  SmallVector<Value> taps = llvm::map_to_vector(window.taps, [&](const Taps &taps) {
    Value n = op.getCountIncludePad() ? addIndex(b, loc, taps.lo, taps.count) : taps.count;
    return maxIndex(b, loc, n, one); // an empty window has sum 0 and becomes 0
  });
  for (Value n : ArrayRef(taps).drop_back(byRows))
    count = mulIndex(b, loc, count, n);
  auto toFloat = [&](Value n, Type integer) {
    n = b.createOrFold<arith::IndexCastOp>(loc, integer, n);
    return Value(arith::SIToFPOp::create(b, loc, sum.getType(), n));
  };
  Value divisor = toFloat(count, b.getI64Type());
  if (byRows)
    divisor = arith::MulFOp::create(b, loc, divisor, toFloat(taps.back(), b.getI32Type()));
  return arith::DivFOp::create(b, loc, sum, divisor);
}
static Value finish(LpPoolOp op, KernelEmitter &, OpBuilder &b, Location loc, Value sum, const KernelTensor &,
                    ValueRange, bool) {
  double p = op.getP().convertToDouble();
  if (p == 2.0)
    return math::SqrtOp::create(b, loc, sum);
  return p == 1.0 ? sum : math::PowFOp::create(b, loc, sum, constantScalar(b, loc, sum.getType(), 1.0 / p));
}
static Value finish(MaxPoolOp, KernelEmitter &, OpBuilder &, Location, Value best, const KernelTensor &, ValueRange,
                    bool) {
  return best;
}

template <typename OpT>
static LogicalResult emitPool(OpT op, KernelEmitter &k, OpBuilder &b, const KernelTensor &x,
                              const KernelTensor &result) {
  k.parallelNest(b, op.getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    PoolWindow window = windowAt(op, k, b, loc, x, at);
    Value start = startOf(op, b, loc, x.elementType);
    Value all = reduceNest(
        b, loc, window.counts, {start}, [&](OpBuilder &b, Location loc, ValueRange inner, ValueRange carried) {
          Value v = x.load(b, loc, indicesOfTap(op, b, loc, window, at, inner));
          return SmallVector<Value>{join(op, k, b, loc, carried[0], termOf(op, b, loc, v), x.elementType)};
        })[0];
    result.store(b, loc, finish(op, k, b, loc, all, x, at, /*byRows=*/false), at);
  });
  return success();
}

// ---- by rows

/// Elements of the longest row that is kept at hand as a whole (of longer ones it is pieces), and of all rows together.
/// Several rows, because what was stored just now is slow to read at another offset.
constexpr int64_t kRowElements = 1024, kRowsElements = 2048;
/// Taps along the last axis that are written out; of more, they are a loop.
constexpr int64_t kMostWrittenTaps = 32;

/// Windows are joined along all axes but the last, for the elements of rows of the operand, whose padding is filled
/// with starts; then along those rows. All windows of a row are alike so, and a 3x3 window takes 6 steps instead of 9.
template <typename OpT>
static std::optional<LogicalResult> emitPoolByRows(OpT op, KernelEmitter &k, OpBuilder &b, const KernelTensor &x,
                                                   const KernelTensor &result) {
  Window window{op.getStrides(), op.getDilations(), op.getPads()};
  size_t last = window.rank() - 1;
  int64_t taps = op.getKernel()[last], stride = window.strides[last], dilation = window.dilations[last];
  int64_t reach = (taps - 1) * dilation + 1;
  if (op.getChannelsLast() || reach > kRowElements / 2)
    return std::nullopt;
  DimContext &d = k.dims();
  Location loc = op.getLoc();
  Dim width = result.dims.back(), height = result.dims[result.rank() - 2];
  auto columnsOf = [&](int64_t elements) { return (std::max(elements, reach) - reach) / stride + 1; };
  bool isWhole = width.constant() && *width.constant() <= columnsOf(kRowElements);
  int64_t columns =
      isWhole ? std::max<int64_t>(1, *width.constant()) : columnsOf(width.constant() ? kRowElements : kRowElements / 2);
  int64_t pitch = (columns - 1) * stride + reach;
  int64_t rows = std::min(kRowsElements / pitch, std::max<int64_t>(1, height.constant().value_or(kRowsElements)));
  auto number = [&](int64_t v) { return constantIndex(b, loc, v); };
  Value zero = number(0), one = number(1), start = startOf(op, b, loc, x.elementType);
  auto kept = MemRefType::get({rows, pitch}, computeType(x.elementType));
  Value memory = memref::AllocaOp::create(b, loc, kept, b.getI64IntegerAttr(64));

  // Element i of a row is the operand's element origin + i; those in [begin, end) exist.
  struct Columns {
    Value count, origin, begin, end, length;
  };
  auto fill = [&](OpBuilder &b, const Columns &c) {
    for (auto [from, to] : {std::pair{zero, c.begin}, {c.end, c.length}})
      loopNest(b, loc, {number(rows), subIndex(b, loc, to, from)}, [&](OpBuilder &b, Location loc, ValueRange at) {
        memref::StoreOp::create(b, loc, start, memory, {at[0], addIndex(b, loc, from, at[1])});
      });
  };
  auto columnsFrom = [&](OpBuilder &b, Value first) {
    Columns c;
    c.count = minIndex(b, loc, subIndex(b, loc, k.size(width), first), number(columns));
    c.origin = subIndex(b, loc, mulIndex(b, loc, first, number(stride)), number(window.padBegin(last)));
    c.length = addIndex(b, loc, mulIndex(b, loc, subIndex(b, loc, c.count, one), number(stride)), number(reach));
    c.begin = minIndex(b, loc, maxIndex(b, loc, subIndex(b, loc, zero, c.origin), zero), c.length);
    c.end = minIndex(b, loc, subIndex(b, loc, k.size(x.dims.back()), c.origin), c.length);
    c.end = maxIndex(b, loc, c.end, c.begin);
    return c;
  };
  if (isWhole)
    fill(b, columnsFrom(b, zero));

  SmallVector<Dim> dims(ArrayRef(result.dims).drop_back(2));
  dims.append({d.ceilDiv(height, rows), d.ceilDiv(width, columns)});
  k.parallelNest(
      b, loc, dims,
      [&](OpBuilder &b, Location loc, ValueRange at) {
        Value firstRow = mulIndex(b, loc, at[at.size() - 2], number(rows));
        Value numRows = minIndex(b, loc, subIndex(b, loc, k.size(height), firstRow), number(rows));
        Value first = isWhole ? zero : mulIndex(b, loc, at.back(), number(columns));
        Columns c = columnsFrom(b, first);
        if (!isWhole)
          fill(b, c);
        auto position = [&](OpBuilder &b, Value row, Value column) {
          SmallVector<Value> position(at.drop_back(2));
          position.append({addIndex(b, loc, firstRow, row), column});
          return position;
        };
        loopNest(b, loc, numRows, [&](OpBuilder &b, Location loc, ValueRange row) {
          SmallVector<Value> window = position(b, row[0], zero);
          PoolWindow inside = windowAt(op, k, b, loc, x, window);
          inside.counts.pop_back();
          Value existing = subIndex(b, loc, c.end, c.begin);
          loopNest(b, loc, existing, [&](OpBuilder &b, Location loc, ValueRange at) {
            Value column = addIndex(b, loc, c.begin, at[0]);
            auto joinTap = [&](OpBuilder &b, Location loc, ValueRange inner, ValueRange carried) {
              SmallVector<Value> all(inner);
              all.push_back(zero);
              SmallVector<Value> indices = indicesOfTap(op, b, loc, inside, window, all);
              indices.back() = addIndex(b, loc, c.origin, column);
              Value term = termOf(op, b, loc, x.load(b, loc, indices));
              return SmallVector<Value>{join(op, k, b, loc, carried[0], term, x.elementType)};
            };
            Value joined = reduceNest(b, loc, inside.counts, start, joinTap)[0];
            memref::StoreOp::create(b, loc, joined, memory, {row[0], column});
          });
        });
        loopNest(b, loc, {numRows, c.count}, [&](OpBuilder &b, Location loc, ValueRange at) {
          auto joinTap = [&](OpBuilder &b, Location loc, ValueRange tap, ValueRange carried) {
            Value offset = mulIndex(b, loc, tap[0], number(dilation));
            Value from = addIndex(b, loc, mulIndex(b, loc, at[1], number(stride)), offset);
            Value v = memref::LoadOp::create(b, loc, memory, {at[0], from});
            return SmallVector<Value>{carried[0] == start ? v : join(op, k, b, loc, carried[0], v, x.elementType)};
          };
          Value all = start;
          if (taps > kMostWrittenTaps)
            all = reduceNest(b, loc, number(taps), start, joinTap)[0];
          else
            for (int64_t tap = 0; tap < taps; ++tap)
              all = joinTap(b, loc, number(tap), all)[0];
          SmallVector<Value> window = position(b, at[0], addIndex(b, loc, first, at[1]));
          result.store(b, loc, finish(op, k, b, loc, all, x, window, /*byRows=*/true), window);
        });
      },
      d.constant(rows * columns));
  return success();
}

std::optional<LogicalResult> cameo::emitByRows(MaxPoolOp op, KernelEmitter &k, OpBuilder &b,
                                               ArrayRef<KernelTensor> operands, ArrayRef<KernelTensor> results) {
  return results.size() == 1 ? emitPoolByRows(op, k, b, operands[0], results[0]) : std::nullopt;
}
std::optional<LogicalResult> cameo::emitByRows(AveragePoolOp op, KernelEmitter &k, OpBuilder &b,
                                               ArrayRef<KernelTensor> operands, ArrayRef<KernelTensor> results) {
  return emitPoolByRows(op, k, b, operands[0], results[0]);
}
std::optional<LogicalResult> cameo::emitByRows(LpPoolOp op, KernelEmitter &k, OpBuilder &b,
                                               ArrayRef<KernelTensor> operands, ArrayRef<KernelTensor> results) {
  return emitPoolByRows(op, k, b, operands[0], results[0]);
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
  if (results.size() == 1)
    return emitPool(*this, k, b, x, results[0]);
  k.parallelNest(b, getLoc(), results[0].dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    PoolWindow window = windowAt(*this, k, b, loc, x, at);
    SmallVector<Value> init{lowestScalar(b, loc, x.elementType), constantIndex(b, loc, -1)};
    auto best =
        reduceNest(b, loc, window.counts, init, [&](OpBuilder &b, Location loc, ValueRange inner, ValueRange carried) {
          SmallVector<Value> indices = indicesOfTap(*this, b, loc, window, at, inner);
          Value v = x.load(b, loc, indices);
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
    results[1].store(b, loc, indexToI64(b, loc, best[1]), at);
  });
  return success();
}

bool MaxPoolOp::allowsEpilogue() { return true; }

// ---- average_pool and lp_pool

LogicalResult AveragePoolOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferPool(*this, shapes, results);
}
LogicalResult AveragePoolOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                       ArrayRef<KernelTensor> results) {
  return emitPool(*this, k, b, operands[0], results[0]);
}
bool AveragePoolOp::allowsEpilogue() { return true; }

LogicalResult LpPoolOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferPool(*this, shapes, results);
}
LogicalResult LpPoolOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  return emitPool(*this, k, b, operands[0], results[0]);
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
