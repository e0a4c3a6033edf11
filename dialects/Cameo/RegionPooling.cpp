// RegionPooling.cpp - shapes and loops of roi_align and max_roi_pool.
#include "ContractionHelpers.h"

using namespace mlir;
using namespace cameo;

/// No cell is sampled at more points per axis: a region that large is a mistake in the data.
constexpr int64_t kMaxGrid = 1 << 16;
/// A block of more needs more registers than there are.
constexpr int64_t kMostChannels = 8;

/// Checks x, rois [R, `columns`] and the size of the result [R, C, height, width].
static LogicalResult inferRegions(Operation *op, ShapeAnalysis &shapes, Value x, Value rois, int64_t columns,
                                  int64_t height, int64_t width, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &image = shapes.get(x), &regions = shapes.get(rois);
  if (image.rank() != 4)
    return op->emitOpError("operand has shape ") << formatShape(image.dims) << "; expected rank 4"; // C1
  if (regions.rank() != 2 || (regions.dims[1].constant() && !regions.dims[1].isConstant(columns)))
    return op->emitOpError("rois have shape ") << formatShape(regions.dims) << "; expected ?x" << columns; // C2
  if (height < 1 || width < 1)
    return op->emitOpError("the result would have ") << height << "x" << width << " cells; expected 1 or more"; // C3
  if (regions.elementType != image.elementType)
    return op->emitOpError("rois have element type ")
           << regions.elementType << "; expected " << image.elementType; // C4
  DimContext &d = shapes.dims();
  results.push_back(
      {image.elementType, {regions.dims[0], image.dims[1], d.constant(height), d.constant(width)}, std::nullopt});
  return success();
}

/// Records a failure when the rows of the regions are not `columns` long; rows that are too short read as 0.
static Value loadRegion(KernelEmitter &k, OpBuilder &b, Location loc, const KernelTensor &rois, Value region,
                        int64_t column, int64_t columns) {
  SmallVector<Dim> expected{rois.dims[0], k.dims().constant(columns)};
  return loadWithin(k, b, loc, rois, expected, {region, constantIndex(b, loc, column)});
}

static Value asFloat(OpBuilder &b, Location loc, Type type, Value index) {
  return arith::SIToFPOp::create(b, loc, type, indexToI64(b, loc, index));
}

static Value compare(OpBuilder &b, Location loc, arith::CmpFPredicate predicate, Value x, Value y) {
  return arith::CmpFOp::create(b, loc, predicate, x, y);
}

// ---- roi_align

LogicalResult RoiAlignOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (getSamplingRatio() > uint64_t(kMaxGrid))
    return emitOpError("samplingRatio is ") << int64_t(getSamplingRatio()) << "; expected 0 to " << kMaxGrid; // C3
  if (failed(inferRegions(*this, shapes, getX(), getRois(), 4, getHeight(), getWidth(), results)))
    return failure();
  const ShapeInfo &batch = shapes.get(getBatchIndices());
  if (batch.rank() != 1)
    return emitOpError("batchIndices have rank ") << batch.rank() << "; expected 1";             // C2
  return verifySameSize(*this, batch.dims[0], results[0].dims[0], "the number of batchIndices"); // C2
}

namespace {
/// A sample's place along one axis: two pixels and the weight of the upper one.
struct Between {
  Value low, high, weight;
};
} // namespace

/// Used only where `v` is at least -1 and at most `size`, which is 1 or more.
static Between between(OpBuilder &b, Location loc, Value v, Value size) {
  Type type = v.getType();
  v = arith::MaximumFOp::create(b, loc, v, constantScalar(b, loc, type, 0));
  Value last = subIndex(b, loc, size, constantIndex(b, loc, 1));
  Value low = floorToIndex(b, loc, v);
  Value atEnd = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, low, last);
  low = arith::SelectOp::create(b, loc, atEnd, last, low);
  Value high = arith::SelectOp::create(b, loc, atEnd, last, addIndex(b, loc, low, constantIndex(b, loc, 1)));
  Value weight = arith::SubFOp::create(b, loc, v, asFloat(b, loc, type, low));
  return {low, high, arith::SelectOp::create(b, loc, atEnd, constantScalar(b, loc, type, 0), weight)};
}

LogicalResult RoiAlignOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                    ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &rois = operands[1], &batchIndices = operands[2], &result = results[0];
  Type type = computeType(x.elementType);
  using P = arith::CmpFPredicate;
  ChannelBlocks blocks(k, result.dims[1], kMostChannels);
  SmallVector<Dim> dims(result.dims);
  dims[1] = blocks.count();
  k.parallelNest(b, getLoc(), dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    SmallVector<Value> channels = blocks.of(b, loc, at[1]);
    auto constant = [&](double v) { return constantScalar(b, loc, type, v); };
    Value zero = constant(0), one = constant(1);
    SmallVector<Dim> regions{result.dims[0]};
    Value batch = toIndex(b, loc, loadWithin(k, b, loc, batchIndices, regions, {at[0]}), batchIndices.elementType);
    CheckedIndex image = checkIndex(k, b, loc, batch, x.dims[0], "batch index", /*allowNegative=*/false);
    // Along y, then x: where the cell starts, its step between samples, and how many there are.
    Value start[2], step[2], count[2], size[2];
    for (int axis = 0; axis < 2; ++axis) {
      auto corner = [&](int64_t column) {
        Value v =
            mulScalar(b, loc, loadRegion(k, b, loc, rois, at[0], column, 4), constant(getScale().convertToDouble()));
        return getHalfPixel() ? Value(arith::SubFOp::create(b, loc, v, constant(0.5))) : v;
      };
      Value low = corner(1 - axis), high = corner(3 - axis);
      Value length = arith::SubFOp::create(b, loc, high, low);
      if (!getHalfPixel())
        length = arith::MaximumFOp::create(b, loc, length, one);
      Value cell = arith::DivFOp::create(b, loc, length, constant(axis == 0 ? getHeight() : getWidth()));
      if (getSamplingRatio() > 0) {
        count[axis] = constantIndex(b, loc, getSamplingRatio());
      } else {
        count[axis] = floorToIndex(b, loc, math::CeilOp::create(b, loc, cell));
        Value tooMany = isLess(b, loc, constantIndex(b, loc, kMaxGrid), count[axis]);
        k.failIf(b, loc, tooMany, CAMEO_OUT_OF_RANGE, "a region is too large to sample");
        count[axis] = minIndex(b, loc, count[axis], constantIndex(b, loc, kMaxGrid));
      }
      step[axis] = arith::DivFOp::create(b, loc, cell, asFloat(b, loc, type, count[axis]));
      Value offset = mulScalar(b, loc, asFloat(b, loc, type, at[2 + axis]), cell);
      start[axis] = arith::AddFOp::create(b, loc, low, offset);
      size[axis] = k.size(x.dims[2 + axis]);
    }
    Value init = getMaximum() ? constant(-std::numeric_limits<double>::infinity()) : zero;
    SmallVector<Value> combined = reduceNest(
        b, loc, {count[0], count[1]}, SmallVector<Value>(channels.size(), init),
        [&](OpBuilder &b, Location loc, ValueRange in, ValueRange carried) {
          Value inside = image.ok, position[2];
          for (int axis = 0; axis < 2; ++axis) {
            Value half =
                arith::AddFOp::create(b, loc, asFloat(b, loc, type, in[axis]), constantScalar(b, loc, type, 0.5));
            position[axis] = arith::AddFOp::create(b, loc, start[axis], mulScalar(b, loc, half, step[axis]));
            // Ordered comparisons: NaN is outside.
            for (Value ok : {compare(b, loc, P::OGE, position[axis], constantScalar(b, loc, type, -1)),
                             compare(b, loc, P::OLE, position[axis], asFloat(b, loc, type, size[axis])),
                             isLess(b, loc, constantIndex(b, loc, 0), size[axis])})
              inside = arith::AndIOp::create(b, loc, inside, ok);
          }
          // Before the branch, so that what depends on the row alone moves out of the inner loop.
          Between y = between(b, loc, position[0], size[0]), xx = between(b, loc, position[1], size[1]);
          SmallVector<Value, 4> weights;
          for (int corner = 0; corner < 4; ++corner) {
            auto weight = [&](const Between &place, bool upper) {
              return upper ? place.weight : Value(arith::SubFOp::create(b, loc, one, place.weight));
            };
            weights.push_back(mulScalar(b, loc, weight(y, corner & 2), weight(xx, corner & 1)));
          }
          SmallVector<Type> types(channels.size(), type);
          auto branch = scf::IfOp::create(b, loc, types, inside, /*withElseRegion=*/true);
          OpBuilder in1 = branch.getThenBodyBuilder(), in2 = branch.getElseBodyBuilder();
          SmallVector<Value> best, sums(carried);
          for (auto [corner, w] : llvm::enumerate(weights)) {
            bool down = corner & 2, right = corner & 1;
            for (auto [i, channel] : llvm::enumerate(channels)) {
              Value v = x.load(in1, loc, {image.index, channel, down ? y.high : y.low, right ? xx.high : xx.low});
              if (!getMaximum())
                sums[i] = multiplyAdd(k, in1, loc, sums[i], w, v);
              else if (corner == 0)
                best.push_back(mulScalar(in1, loc, w, v));
              else
                best[i] = maxScalar(in1, loc, best[i], mulScalar(in1, loc, w, v), type);
            }
          }
          if (!getMaximum()) {
            scf::YieldOp::create(in1, loc, sums);
            scf::YieldOp::create(in2, loc, carried);
            return SmallVector<Value>(branch.getResults());
          }
          scf::YieldOp::create(in1, loc, best);
          scf::YieldOp::create(in2, loc, SmallVector<Value>(channels.size(), zero));
          return llvm::map_to_vector(llvm::zip(carried, branch.getResults()), [&](auto pair) {
            return maxScalar(b, loc, std::get<0>(pair), std::get<1>(pair), type);
          });
        });
    Value points = mulIndex(b, loc, count[0], count[1]), oneIndex = constantIndex(b, loc, 1);
    for (auto [channel, v] : llvm::zip(channels, combined)) {
      if (getMaximum()) {
        Value none = isLess(b, loc, minIndex(b, loc, count[0], count[1]), oneIndex);
        v = arith::SelectOp::create(b, loc, none, zero, v);
      } else {
        v = arith::DivFOp::create(b, loc, v, asFloat(b, loc, type, maxIndex(b, loc, points, oneIndex)));
      }
      result.store(b, loc, v, {at[0], channel, at[2], at[3]});
    }
  });
  return success();
}

bool RoiAlignOp::allowsEpilogue() { return true; }

// ---- max_roi_pool

LogicalResult MaxRoiPoolOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferRegions(*this, shapes, getX(), getRois(), 5, getHeight(), getWidth(), results);
}

LogicalResult MaxRoiPoolOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                      ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &rois = operands[1], &result = results[0];
  Type type = computeType(x.elementType);
  k.parallelNest(b, getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    Value zeroIndex = constantIndex(b, loc, 0), oneIndex = constantIndex(b, loc, 1);
    Value batch = floorToIndex(b, loc, loadRegion(k, b, loc, rois, at[0], 0, 5));
    CheckedIndex image = checkIndex(k, b, loc, batch, x.dims[0], "batch index", /*allowNegative=*/false);
    SmallVector<Value> first, length;
    for (int axis = 0; axis < 2; ++axis) {
      auto corner = [&](int64_t column) { // rounded half away from zero; regions lie in the positive
        Value v = mulScalar(b, loc, loadRegion(k, b, loc, rois, at[0], column, 5),
                            constantScalar(b, loc, type, getScale().convertToDouble()));
        v = arith::AddFOp::create(b, loc, v, constantScalar(b, loc, type, 0.5));
        return asFloat(b, loc, type, floorToIndex(b, loc, math::FloorOp::create(b, loc, v)));
      };
      Value low = corner(2 - axis), high = corner(4 - axis), one = constantScalar(b, loc, type, 1);
      Value extent = arith::AddFOp::create(b, loc, arith::SubFOp::create(b, loc, high, low), one);
      extent = arith::MaximumFOp::create(b, loc, extent, one);
      Value cell =
          arith::DivFOp::create(b, loc, extent, constantScalar(b, loc, type, axis == 0 ? getHeight() : getWidth()));
      Value p = asFloat(b, loc, type, at[2 + axis]);
      Value begin = math::FloorOp::create(b, loc, mulScalar(b, loc, p, cell));
      Value end = math::CeilOp::create(b, loc, mulScalar(b, loc, arith::AddFOp::create(b, loc, p, one), cell));
      auto clip = [&](Value v) {
        Value index = floorToIndex(b, loc, arith::AddFOp::create(b, loc, v, low));
        return minIndex(b, loc, maxIndex(b, loc, index, zeroIndex), k.size(x.dims[2 + axis]));
      };
      first.push_back(clip(begin));
      length.push_back(subIndex(b, loc, clip(end), first.back()));
    }
    // No image, no cells: nothing is read.
    length[0] = arith::SelectOp::create(b, loc, image.ok, length[0], zeroIndex);
    Value lowest = constantScalar(b, loc, type, -std::numeric_limits<double>::infinity());
    Value best =
        reduceNest(b, loc, length, {lowest}, [&](OpBuilder &b, Location loc, ValueRange in, ValueRange carried) {
          Value row = addIndex(b, loc, first[0], in[0]), column = addIndex(b, loc, first[1], in[1]);
          return SmallVector<Value>{
              maxScalar(b, loc, carried[0], x.load(b, loc, {image.index, at[1], row, column}), type)};
        })[0];
    Value empty = isLess(b, loc, minIndex(b, loc, length[0], length[1]), oneIndex);
    result.store(b, loc, arith::SelectOp::create(b, loc, empty, constantScalar(b, loc, type, 0), best), at);
  });
  return success();
}

bool MaxRoiPoolOp::allowsEpilogue() { return true; }
