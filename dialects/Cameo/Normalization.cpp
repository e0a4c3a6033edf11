// Normalization.cpp - layer, RMS, group and local response normalization: shapes and loops.
#include "ReductionHelpers.h"
#include "WindowHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/NormalizationOps.cpp.inc"

namespace cameo {
void registerNormalizationOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/NormalizationOps.cpp.inc"
      >();
}
} // namespace cameo

static Value toType(OpBuilder &b, Location loc, Value x, Type type) {
  return convertScalar(b, loc, x, x.getType(), type);
}

// ---- statistics of a row

namespace {
/// What brings a row's elements to mean 0 and variance 1: (x - mean) * inverse. No mean: only scaled.
struct RowStatistics {
  Value mean, inverse;
  Value apply(OpBuilder &b, Location loc, Value x) const {
    if (mean)
      x = arith::SubFOp::create(b, loc, x, mean);
    return arith::MulFOp::create(b, loc, x, inverse);
  }
};
} // namespace

/// Statistics of the elements that `load` gives over [0, dims); with `centre` the mean comes first, in a pass of its
/// own, because the difference of two large sums of squares would lose precision.
static RowStatistics rowStatistics(KernelEmitter &k, OpBuilder &b, Location loc, Type element, ArrayRef<Dim> dims,
                                   float epsilon, bool centre,
                                   llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> load) {
  SmallVector<Value> sizes = sizesOf(k, dims);
  RowStatistics s;
  Value mean;
  if (centre) {
    mean = sumNest(k, b, loc, element, sizes, load);
    mean = arith::DivFOp::create(b, loc, mean, countAs(k, b, loc, dims, mean.getType()));
    s.mean = toType(b, loc, mean, computeType(element));
  }
  Value squares = sumNest(k, b, loc, element, sizes, [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
    Type wide = accumulatorType(k, element);
    Value x = toType(b, loc, load(b, loc, at), wide);
    if (mean)
      x = arith::SubFOp::create(b, loc, x, mean);
    return arith::MulFOp::create(b, loc, x, x);
  });
  Type type = squares.getType();
  Value variance = arith::DivFOp::create(b, loc, squares, countAs(k, b, loc, dims, type));
  Value root = math::SqrtOp::create(
      b, loc, Value(arith::AddFOp::create(b, loc, variance, constantScalar(b, loc, type, epsilon))));
  s.inverse =
      toType(b, loc, Value(arith::DivFOp::create(b, loc, constantScalar(b, loc, type, 1), root)), computeType(element));
  return s;
}

static LogicalResult checkElementTypes(Operation *op) {
  Type first = getElementTypeOrSelf(op->getOperand(0).getType());
  for (Value v : op->getOperands())
    if (getElementTypeOrSelf(v.getType()) != first)
      return op->emitOpError("has operands of element types ")
             << first << " and " << getElementTypeOrSelf(v.getType()) << "; expected the same";
  return success();
}

// ---- layer_norm, rms_norm

static LogicalResult inferRowNorm(Operation *op, int64_t axis, ShapeAnalysis &shapes,
                                  SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(op->getOperand(0));
  if (failed(normalizeAxis(op, axis, x.rank())) || failed(checkElementTypes(op))) // C1, C3
    return failure();
  for (Value v : op->getOperands().drop_front()) {
    ArrayRef<Dim> dims = shapes.dimsOf(v);
    bool fits = int64_t(dims.size()) <= x.rank();
    for (size_t i = 0; fits && i < dims.size(); ++i) {
      Dim own = dims[dims.size() - 1 - i], wanted = x.dims[x.rank() - 1 - i];
      fits = !own.constant() || own.isConstant(1) || !wanted.constant() || own == wanted;
    }
    if (!fits)
      return op->emitOpError("operand ") << (v == op->getOperand(1) ? "scale" : "bias") << " has shape "
                                         << formatShape(dims) << ", which does not broadcast to the input's "
                                         << formatShape(x.dims); // C2
  }
  results.push_back({x.elementType, x.dims, std::nullopt});
  return success();
}

static LogicalResult emitRowNorm(Operation *op, KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                 const KernelTensor &y, int64_t axis, float epsilon, bool centre) {
  const KernelTensor &x = operands[0], &scale = operands[1];
  const KernelTensor *bias = operands.size() > 2 && operands[2] ? &operands[2] : nullptr;
  axis = axis < 0 ? axis + x.rank() : axis;
  ArrayRef<Dim> dims = x.dims, row = dims.drop_front(axis);
  k.parallelNest(b, op->getLoc(), dims.take_front(axis), [&](OpBuilder &b, Location loc, ValueRange outer) {
    auto position = [&](ValueRange inner) {
      SmallVector<Value> at(outer);
      at.append(inner.begin(), inner.end());
      return at;
    };
    RowStatistics s =
        rowStatistics(k, b, loc, x.elementType, row, epsilon, centre,
                      [&](OpBuilder &b, Location loc, ValueRange inner) { return x.load(b, loc, position(inner)); });
    loopNest(b, loc, sizesOf(k, row), [&](OpBuilder &b, Location loc, ValueRange inner) {
      SmallVector<Value> at = position(inner);
      Value v = s.apply(b, loc, x.load(b, loc, at));
      v = arith::MulFOp::create(b, loc, v, scale.load(b, loc, broadcastIndices(b, loc, k, scale, dims, at)));
      if (bias)
        v = arith::AddFOp::create(b, loc, v, bias->load(b, loc, broadcastIndices(b, loc, k, *bias, dims, at)));
      y.store(b, loc, v, at);
    });
  });
  return success();
}

LogicalResult LayerNormOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferRowNorm(*this, getAxis(), shapes, results);
}
/// `perElement` for each element of x, `perRow` for each of the `rows` that have a mean and variance of their own.
static Dim normFlops(ShapeAnalysis &shapes, Value x, int64_t perElement, Dim rows, int64_t perRow) {
  return shapes.dims().add(shapes.dims().mul(shapes.numElements(x), perElement), shapes.dims().mul(rows, perRow));
}
static Dim rowsBefore(ShapeAnalysis &shapes, Value x, int64_t axis) {
  return shapes.dims().product(shapes.dimsOf(x).take_front(axisFromFront(axis, shapes.rank(x))));
}

Dim LayerNormOp::flops(ShapeAnalysis &shapes) {
  return normFlops(shapes, getX(), getBias() ? 8 : 7, rowsBefore(shapes, getX(), getAxis()), 5);
}
Dim RmsNormOp::flops(ShapeAnalysis &shapes) {
  return normFlops(shapes, getX(), 4, rowsBefore(shapes, getX(), getAxis()), 4);
}
Dim GroupNormOp::flops(ShapeAnalysis &shapes) {
  Dim groups = getGroups() ? shapes.dims().constant(getGroups()) : shapes.dim(getX(), 1);
  return normFlops(shapes, getX(), 8, shapes.dims().mul(shapes.dim(getX(), 0), groups), 5);
}
Dim LrnOp::flops(ShapeAnalysis &shapes) {
  DimContext &d = shapes.dims();
  int64_t size = getSize(), before = (size - 1) / 2;
  int64_t stride = 1, dilation = 1, pads[] = {before, size - 1 - before};
  Dim channels = shapes.dim(getX(), 1);
  Dim squares = countTapsInside(d, Window{stride, dilation, pads}, 0, channels, channels, d.constant(size));
  Dim places = d.mul(shapes.dim(getX(), 0), d.product(shapes.dimsOf(getX()).drop_front(2)));
  return d.add(d.mul(d.mul(squares, places), 2), d.mul(shapes.numElements(getX()), 4));
}

LogicalResult LayerNormOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                     ArrayRef<KernelTensor> results) {
  return emitRowNorm(*this, k, b, operands, results[0], getAxis(), getEpsilon().convertToFloat(), /*centre=*/true);
}
bool LayerNormOp::allowsEpilogue() { return true; }

LogicalResult RmsNormOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferRowNorm(*this, getAxis(), shapes, results);
}
LogicalResult RmsNormOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                   ArrayRef<KernelTensor> results) {
  return emitRowNorm(*this, k, b, operands, results[0], getAxis(), getEpsilon().convertToFloat(), /*centre=*/false);
}
bool RmsNormOp::allowsEpilogue() { return true; }

// ---- group_norm

LogicalResult GroupNormOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  if (x.rank() < 2)
    return emitOpError("operand has shape ") << formatShape(x.dims) << "; expected [batch, channels, ...]"; // C1
  if (failed(checkElementTypes(*this)))                                                                     // C4
    return failure();
  auto channels = x.dims[1].constant();
  int64_t groups = getGroups();
  if (groups < 0 || (groups > 0 && channels && *channels % groups != 0))
    return emitOpError("has ") << formatShape(x.dims[1]) << " channels and " << groups
                               << " groups; expected a number of groups that divides the channels"; // C2
  for (Value v : {getScale(), getBias()}) {
    ArrayRef<Dim> dims = shapes.dimsOf(v);
    if (dims.size() != 1 || (channels && dims[0].constant() && dims[0] != x.dims[1]))
      return emitOpError(v == getScale() ? "scale" : "bias")
             << " has shape " << formatShape(dims) << "; expected one value for each of the " << formatShape(x.dims[1])
             << " channels"; // C3
  }
  results.push_back({x.elementType, x.dims, std::nullopt});
  return success();
}

LogicalResult GroupNormOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                     ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &scale = operands[1], &bias = operands[2], &y = results[0];
  DimContext &d = k.dims();
  Dim groups = getGroups() ? d.constant(getGroups()) : x.dims[1];
  Dim perGroup = getGroups() ? d.floorDiv(x.dims[1], getGroups()) : d.constant(1);
  SmallVector<Dim> row{perGroup};
  row.append(x.dims.begin() + 2, x.dims.end());
  k.parallelNest(b, getLoc(), {x.dims[0], groups}, [&](OpBuilder &b, Location loc, ValueRange outer) {
    Value first = arith::MulIOp::create(b, loc, outer[1], k.size(perGroup));
    auto channelOf = [&](OpBuilder &b, Location loc, Value j) {
      return Value(arith::AddIOp::create(b, loc, first, j));
    };
    auto position = [&](OpBuilder &b, Location loc, Value channel, ValueRange spatial) {
      SmallVector<Value> at{outer[0], channel};
      at.append(spatial.begin(), spatial.end());
      return at;
    };
    RowStatistics s =
        rowStatistics(k, b, loc, x.elementType, row, getEpsilon().convertToFloat(), /*centre=*/true,
                      [&](OpBuilder &b, Location loc, ValueRange inner) {
                        return x.load(b, loc, position(b, loc, channelOf(b, loc, inner[0]), inner.drop_front()));
                      });
    loopNest(b, loc, k.size(perGroup), [&](OpBuilder &b, Location loc, ValueRange j) {
      Value channel = channelOf(b, loc, j[0]);
      Value factor = scale.load(b, loc, channel), offset = bias.load(b, loc, channel);
      loopNest(b, loc, sizesOf(k, ArrayRef(row).drop_front()), [&](OpBuilder &b, Location loc, ValueRange spatial) {
        SmallVector<Value> at = position(b, loc, channel, spatial);
        Value v = arith::MulFOp::create(b, loc, s.apply(b, loc, x.load(b, loc, at)), factor);
        y.store(b, loc, arith::AddFOp::create(b, loc, v, offset), at);
      });
    });
  });
  return success();
}
bool GroupNormOp::allowsEpilogue() { return true; }

// ---- lrn

LogicalResult LrnOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  if (x.rank() < 2)
    return emitOpError("operand has shape ") << formatShape(x.dims) << "; expected [batch, channels, ...]"; // C1
  if (getSize() < 1)
    return emitOpError("size is ") << getSize() << "; expected 1 or more"; // C2
  results.push_back({x.elementType, x.dims, std::nullopt});
  return success();
}

LogicalResult LrnOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                               ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &y = results[0];
  Type type = computeType(x.elementType);
  int64_t before = int64_t(getSize() - 1) / 2, behind = int64_t(getSize()) - 1 - before;
  SmallVector<Dim> spatial(x.dims.begin() + 2, x.dims.end());
  k.parallelNest(b, getLoc(), ArrayRef(x.dims).take_front(2), [&](OpBuilder &b, Location loc, ValueRange outer) {
    Value zero = constantIndex(b, loc, 0), channel = outer[1];
    Value from = arith::MaxSIOp::create(b, loc, zero,
                                        Value(arith::SubIOp::create(b, loc, channel, constantIndex(b, loc, before))));
    Value behindLast = arith::AddIOp::create(b, loc, channel, constantIndex(b, loc, behind + 1));
    Value to = arith::MinSIOp::create(b, loc, k.size(x.dims[1]), behindLast);
    Value window = arith::SubIOp::create(b, loc, to, from);
    loopNest(b, loc, sizesOf(k, spatial), [&](OpBuilder &b, Location loc, ValueRange inner) {
      auto at = [&](Value c) {
        SmallVector<Value> indices{outer[0], c};
        indices.append(inner.begin(), inner.end());
        return indices;
      };
      Value squares = sumNest(k, b, loc, x.elementType, window, [&](OpBuilder &b, Location loc, ValueRange j) -> Value {
        Value v = x.load(b, loc, at(arith::AddIOp::create(b, loc, from, j[0])));
        return arith::MulFOp::create(b, loc, v, v);
      });
      Value scaled =
          arith::MulFOp::create(b, loc, toType(b, loc, squares, type),
                                constantScalar(b, loc, type, getAlpha().convertToFloat() / double(getSize())));
      Value base = arith::AddFOp::create(b, loc, scaled, constantScalar(b, loc, type, getBias().convertToFloat()));
      Value power = math::PowFOp::create(b, loc, base, constantScalar(b, loc, type, getBeta().convertToFloat()));
      y.store(b, loc, arith::DivFOp::create(b, loc, x.load(b, loc, at(channel)), power), at(channel));
    });
  });
  return success();
}
bool LrnOp::allowsEpilogue() { return true; }
