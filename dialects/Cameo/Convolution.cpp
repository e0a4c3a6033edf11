// Convolution.cpp - shapes and loops of conv, conv_transpose and col2im.
// A result element sums over the taps that lie inside the operand, so padding costs nothing and reads nothing.
#include "ContractionHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/ConvolutionOps.cpp.inc"

namespace cameo {
void registerConvolutionOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/ConvolutionOps.cpp.inc"
      >();
}
} // namespace cameo

/// Requires x and filter of one rank, 3 or more.
static LogicalResult verifyRanks(Operation *op, const ShapeInfo &x, const ShapeInfo &filter) {
  if (x.rank() >= 3 && x.rank() == filter.rank())
    return success();
  return op->emitOpError("operand has shape ")
         << formatShape(x.dims) << " and filter " << formatShape(filter.dims) << "; expected one rank, 3 or more";
}

// ---- conv, conv_integer

Type ConvOp::accumulatorType() { return getAccumulator().value_or(getElementTypeOrSelf(getX().getType())); }

/// Result sizes of a convolution. Emits an op error where sizes and attributes do not fit together.
template <typename OpT> static FailureOr<SmallVector<Dim>> convolutionSizes(OpT op, ShapeAnalysis &shapes) {
  const ShapeInfo &x = shapes.get(op.getX()), &filter = shapes.get(op.getFilter());
  if (failed(verifyRanks(op, x, filter)))
    return failure();
  Window window{op.getStrides(), op.getDilations(), op.getPads()};
  ActivationAxes axes{x.rank(), op.getChannelsLast()};
  if (failed(verifyWindow(op, window, axes.numSpatial())))
    return failure();
  int64_t group = op.getGroup();
  auto channels = x.dims[axes.channel()].constant(), outputs = filter.dims[0].constant(),
       perGroup = filter.dims[1].constant();
  if (group < 1)
    return op.emitOpError("group is ") << group << "; expected 1 or more";
  if (channels && *channels % group != 0)
    return op.emitOpError("group ") << group << " does not divide the " << *channels << " channels";
  if (outputs && *outputs % group != 0)
    return op.emitOpError("group ") << group << " does not divide the filter's " << *outputs << " outputs";
  if (channels && perGroup && *channels != *perGroup * group)
    return op.emitOpError("operand has ") << *channels << " channels in " << group << " groups, the filter "
                                          << formatShape(filter.dims) << " takes " << *perGroup << " per group";
  SmallVector<Dim> spatial;
  for (int64_t i = 0; i < axes.numSpatial(); ++i) {
    auto positions = windowPositions(op, shapes.dims(), window, i, x.dims[axes.spatial(i)], filter.dims[2 + i]);
    if (failed(positions))
      return failure();
    spatial.push_back(*positions);
  }
  return axes.make<Dim>(x.dims[0], filter.dims[0], spatial);
}

LogicalResult ConvOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  auto dims = convolutionSizes(*this, shapes); // C1 C2 C5 C6 C7
  if (failed(dims) || failed(verifyAccumulator(*this, shapes.get(getX()).elementType,
                                               shapes.get(getFilter()).elementType, getAccumulator()))) // C3 C4
    return failure();
  results.push_back({accumulatorType(), {dims->begin(), dims->end()}, std::nullopt});
  return success();
}

LogicalResult ConvIntegerOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  auto dims = convolutionSizes(*this, shapes); // C1 C2 C5 C6 C7
  if (failed(dims))
    return failure();
  const ShapeInfo &filter = shapes.get(getFilter()), &xZero = shapes.get(getXZero()),
                  &filterZero = shapes.get(getFilterZero());
  Type wanted[] = {shapes.get(getX()).elementType, filter.elementType};
  if (xZero.elementType != wanted[0] || filterZero.elementType != wanted[1])
    return emitOpError("zero points have element types ")
           << xZero.elementType << " and " << filterZero.elementType << "; expected " << wanted[0] << " and "
           << wanted[1] << ", their operands'"; // C3
  if (xZero.rank() != 0)
    return emitOpError("xZero has rank ") << xZero.rank() << "; expected 0"; // C4
  bool isPerOutput = filterZero.rank() == 1 && (filterZero.dims[0] == filter.dims[0] ||
                                                !filterZero.dims[0].constant() || !filter.dims[0].constant());
  if (filterZero.rank() != 0 && !isPerOutput)
    return emitOpError("filterZero has shape ")
           << formatShape(filterZero.dims) << "; expected one value, or one for each output of the filter "
           << formatShape(filter.dims); // C4
  results.push_back({IntegerType::get(getContext(), 32), {dims->begin(), dims->end()}, std::nullopt});
  return success();
}

/// Index values of an activation's axes, by meaning.
namespace {
struct ActivationIndex {
  Value batch, channel;
  SmallVector<Value> spatial;
};
} // namespace

static ActivationIndex splitIndex(const ActivationAxes &axes, ValueRange at) {
  ActivationIndex index{at[0], at[axes.channel()], {}};
  for (int64_t i = 0; i < axes.numSpatial(); ++i)
    index.spatial.push_back(at[axes.spatial(i)]);
  return index;
}

/// channel / perGroup * other: the first channel, on the other side, of the group that `channel` is in.
static Value groupBase(OpBuilder &b, Location loc, int64_t group, Value channel, Value perGroup, Value other) {
  if (group == 1)
    return constantIndex(b, loc, 0);
  Value one = constantIndex(b, loc, 1);
  Value g = b.createOrFold<arith::DivUIOp>(loc, channel, maxIndex(b, loc, perGroup, one));
  return mulIndex(b, loc, g, other);
}

/// The loops of a convolution. `load` gives one element of an operand (by its number) as a scalar that can be
/// multiplied.
template <typename OpT>
static void emitConvolutionLoops(OpT op, KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                 const KernelTensor &result, Type sumType,
                                 llvm::function_ref<Value(OpBuilder &, Location, unsigned, ValueRange)> load) {
  const KernelTensor &x = operands[0], &filter = operands[1];
  Window window{op.getStrides(), op.getDilations(), op.getPads()};
  ActivationAxes axes{x.rank(), op.getChannelsLast()};
  DimContext &d = k.dims();
  // The channels that a sum runs over; as the operand has them where that is not the filter's number.
  Value perGroup = agreeingSize(k, b, op.getLoc(), filter.dims[1], d.floorDiv(x.dims[axes.channel()], op.getGroup()),
                                "the filter's channels differ from the operand's");
  Value outputsPerGroup = k.size(d.floorDiv(filter.dims[0], op.getGroup()));
  k.parallelNest(b, op.getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    ActivationIndex index = splitIndex(axes, at);
    Value base = groupBase(b, loc, op.getGroup(), index.channel, outputsPerGroup, perGroup);
    SmallVector<Taps> taps;
    SmallVector<Value> bounds{perGroup};
    for (auto [i, position] : llvm::enumerate(index.spatial)) {
      taps.push_back(
          tapsInside(b, loc, window, i, position, k.size(filter.dims[2 + i]), k.size(x.dims[axes.spatial(i)])));
      bounds.push_back(taps.back().count);
    }
    if (op.getChannelsLast()) // the contiguous axis innermost
      std::rotate(bounds.begin(), bounds.begin() + 1, bounds.end());
    Value zero = constantScalar(b, loc, sumType, 0);
    Value sum =
        reduceNest(b, loc, bounds, {zero}, [&](OpBuilder &b, Location loc, ValueRange inner, ValueRange carried) {
          Value c = op.getChannelsLast() ? inner.back() : inner.front();
          ValueRange tap = op.getChannelsLast() ? inner.drop_back() : inner.drop_front();
          SmallVector<Value> from, weight{index.channel, c};
          for (auto [i, t] : llvm::enumerate(tap)) {
            from.push_back(tapPosition(b, loc, window, i, taps[i], t));
            weight.push_back(addIndex(b, loc, taps[i].lo, t));
          }
          Value channel = op.getGroup() == 1 ? c : addIndex(b, loc, base, c);
          Value left = load(b, loc, 0, axes.make<Value>(index.batch, channel, from)), right = load(b, loc, 1, weight);
          return SmallVector<Value>{multiplyAdd(k, b, loc, carried[0], left, right)};
        })[0];
    result.store(b, loc, sum, at);
  });
}

LogicalResult ConvOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                ArrayRef<KernelTensor> results) {
  emitConvolutionLoops(*this, k, b, operands, results[0], computeType(accumulatorType()),
                       [&](OpBuilder &b, Location loc, unsigned i, ValueRange indices) {
                         return convertScalar(b, loc, operands[i].load(b, loc, indices), operands[i].elementType,
                                              accumulatorType());
                       });
  return success();
}

LogicalResult ConvIntegerOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                       ArrayRef<KernelTensor> results) {
  emitConvolutionLoops(*this, k, b, operands, results[0], b.getI32Type(),
                       [&](OpBuilder &b, Location loc, unsigned i, ValueRange indices) {
                         const KernelTensor &zero = operands[2 + i];
                         return loadCentred(k, b, loc, operands[i], indices, zero, indices.take_front(zero.rank()));
                       });
  return success();
}

bool ConvIntegerOp::allowsEpilogue() { return true; }

int64_t ConvIntegerOp::zeroPointOperand(unsigned operand) { return operand < 2 ? operand + 2 : -1; }

bool ConvOp::allowsEpilogue() { return true; }

SmallVector<unsigned> ConvOp::factorsWorthRounding(ShapeAnalysis &) {
  return factorsOfConstantWeights(*this, {0, weightOperand()});
}

unsigned ConvOp::weightOperand() { return getFilterMutable().getOperandNumber(); }
int64_t ConvOp::channelAxis() { return getChannelsLast() ? cast<RankedTensorType>(getType()).getRank() - 1 : 1; }
int64_t ConvOp::weightAxis() { return 0; }

/// A multiply-add for every tap of every window that lies inside `size`, over all batches, outputs and inputs of their
/// groups.
template <typename OpT>
static Dim convolutionFlops(OpT op, ShapeAnalysis &shapes, Value windows, Value tapped, Dim channels) {
  DimContext &d = shapes.dims();
  if (!isa<FloatType>(getElementTypeOrSelf(op.getX().getType())))
    return d.constant(0);
  Window window{op.getStrides(), op.getDilations(), op.getPads()};
  ActivationAxes axes{shapes.rank(op.getX()), op.getChannelsLast()};
  Dim count = d.mul(d.mul(channels, shapes.dim(op.getX(), 0)), 2);
  for (int64_t i = 0; i < axes.numSpatial(); ++i)
    count = d.mul(count, countTapsInside(d, window, i, shapes.dim(tapped, axes.spatial(i)),
                                         shapes.dim(windows, axes.spatial(i)), shapes.dim(op.getFilter(), 2 + i)));
  return count;
}

Dim ConvOp::flops(ShapeAnalysis &shapes) {
  ArrayRef<Dim> filter = shapes.dimsOf(getFilter());
  return convolutionFlops(*this, shapes, getResult(), getX(), shapes.dims().mul(filter[0], filter[1]));
}

// ---- conv_transpose

LogicalResult ConvTransposeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &filter = shapes.get(getFilter());
  if (failed(verifyRanks(*this, x, filter))) // C1
    return failure();
  Window window{getStrides(), getDilations(), getPads()};
  ActivationAxes axes{x.rank(), getChannelsLast()};
  if (failed(verifyWindow(*this, window, axes.numSpatial(), /*allowNegativePads=*/true))) // C2
    return failure();
  if (int64_t(getOutputPadding().size()) != axes.numSpatial())
    return emitOpError("outputPadding has ")
           << getOutputPadding().size() << " entries; expected " << axes.numSpatial(); // C2
  if (x.elementType != filter.elementType)
    return emitOpError("element types of the operands are ")
           << x.elementType << " and " << filter.elementType << "; expected one type"; // C3
  auto channels = x.dims[axes.channel()].constant(), rows = filter.dims[0].constant();
  if (getGroup() < 1)
    return emitOpError("group is ") << getGroup() << "; expected 1 or more"; // C4
  if (rows && *rows % getGroup() != 0)
    return emitOpError("group ") << getGroup() << " does not divide the " << *rows << " channels"; // C4
  if (channels && rows && *channels != *rows)
    return emitOpError("operand has ") << *channels << " channels, the filter " << formatShape(filter.dims)
                                       << " takes " // C4
                                       << *rows;
  DimContext &d = shapes.dims();
  SmallVector<Dim> spatial;
  for (int64_t i = 0; i < axes.numSpatial(); ++i) {
    Dim size = d.mul(d.sub(x.dims[axes.spatial(i)], 1), window.strides[i]);
    size = d.add(size, d.mul(d.sub(filter.dims[2 + i], 1), window.dilations[i]));
    size = d.add(size, 1 + getOutputPadding()[i] - window.padBegin(i) - window.padEnd(i));
    if (size.constant() && *size.constant() < 1)
      return emitOpError("the result would have size ")
             << *size.constant() << " on spatial axis " << i << "; expected 1 or more"; // C5
    spatial.push_back(size);
  }
  auto dims = axes.make<Dim>(x.dims[0], d.mul(filter.dims[1], getGroup()), spatial);
  results.push_back({x.elementType, {dims.begin(), dims.end()}, std::nullopt});
  return success();
}

/// Which operand position a result position gets tap `tap` from: p = (q + pad - tap * dilation) / stride, where that is
/// an integer in [0, size); `ok` says whether it is.
static CheckedIndex transposedPosition(OpBuilder &b, Location loc, const Window &window, size_t axis, Value q,
                                       Value tap, Value size) {
  auto constant = [&](int64_t v) { return constantIndex(b, loc, v); };
  Value offset = subIndex(b, loc, addIndex(b, loc, q, constant(window.padBegin(axis))),
                          mulIndex(b, loc, tap, constant(window.dilations[axis])));
  Value p = offset;
  if (window.strides[axis] != 1)
    p = arith::DivSIOp::create(b, loc, offset, constant(window.strides[axis]));
  // Unsigned: negative positions are huge. Offsets in (-stride, 0) round to 0, but are no multiple of the stride.
  Value ok = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, p, size);
  if (window.strides[axis] != 1)
    ok =
        arith::AndIOp::create(b, loc, ok, isEqual(b, loc, mulIndex(b, loc, p, constant(window.strides[axis])), offset));
  return {p, ok};
}

LogicalResult ConvTransposeOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                         ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &filter = operands[1], &result = results[0];
  Window window{getStrides(), getDilations(), getPads()};
  ActivationAxes axes{x.rank(), getChannelsLast()};
  Type sumType = computeType(x.elementType);
  DimContext &d = k.dims();
  Value channels = agreeingSize(k, b, getLoc(), filter.dims[0], x.dims[axes.channel()],
                                "the filter's channels differ from the operand's");
  Value perGroup = getGroup() == 1 ? channels : k.size(d.floorDiv(filter.dims[0], getGroup()));
  Value outputsPerGroup = k.size(filter.dims[1]);
  k.parallelNest(b, getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    ActivationIndex index = splitIndex(axes, at);
    Value base = groupBase(b, loc, getGroup(), index.channel, outputsPerGroup, perGroup);
    Value output = index.channel;
    if (getGroup() != 1)
      output = b.createOrFold<arith::RemUIOp>(loc, output, maxIndex(b, loc, outputsPerGroup, constantIndex(b, loc, 1)));
    Value zero = constantScalar(b, loc, sumType, 0);
    SmallVector<Value> kernel = sizesOf(k, ArrayRef(filter.dims).drop_front(2));
    Value sum =
        reduceNest(b, loc, kernel, {zero}, [&](OpBuilder &b, Location loc, ValueRange taps, ValueRange carried) {
          SmallVector<Value> from;
          Value inside;
          for (auto [i, tap] : llvm::enumerate(taps)) {
            CheckedIndex p =
                transposedPosition(b, loc, window, i, index.spatial[i], tap, k.size(x.dims[axes.spatial(i)]));
            from.push_back(p.index);
            inside = inside ? Value(arith::AndIOp::create(b, loc, inside, p.ok)) : p.ok;
          }
          auto branch = scf::IfOp::create(b, loc, TypeRange{sumType}, inside, /*withElseRegion=*/true);
          OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
          auto partial = reduceNest(thenBuilder, loc, {perGroup}, carried,
                                    [&](OpBuilder &b, Location loc, ValueRange c, ValueRange sum) {
                                      Value channel = getGroup() == 1 ? c[0] : addIndex(b, loc, base, c[0]);
                                      SmallVector<Value> weight{channel, output};
                                      llvm::append_range(weight, taps);
                                      Value left = x.load(b, loc, axes.make<Value>(index.batch, channel, from)),
                                            right = filter.load(b, loc, weight);
                                      return SmallVector<Value>{multiplyAdd(k, b, loc, sum[0], left, right)};
                                    });
          scf::YieldOp::create(thenBuilder, loc, partial);
          scf::YieldOp::create(elseBuilder, loc, carried);
          return SmallVector<Value>{branch.getResult(0)};
        })[0];
    result.store(b, loc, sum, at);
  });
  return success();
}

bool ConvTransposeOp::allowsEpilogue() { return true; }

SmallVector<unsigned> ConvTransposeOp::factorsWorthRounding(ShapeAnalysis &) {
  return factorsOfConstantWeights(*this, {0, weightOperand()});
}

unsigned ConvTransposeOp::weightOperand() { return getFilterMutable().getOperandNumber(); }
int64_t ConvTransposeOp::channelAxis() {
  return getChannelsLast() ? cast<RankedTensorType>(getType()).getRank() - 1 : 1;
}
int64_t ConvTransposeOp::weightAxis() { return getGroup() == 1 ? 1 : -1; }

Dim ConvTransposeOp::flops(ShapeAnalysis &shapes) {
  ArrayRef<Dim> filter = shapes.dimsOf(getFilter());
  return convolutionFlops(*this, shapes, getX(), getResult(), shapes.dims().mul(filter[0], filter[1]));
}

// ---- col2im

/// Sizes of a block. One that only the run knows counts as at least 1, so that it can divide.
static SmallVector<Dim> blockSizes(DimContext &d, ArrayRef<Dim> block) {
  return llvm::map_to_vector(block, [&](Dim size) { return d.max(size, d.constant(1)); });
}

LogicalResult Col2ImOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  if (x.rank() != 3)
    return emitOpError("operand has rank ") << x.rank() << "; expected 3"; // C1
  auto image = shapes.elements(getImageShape()), block = shapes.elements(getBlockShape());
  auto count = [](const auto &list) {
    return list ? std::to_string(list->size()) : std::string("an unknown number of");
  };
  if (!image || !block || image->size() != block->size())
    return emitOpError("imageShape has ")
           << count(image) << " elements and blockShape " << count(block) << "; expected one known number"; // C2
  size_t rank = block->size();
  Window window{getStrides(), getDilations(), getPads()};
  if (failed(verifyWindow(*this, window, rank))) // C2
    return failure();
  DimContext &d = shapes.dims();
  for (size_t i = 0; i < rank; ++i)
    if (auto size = (*block)[i].constant(); size && (*size < 1 || *size > kMaxWindowParameter))
      return emitOpError("blockShape[") << i << "] is " << *size << "; expected 1 to " << kMaxWindowParameter; // C2
  SmallVector<Dim> sizes = blockSizes(d, *block);
  Dim blocks = d.constant(1), rows = d.product(sizes);
  for (size_t i = 0; i < rank; ++i) {
    auto positions = windowPositions(*this, d, window, i, (*image)[i], sizes[i]);
    if (failed(positions))
      return failure();
    blocks = d.mul(blocks, *positions);
  }
  if (auto own = x.dims[1].constant(), wanted = rows.constant(); own && wanted && *own % *wanted != 0)
    return emitOpError("operand's second size is ")
           << *own << "; expected a multiple of the block's size " << *wanted;                         // C3
  if (failed(verifySameSize(*this, x.dims[2], blocks, "operand's third size, the number of blocks,"))) // C3
    return failure();
  ShapeInfo info{x.elementType, {x.dims[0], d.floorDiv(x.dims[1], rows)}, std::nullopt};
  llvm::append_range(info.dims, *image);
  results.push_back(std::move(info));
  return success();
}

LogicalResult Col2ImOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &result = results[0];
  Window window{getStrides(), getDilations(), getPads()};
  DimContext &d = k.dims();
  SmallVector<Value> block, positions;
  Value blockSize = constantIndex(b, getLoc(), 1);
  Dim blocks = d.constant(1);
  for (auto [i, size] : llvm::enumerate(blockSizes(d, *k.shapes().elements(getBlockShape())))) {
    auto count = windowPositions(*this, d, window, i, result.dims[2 + i], size);
    if (failed(count))
      return failure();
    positions.push_back(k.size(*count));
    blocks = d.mul(blocks, *count);
    block.push_back(k.size(size));
    blockSize = mulIndex(b, getLoc(), blockSize, block.back());
  }
  // When the number of blocks is not what the sizes need, reads stay below the smaller.
  Value limit = agreeingSize(k, b, getLoc(), x.dims[2], blocks, "the number of blocks does not fit the image");
  Type type = computeType(x.elementType);
  k.parallelNest(b, getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    Value base = mulIndex(b, loc, at[1], blockSize), zero = constantScalar(b, loc, type, 0);
    Value sum = reduceNest(b, loc, block, {zero}, [&](OpBuilder &b, Location loc, ValueRange taps, ValueRange carried) {
      Value inside, row = constantIndex(b, loc, 0), column = row;
      for (auto [i, tap] : llvm::enumerate(taps)) {
        CheckedIndex p = transposedPosition(b, loc, window, i, at[2 + i], tap, positions[i]);
        inside = inside ? Value(arith::AndIOp::create(b, loc, inside, p.ok)) : p.ok;
        row = addIndex(b, loc, mulIndex(b, loc, row, block[i]), tap);
        column = addIndex(b, loc, mulIndex(b, loc, column, positions[i]), p.index);
      }
      inside = arith::AndIOp::create(b, loc, inside, isLess(b, loc, column, limit));
      auto branch = scf::IfOp::create(b, loc, TypeRange{type}, inside, /*withElseRegion=*/true);
      OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
      Value v = x.load(thenBuilder, loc, {at[0], addIndex(thenBuilder, loc, base, row), column});
      scf::YieldOp::create(thenBuilder, loc, addScalar(thenBuilder, loc, carried[0], v, k.mayReassociate()));
      scf::YieldOp::create(elseBuilder, loc, carried);
      return SmallVector<Value>{branch.getResult(0)};
    })[0];
    result.store(b, loc, sum, at);
  });
  return success();
}

bool Col2ImOp::allowsEpilogue() { return true; }
