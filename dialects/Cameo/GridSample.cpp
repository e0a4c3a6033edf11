// GridSample.cpp - shape and loops of grid_sample.
#include "Interpolation.h"

using namespace mlir;
using namespace cameo;

/// A block of more takes more of the cache, wherever a grid points to.
constexpr int64_t kMostChannels = 4;

LogicalResult GridSampleOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &grid = shapes.get(getGrid());
  if (x.rank() < 3 || grid.rank() != x.rank())
    return emitOpError("operand has shape ")
           << formatShape(x.dims) << " and grid " << formatShape(grid.dims) << "; expected one rank, 3 or more"; // C1
  Dim axes = shapes.dims().constant(x.rank() - 2);
  if (failed(verifySameSize(*this, grid.dims.back(), axes, "the grid's last size")) || // C2
      failed(verifySameSize(*this, grid.dims[0], x.dims[0], "the grid's batch size"))) // C3
    return failure();
  if (getMode() != "nearest" && getMode() != "linear" && getMode() != "cubic")
    return emitOpError("mode is '") << getMode() << "'; expected nearest, linear or cubic"; // C4
  if (getPadding() != "zeros" && getPadding() != "border" && getPadding() != "reflection")
    return emitOpError("padding is '") << getPadding() << "'; expected zeros, border or reflection"; // C4
  if (x.elementType != grid.elementType)
    return emitOpError("grid has element type ") << grid.elementType << "; expected " << x.elementType; // C5
  if (getAlignCorners() && getInPixels())
    return emitOpError("has alignCorners and inPixels; expected one of them at most"); // C6
  ShapeInfo info{x.elementType, {x.dims[0], x.dims[1]}, std::nullopt};
  info.dims.append(grid.dims.begin() + 1, grid.dims.end() - 1);
  results.push_back(std::move(info));
  return success();
}

/// `v` mirrored at both ends until it is in [low, high].
static Value reflect(const FloatMath &m, Value v, Value low, Value high) {
  // At distance d beyond an end, d = n * range + r: even n continues from the near end, odd n comes back from the far
  // one.
  Value range = m.sub(high, low), below = m.less(v, low), above = m.less(high, v);
  Value distance = m.select(below, m.sub(low, v), m.sub(v, high));
  Value n = m.floor(m.div(distance, range)), r = m.sub(distance, m.mul(n, range));
  Value odd = m.compare(arith::CmpFPredicate::ONE, m.sub(n, m.mul(m.floor(m.mul(n, 0.5)), 2)), m.constant(0));
  Value fromLow = m.add(low, r), fromHigh = m.sub(high, r);
  Value mirrored = m.select(arith::XOrIOp::create(m.b, m.loc, below, odd), fromLow, fromHigh);
  return m.select(arith::OrIOp::create(m.b, m.loc, below, above), mirrored, v);
}

namespace {
/// One spatial axis of a sample.
struct GridAxis {
  int64_t axis;
  Value coordinate, size, low, high; ///< low, high: the ends that padding works with
};
} // namespace

namespace {
/// Samples of several channels at one place.
struct GridSampler {
  KernelEmitter &k;
  GridSampleOp op;
  const FloatMath &m;
  const KernelTensor &x;
  ArrayRef<Value> channels;

  /// The element index of tap `index` (a whole float), and whether it is inside after padding.
  CheckedIndex padded(const GridAxis &axis, Value tap);
  /// `sums`, one for each channel, and what the taps of the axes from the first of `axes` on add to them. `indices`,
  /// `inside` and `weight` (null: 1) are of the axes before.
  SmallVector<Value> sample(ArrayRef<GridAxis> axes, SmallVector<Value> indices, Value inside, Value weight,
                            SmallVector<Value> sums);
};
} // namespace

CheckedIndex GridSampler::padded(const GridAxis &axis, Value tap) {
  OpBuilder &b = m.b;
  Location loc = m.loc;
  if (op.getPadding() == "reflection")
    tap = m.floor(reflect(m, tap, axis.low, axis.high));
  Value index = floorToIndex(b, loc, tap), zero = constantIndex(b, loc, 0);
  if (op.getPadding() != "zeros")
    index = maxIndex(b, loc, minIndex(b, loc, index, subIndex(b, loc, axis.size, constantIndex(b, loc, 1))), zero);
  Value ok = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, index, axis.size);
  return {index, ok};
}

SmallVector<Value> GridSampler::sample(ArrayRef<GridAxis> axes, SmallVector<Value> indices, Value inside, Value weight,
                                       SmallVector<Value> sums) {
  OpBuilder &b = m.b;
  Location loc = m.loc;
  if (axes.empty()) {
    SmallVector<Type> types(channels.size(), m.type);
    auto branch = scf::IfOp::create(b, loc, types, inside, /*withElseRegion=*/true);
    for (bool isInside : {true, false}) {
      OpBuilder in = isInside ? branch.getThenBodyBuilder() : branch.getElseBodyBuilder();
      SmallVector<Value> next;
      for (auto [channel, sum] : llvm::zip(channels, sums)) {
        indices[1] = channel;
        Value v = isInside ? x.load(in, loc, indices) : constantScalar(in, loc, m.type, 0);
        next.push_back(weight ? multiplyAdd(k, in, loc, sum, weight, v) : v);
      }
      scf::YieldOp::create(in, loc, next);
    }
    return SmallVector<Value>(branch.getResults());
  }
  const GridAxis &axis = axes.front();
  auto rest = [&](Value tap, Value weight) {
    CheckedIndex place = padded(axis, tap);
    SmallVector<Value> next(indices);
    next[axis.axis] = place.index;
    Value ok = inside ? Value(arith::AndIOp::create(b, loc, inside, place.ok)) : place.ok;
    return sample(axes.drop_front(), std::move(next), ok, weight, sums);
  };
  if (op.getMode() == "nearest")
    return rest(axis.coordinate, {});
  bool cubic = op.getMode() == "cubic";
  int64_t radius = cubic ? 2 : 1;
  Value floor = m.floor(axis.coordinate);
  for (int64_t t = 1 - radius; t <= radius; ++t) {
    Value tap = m.add(floor, t), distance = m.sub(tap, axis.coordinate);
    Value w = cubic ? cubicKernel(m, distance, -0.75) : linearKernel(m, distance);
    sums = rest(tap, weight ? m.mul(weight, w) : w);
  }
  return sums;
}

LogicalResult GridSampleOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                      ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &grid = operands[1], &result = results[0];
  Type type = computeType(x.elementType);
  int64_t spatial = x.rank() - 2;
  SmallVector<Dim> gridDims{result.dims[0]};
  gridDims.append(result.dims.begin() + 2, result.dims.end());
  gridDims.push_back(k.dims().constant(spatial));
  ChannelBlocks blocks(k, result.dims[1], kMostChannels);
  SmallVector<Dim> dims(result.dims);
  dims[1] = blocks.count();
  k.parallelNest(b, getLoc(), dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    FloatMath m(b, loc, type);
    SmallVector<GridAxis> axes;
    for (int64_t i = 0; i < spatial; ++i) {
      SmallVector<Value> place{at[0]};
      place.append(at.begin() + 2, at.end());
      place.push_back(constantIndex(b, loc, spatial - 1 - i)); // the grid names the last axis first
      Value c = loadWithin(k, b, loc, grid, gridDims, place);
      GridAxis axis{2 + i, {}, k.size(x.dims[2 + i]), {}, {}};
      Value n = m.fromIndex(axis.size), last = m.sub(n, 1), zero = m.constant(0);
      // -1..1 to 0..n-1, or to -0.5..n-0.5
      if (getAlignCorners())
        c = m.mul(m.mul(m.add(c, 1), 0.5), last);
      else if (!getInPixels())
        c = m.mul(m.sub(m.mul(m.add(c, 1), n), 1), 0.5);
      axis.low = getAlignCorners() ? zero : m.constant(-0.5);
      axis.high = getAlignCorners() ? last : m.sub(n, 0.5);
      if (getMode() == "nearest")
        c = math::RoundEvenOp::create(b, loc, c);
      // The taps of a cubic are clamped, not its place, as PyTorch and ONNX Runtime do: it still bends outside.
      if (getPadding() == "border" && getMode() != "cubic") {
        c = m.select(m.less(c, axis.low), zero, c);
        c = m.select(m.less(axis.high, c), last, c);
      } else if (getPadding() == "reflection") {
        c = reflect(m, c, axis.low, axis.high);
      }
      axis.coordinate = c;
      axes.push_back(axis);
    }
    SmallVector<Value> indices(x.rank());
    indices[0] = at[0];
    SmallVector<Value> channels = blocks.of(b, loc, at[1]), place(at);
    SmallVector<Value> zeros(channels.size(), m.constant(0));
    SmallVector<Value> sampled = GridSampler{k, *this, m, x, channels}.sample(axes, indices, {}, {}, zeros);
    for (auto [channel, v] : llvm::zip(channels, sampled)) {
      place[1] = channel;
      result.store(b, loc, v, place);
    }
  });
  return success();
}

bool GridSampleOp::allowsEpilogue() { return true; }
