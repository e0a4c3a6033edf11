// Pooling.cpp - pools, global pools (reductions), MaxUnpool, MaxRoiPool, RoiAlign.
#include "Pooling.h"
#include "WindowAttributes.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// A pool's window, its pads as far as they are constants.
struct Pool {
  Value x;
  SmallVector<int64_t> kernel, strides, dilations, pads;
  /// Pads that the run computes (auto_pad of dynamic sizes); empty when `pads` are all.
  SmallVector<Dim> dynamicPads;
  bool ceilMode;
};

FailureOr<SmallVector<int64_t>> kernelShape(OpBinder &op, int64_t rank) {
  auto kernel = op.intsAttr("kernel_shape");
  if (!kernel)
    return op.error("E-ATTR", "kernel_shape is missing; expected one entry per spatial axis");
  return spatialAttr(op, "kernel_shape", rank - 2, 1, 1);
}

FailureOr<Pool> readPool(OpBinder &op, Value x) {
  if (op.rank(x) < 3)
    return op.error("E-SHAPE", "input '" + op.node.inputs[0] + "' has rank " + Twine(op.rank(x)) +
                                   "; expected 3 or more (batch, channels and spatial axes)");
  auto kernel = kernelShape(op, op.rank(x));
  if (failed(kernel))
    return failure();
  auto sizes = llvm::map_to_vector(*kernel, [&](int64_t size) { return op.dims().constant(size); });
  auto window = windowAttributes(op, op.shapes().dimsOf(x).drop_front(2), sizes);
  if (failed(window))
    return failure();
  Pool pool{x, *kernel, window->strides, window->dilations, {}, {}, op.intAttr("ceil_mode", 0) != 0};
  if (auto pads = window->constantPads()) {
    pool.pads = *pads;
  } else {
    pool.pads.assign(window->pads.size(), 0);
    pool.dynamicPads = window->pads;
  }
  return pool;
}

template <typename OpT, typename... Extra> Value createPool(OpBinder &op, const Pool &pool, Value x, Extra... extra) {
  if (!x)
    return {};
  return op.create<OpT>(x, ArrayRef<int64_t>(pool.kernel), ArrayRef<int64_t>(pool.strides),
                        ArrayRef<int64_t>(pool.dilations), ArrayRef<int64_t>(pool.pads), pool.ceilMode,
                        /*channelsLast=*/false, extra...);
}

/// The lowest value of a type, which padding of a maximum is made of.
double lowestValue(Type type) {
  if (isa<FloatType>(type))
    return -std::numeric_limits<double>::infinity();
  return type.isUnsignedInteger() ? 0.0 : -std::ldexp(1.0, type.getIntOrFloatBitWidth() - 1);
}

LogicalResult maxPool(OpBinder &op) {
  auto pool = readPool(op, op.input(0));
  if (failed(pool))
    return failure();
  bool columnMajor = op.intAttr("storage_order", 0) != 0;
  Value x = pool->x;
  if (!pool->dynamicPads.empty()) {
    if (op.hasOutput(1))
      return op.unsupported("indices with an auto_pad that follows from sizes known only at run time; give input '" +
                            op.node.inputs[0] + "' fixed spatial sizes");
    x = padSpatial(op, x, pool->dynamicPads, lowestValue(op.elementType(x)));
  }
  if (!op.hasOutput(1)) {
    Value y = createPool<MaxPoolOp>(op, *pool, x, columnMajor);
    return y ? op.result(y) : failure();
  }
  auto both = op.createWithResults<MaxPoolOp>(2, x, ArrayRef<int64_t>(pool->kernel), ArrayRef<int64_t>(pool->strides),
                                              ArrayRef<int64_t>(pool->dilations), ArrayRef<int64_t>(pool->pads),
                                              pool->ceilMode, /*channelsLast=*/false, columnMajor);
  return success(both && succeeded(op.result(0, both.getResult())) && succeeded(op.result(1, both.getIndices())));
}

} // namespace

Value cameo::onnx::channelsFirst(OpBinder &op, Value x) {
  if (!x)
    return {};
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, op.rank(x)));
  if (order.size() > 2)
    std::rotate(order.begin() + 1, order.end() - 1, order.end());
  return op.transpose(x, order);
}

Value cameo::onnx::channelsLast(OpBinder &op, Value x) {
  if (!x)
    return {};
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, op.rank(x)));
  if (order.size() > 2)
    std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  return op.transpose(x, order);
}

Value cameo::onnx::averagePoolOf(OpBinder &op, Value x) {
  auto pool = readPool(op, x);
  if (failed(pool))
    return {};
  bool countIncludePad = op.intAttr("count_include_pad", 0) != 0;
  if (pool->dynamicPads.empty())
    return createPool<AveragePoolOp>(op, *pool, pool->x, countIncludePad);
  // Padding is made by an op of its own; where it shall not count, the mean is divided by the mean of ones padded
  // alike.
  Value y = createPool<AveragePoolOp>(op, *pool, padSpatial(op, pool->x, pool->dynamicPads, 0.0), false);
  if (y && !countIncludePad) {
    Value shape = op.sizes(op.shapes().dimsOf(pool->x));
    Value ones = shape ? op.create<ExpandOp>(op.scalar(op.elementType(pool->x), 1.0), shape) : Value();
    Value share =
        ones ? createPool<AveragePoolOp>(op, *pool, padSpatial(op, ones, pool->dynamicPads, 0.0), false) : Value();
    y = share ? op.create<DivOp>(y, share) : Value();
  }
  return y;
}

namespace {

/// com.microsoft's pool of integers, whose channels are last.
LogicalResult nhwcMaxPool(OpBinder &op) {
  Value x = op.input(0);
  if (Type type = op.elementType(x); !type.isInteger(8))
    return op.error("E-DTYPE",
                    "input '" + op.node.inputs[0] + "' has type " + op.typeName(type) + "; expected int8 or uint8");
  Value moved = channelsFirst(op, x);
  auto pool = moved ? readPool(op, moved) : FailureOr<Pool>(failure());
  if (failed(pool))
    return failure();
  if (!pool->dynamicPads.empty())
    moved = padSpatial(op, moved, pool->dynamicPads, lowestValue(op.elementType(x)));
  return op.result(channelsLast(op, createPool<MaxPoolOp>(op, *pool, moved, /*columnMajor=*/false)));
}

LogicalResult averagePool(OpBinder &op) { return op.result(averagePoolOf(op, op.input(0))); }

/// The attribute `p`: a float in version 1, an integer since 2.
double normAttr(OpBinder &op) { return op.opset() < 2 ? op.floatAttr("p", 2.0) : double(op.intAttr("p", 2)); }

LogicalResult lpPool(OpBinder &op) {
  auto pool = readPool(op, op.input(0));
  if (failed(pool))
    return failure();
  double p = normAttr(op);
  if (!(p > 0))
    return op.error("E-ATTR", "p is " + Twine(int64_t(p)) + "; expected more than 0");
  Value x = pool->dynamicPads.empty() ? pool->x : padSpatial(op, pool->x, pool->dynamicPads, 0.0);
  Value y = createPool<LpPoolOp>(op, *pool, x, llvm::APFloat(float(p)));
  return y ? op.result(y) : failure();
}

Value reduceSpatial(OpBinder &op, Value x, StringRef kind) {
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, std::max<int64_t>(2, op.rank(x))));
  return x ? op.create<ReduceOp>(x, ArrayRef<int64_t>(axes), kind, /*keepDims=*/true) : Value();
}

LogicalResult globalPool(OpBinder &op, StringRef kind) {
  Value y = reduceSpatial(op, op.input(0), kind);
  return y ? op.result(y) : failure();
}

LogicalResult globalLpPool(OpBinder &op) {
  double p = normAttr(op);
  if (!(p > 0))
    return op.error("E-ATTR", "p is " + Twine(int64_t(p)) + "; expected more than 0");
  Value x = op.input(0), size = op.create<AbsOp>(x);
  Type type = op.elementType(x);
  Value power = size ? op.create<PowOp>(size, op.scalar(type, p)) : Value();
  Value sum = power ? reduceSpatial(op, power, "sum") : Value();
  Value y = sum ? op.create<PowOp>(sum, op.scalar(type, 1.0 / p)) : Value();
  return y ? op.result(y) : failure();
}

LogicalResult maxUnpool(OpBinder &op) {
  Value x = op.input(0);
  if (op.rank(x) < 3)
    return op.error("E-SHAPE",
                    "input '" + op.node.inputs[0] + "' has rank " + Twine(op.rank(x)) + "; expected 3 or more");
  size_t spatial = op.rank(x) - 2;
  auto kernel = kernelShape(op, op.rank(x));
  auto strides = spatialAttr(op, "strides", spatial, 1, 1), pads = spatialAttr(op, "pads", 2 * spatial, 0, 0);
  if (failed(kernel) || failed(strides) || failed(pads))
    return failure();
  // Indices count in the shape that the pool came from; a larger output_shape adds zeros at the ends.
  DimContext &d = op.dims();
  SmallVector<Dim> shape(op.shapes().dimsOf(x));
  for (size_t i = 0; i < spatial; ++i)
    shape[2 + i] =
        d.add(d.mul(d.sub(shape[2 + i], 1), (*strides)[i]), (*kernel)[i] - (*pads)[i] - (*pads)[spatial + i]);
  Value sizes = op.sizes(shape);
  Value y = sizes ? op.create<MaxUnpoolOp>(x, op.input(1), sizes) : Value();
  if (!y || !op.hasInput(2))
    return y ? op.result(y) : failure();
  auto wanted = op.shapes().elements(op.input(2));
  if (!wanted || wanted->size() != shape.size())
    return op.error("E-SHAPE", "input '" + op.node.inputs[2] + "', the output shape, needs " + Twine(shape.size()) +
                                   " elements, one per axis");
  SmallVector<Dim> amounts(2 * shape.size(), d.constant(0));
  for (size_t i = 0; i < shape.size(); ++i)
    amounts[shape.size() + i] = d.sub((*wanted)[i], shape[i]);
  Value padding = op.sizes(amounts);
  y = padding ? op.create<PadOp>(y, padding, op.scalar(op.elementType(y), 0.0), "constant") : Value();
  return y ? op.result(y) : failure();
}

LogicalResult maxRoiPool(OpBinder &op) {
  auto cells = op.intsAttr("pooled_shape");
  if (!cells || cells->size() != 2 || (*cells)[0] < 1 || (*cells)[1] < 1)
    return op.error("E-ATTR", "pooled_shape needs two entries of 1 or more");
  return op.result(op.create<MaxRoiPoolOp>(op.input(0), op.input(1), (*cells)[0], (*cells)[1],
                                           llvm::APFloat(float(op.floatAttr("spatial_scale", 1.0)))));
}

LogicalResult roiAlign(OpBinder &op) {
  StringRef mode = op.stringAttr("mode", "avg");
  StringRef transform =
      op.stringAttr("coordinate_transformation_mode", op.opset() < 16 ? "output_half_pixel" : "half_pixel");
  if (mode != "avg" && mode != "max")
    return op.error("E-ATTR", "mode is '" + mode + "'; expected avg or max");
  if (transform != "half_pixel" && transform != "output_half_pixel")
    return op.error("E-ATTR",
                    "coordinate_transformation_mode is '" + transform + "'; expected half_pixel or output_half_pixel");
  int64_t height = op.intAttr("output_height", 1), width = op.intAttr("output_width", 1),
          ratio = op.intAttr("sampling_ratio", 0);
  if (height < 1 || width < 1 || ratio < 0)
    return op.error("E-ATTR", "output_height is " + Twine(height) + ", output_width " + Twine(width) +
                                  ", sampling_ratio " + Twine(ratio) + "; expected 1 or more, 1 or more, 0 or more");
  Value rois = op.cast(op.input(1), op.elementType(op.input(0)));
  return op.result(op.create<RoiAlignOp>(op.input(0), rois, op.cast(op.input(2), op.builder.getI64Type()), height,
                                         width, ratio, llvm::APFloat(float(op.floatAttr("spatial_scale", 1.0))),
                                         transform == "half_pixel", mode == "max"));
}

// ---- as ONNX

template <typename OpT>
LogicalResult exportPool(OpT op, NodeBuilder &b, StringRef name, SmallVector<NodeAttribute> attributes) {
  attributes.append({{"kernel_shape", op.getKernel()},
                     {"strides", op.getStrides()},
                     {"dilations", op.getDilations()},
                     {"pads", op.getPads()},
                     {"ceil_mode", op.getCeilMode()}});
  int64_t rank = b.rank(op.getX());
  Edge x = b.channelsFirst(b(op.getX()), rank, op.getChannelsLast());
  SmallVector<Edge> results = b.nodes(name, {x}, attributes, op->getNumResults());
  for (Edge &y : results)
    y = b.channelsLast(y, rank, op.getChannelsLast());
  return b.results(results);
}

LogicalResult exportMaxPool(MaxPoolOp op, NodeBuilder &b) {
  return exportPool(op, b, "MaxPool", {{"storage_order", op.getColumnMajor()}});
}

LogicalResult exportAveragePool(AveragePoolOp op, NodeBuilder &b) {
  return exportPool(op, b, "AveragePool", {{"count_include_pad", op.getCountIncludePad()}});
}

LogicalResult exportLpPool(LpPoolOp op, NodeBuilder &b) {
  float p = op.getP().convertToFloat();
  if (p != std::floor(p))
    return b.refuse("p is " + std::to_string(p) + ", and LpPool takes an integer");
  return exportPool(op, b, "LpPool", {{"p", int64_t(p)}});
}

/// Zeros with the elements scattered into them. MaxUnpool would need the kernel that the shape was computed from.
LogicalResult exportMaxUnpool(MaxUnpoolOp op, NodeBuilder &b) {
  Type type = b.elementType(op.getX());
  Edge shape = b(op.getShape()), size = b.node("ReduceProd", {shape}, {{"keepdims", 1}});
  Edge zeros = b.node("Expand", {b.number(type, 0), size});
  Edge flat = b.node("ScatterElements", {zeros, b.reshape(b(op.getIndices()), {-1}), b.reshape(b(op.getX()), {-1})});
  return b.result(b.node("Reshape", {flat, shape}));
}

LogicalResult exportMaxRoiPool(MaxRoiPoolOp op, NodeBuilder &b) {
  int64_t cells[] = {int64_t(op.getHeight()), int64_t(op.getWidth())};
  return b.result(b.node("MaxRoiPool", {b(op.getX()), b(op.getRois())},
                         {{"pooled_shape", ArrayRef<int64_t>(cells)}, {"spatial_scale", op.getScale()}}));
}

LogicalResult exportRoiAlign(RoiAlignOp op, NodeBuilder &b) {
  return b.result(b.node("RoiAlign", b.operands(),
                         {{"mode", op.getMaximum() ? "max" : "avg"},
                          {"coordinate_transformation_mode", op.getHalfPixel() ? "half_pixel" : "output_half_pixel"},
                          {"output_height", op.getHeight()},
                          {"output_width", op.getWidth()},
                          {"sampling_ratio", op.getSamplingRatio()},
                          {"spatial_scale", op.getScale()}}));
}

} // namespace

namespace cameo::onnx {
void registerPoolingHandlers(HandlerTable &table) {
  table.on("MaxPool", 1, maxPool);
  table.onMicrosoft("NhwcMaxPool", "X", nhwcMaxPool);
  table.on("AveragePool", 1, averagePool);
  table.on("LpPool", 1, lpPool);
  table.on("GlobalMaxPool", 1, [](OpBinder &op) { return globalPool(op, "max"); });
  table.on("GlobalAveragePool", 1, [](OpBinder &op) { return globalPool(op, "mean"); });
  table.on("GlobalLpPool", 1, globalLpPool);
  table.on("MaxUnpool", 9, maxUnpool);
  table.on("MaxRoiPool", 1, maxRoiPool);
  table.on("RoiAlign", 10, roiAlign);

  table.exports<MaxPoolOp>(exportMaxPool);
  table.exports<AveragePoolOp>(exportAveragePool);
  table.exports<LpPoolOp>(exportLpPool);
  table.exports<MaxUnpoolOp>(exportMaxUnpool);
  table.exports<MaxRoiPoolOp>(exportMaxRoiPool);
  table.exports<RoiAlignOp>(exportRoiAlign);
}
} // namespace cameo::onnx
