// Resize.cpp - Resize, Upsample, GridSample, AffineGrid and CropAndResize.
// The dialect's resize wants sizes. Where a node gives scales, size = floor(scale * n), which stays a size formula when
// the scale is a constant.
#include "Axes.h"
#include "Compose.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// A number as an element of type `type` holds it, as a double.
double rounded(llvm::APFloat number, Type type = {}) {
  bool lossy;
  if (auto floatType = dyn_cast_or_null<FloatType>(type))
    number.convert(floatType.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &lossy);
  number.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lossy);
  return number.convertToDouble();
}

std::optional<SmallVector<double>> constantDoubles(Value v) {
  DenseFPElementsAttr attr;
  if (!v || !matchPattern(v, m_Constant(&attr)))
    return std::nullopt;
  return llvm::map_to_vector(attr.getValues<llvm::APFloat>(), [](const llvm::APFloat &f) { return rounded(f); });
}

using Elements = SmallVector<std::optional<double>>;

/// The elements of a vector of `count` floats, each where constants, conversions between floats and concatenations
/// tell it.
Elements knownElements(ShapeAnalysis &shapes, Value v, size_t count) {
  Elements known(count);
  if (auto values = constantDoubles(v); values && values->size() == count)
    llvm::copy(*values, known.begin());
  else if (auto cast = v.getDefiningOp<CastOp>(); cast && isa<FloatType>(getElementTypeOrSelf(cast.getX()))) {
    known = knownElements(shapes, cast.getX(), count);
    for (std::optional<double> &element : known)
      if (element)
        element = rounded(llvm::APFloat(*element), getElementTypeOrSelf(v));
  } else if (auto concat = v.getDefiningOp<ConcatOp>()) {
    Elements all;
    for (Value part : concat.getOperands()) {
      auto size = shapes.dim(part, 0).constant();
      if (!size || all.size() + *size > count)
        return known;
      llvm::append_range(all, knownElements(shapes, part, *size));
    }
    if (all.size() == count)
      return all;
  }
  return known;
}

/// A constant vector of f64.
Value vector(OpBinder &op, SmallVector<double> values) {
  auto type = RankedTensorType::get({int64_t(values.size())}, op.builder.getF64Type());
  return ConstantOp::create(op.builder, op.loc, type, DenseElementsAttr::get(type, ArrayRef<double>(values)));
}

/// Whether an optional input is given and not the empty tensor that version 11 allows in its place.
bool isGiven(OpBinder &op, size_t i) {
  if (!op.hasInput(i))
    return false;
  Value v = op.input(i);
  return !(op.rank(v) == 1 && op.shapes().dim(v, 0).isConstant(0));
}

/// scale as numerator / denominator, the denominator at most 64; denominator 0 when it is no such fraction.
std::pair<int64_t, int64_t> asFraction(double scale) {
  for (int64_t denominator = 1; denominator <= 64; ++denominator) {
    double numerator = std::round(scale * denominator);
    if (numerator >= 1 && numerator < 1e9 && float(numerator / denominator) == float(scale))
      return {int64_t(numerator), denominator};
  }
  return {0, 0};
}

struct Resize {
  SmallVector<int64_t> axes;
  StringRef mode = "nearest", transform = "half_pixel", nearest = "round_prefer_floor";
  float cubicA = -0.75f, extrapolation = 0.0f;
  bool excludeOutside = false, antialias = false;
  Value roi;
};

Value create(OpBinder &op, const Resize &r, Value sizes, Value scales) {
  if (!sizes)
    return {};
  return op.create<ResizeOp>(op.input(0), sizes, scales, r.roi, ArrayRef<int64_t>(r.axes), r.mode, r.transform,
                             r.nearest, llvm::APFloat(r.cubicA), llvm::APFloat(r.extrapolation), r.excludeOutside,
                             r.antialias);
}

/// floor(n * scale) for each axis by run-time arithmetic in f32, which is ONNX Runtime's. Null on failure.
Value scaledSizes(OpBinder &op, ArrayRef<int64_t> axes, Value scales) {
  SmallVector<Dim> dims = llvm::map_to_vector(axes, [&](int64_t axis) { return op.shapes().dim(op.input(0), axis); });
  Compose c{op};
  Type f32 = op.builder.getF32Type();
  // No size is negative: truncation is floor.
  return c.cast(c.mul(c.cast(op.sizes(dims), f32), c.cast(scales, f32)), op.builder.getI64Type());
}

/// The size of `n` elements times `scale`, and whether the two sizes tell the scale; null where only a run can
/// multiply them.
std::pair<Dim, bool> scaledSize(DimContext &d, Dim n, double scale) {
  auto [numerator, denominator] = asFraction(scale);
  if (denominator) {
    Dim scaled = d.mul(n, numerator), size = d.floorDiv(scaled, denominator);
    return {size, d.mul(size, denominator) == scaled};
  }
  if (n.constant())
    return {d.constant(int64_t(std::floor(float(*n.constant()) * float(scale)))), false};
  return {Dim(), false};
}

/// Axes whose size and scale say that nothing happens drop out; others keep their place in all lists.
LogicalResult withScales(OpBinder &op, Resize r, Value scales) {
  Value x = op.input(0);
  Dim count = op.rank(scales) == 1 ? op.shapes().dim(scales, 0) : Dim();
  if (!count || (count.constant() && !count.isConstant(r.axes.size())))
    return op.error("E-SHAPE", "scales has shape " + formatShape(op.shapes().dimsOf(scales)) + "; expected " +
                                   Twine(r.axes.size()) + " elements, one per axis");
  Elements known = knownElements(op.shapes(), scales, r.axes.size());
  SmallVector<Dim> sizes;
  SmallVector<int64_t> axes, places;
  bool exact = true; // sizes alone say the scales
  std::optional<SmallVector<Dim, 4>> computed;
  for (auto [i, axis] : llvm::enumerate(r.axes)) {
    Dim n = op.shapes().dim(x, axis), size;
    bool sizesTell = false;
    if (std::optional<double> scale = known[i]) {
      if (!(*scale > 0) || !std::isfinite(*scale))
        return op.error("E-ATTR",
                        "scales[" + Twine(i) + "] is " + std::to_string(*scale) + "; expected a number above 0");
      if (*scale == 1.0 && !r.roi)
        continue;
      std::tie(size, sizesTell) = scaledSize(op.dims(), n, *scale);
    }
    if (!size && !computed) {
      Value products = scaledSizes(op, r.axes, scales);
      computed = products ? op.shapes().elements(products) : std::nullopt;
      if (!computed)
        return failure();
    }
    exact &= sizesTell;
    axes.push_back(axis);
    places.push_back(i);
    sizes.push_back(size ? size : (*computed)[i]);
  }
  if (axes.empty())
    return op.result(x);
  if (exact)
    scales = {};
  else if (axes.size() < r.axes.size())
    scales = llvm::all_of(places, [&](int64_t i) { return known[i]; })
                 ? vector(op, llvm::map_to_vector(places, [&](int64_t i) { return *known[i]; }))
                 : op.create<GatherOp>(scales, op.i64(places), int64_t(0));
  r.axes = axes;
  // PyTorch means the size that the result has; scale * n, which ONNX's reference takes, may be more.
  if (r.transform == "align_corners" && op.isFromPyTorch())
    scales = {};
  Value y = create(op, r, op.sizes(sizes), scales);
  return y ? op.result(y) : failure();
}

/// All axes by the smallest (largest) of their scales, size / n: the axis sizes are that times n, halves away from
/// zero. Rounding is monotonic, so the size is the least (greatest) over the axes m of round(size_m n / n_m), which
/// integers can say.
LogicalResult withOneScale(OpBinder &op, Resize r, Value sizes, ArrayRef<Dim> wanted, bool smallest) {
  Compose c{op};
  DimContext &d = op.dims();
  SmallVector<Dim> own = llvm::map_to_vector(r.axes, [&](int64_t axis) { return op.shapes().dim(op.input(0), axis); }),
                   kept;
  for (Dim n : own) {
    Dim best;
    for (auto [size, other] : llvm::zip(wanted, own)) {
      Dim rounded = d.floorDiv(d.add(d.mul(d.mul(size, n), 2), other), d.mul(d.max(other, d.constant(1)), 2));
      best = !best ? rounded : smallest ? d.min(best, rounded) : d.max(best, rounded);
    }
    kept.push_back(best);
  }
  Type f64 = op.builder.getF64Type();
  Value scales = c.div(c.cast(sizes, f64), c.cast(op.sizes(own), f64));
  Value scale = c.reduce(scales, {0}, smallest ? "min" : "max");
  Value y = create(op, r, op.sizes(kept), c.make<ExpandOp>(scale, op.i64({int64_t(own.size())})));
  return y ? op.result(y) : failure();
}

LogicalResult withSizes(OpBinder &op, Resize r, Value sizes) {
  Value x = op.input(0);
  sizes = op.cast(sizes, op.builder.getI64Type());
  auto wanted = sizes ? op.shapes().elements(sizes) : std::nullopt;
  if (!wanted || wanted->size() != r.axes.size())
    return op.error("E-SHAPE", "sizes needs " + Twine(r.axes.size()) + " elements, one per axis");
  StringRef policy = op.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (policy == "not_larger" || policy == "not_smaller")
    return withOneScale(op, r, sizes, *wanted, policy == "not_larger");
  if (policy != "stretch")
    return op.error("E-ATTR",
                    "keep_aspect_ratio_policy is '" + policy + "'; expected stretch, not_larger or not_smaller");
  SmallVector<Dim> kept;
  SmallVector<int64_t> axes;
  for (auto [axis, size] : llvm::zip(r.axes, *wanted))
    if (r.roi || size != op.shapes().dim(x, axis)) {
      axes.push_back(axis);
      kept.push_back(size);
    }
  if (axes.empty())
    return op.result(x);
  bool all = axes.size() == r.axes.size();
  r.axes = axes;
  Value y = create(op, r, all ? sizes : op.sizes(kept), {});
  return y ? op.result(y) : failure();
}

LogicalResult resize(OpBinder &op) {
  Value x = op.input(0);
  Resize r;
  if (auto given = op.intsAttr("axes")) {
    auto axes = normalAxes(op, *given);
    if (failed(axes))
      return failure();
    r.axes = *axes;
  } else {
    r.axes = llvm::to_vector(llvm::seq<int64_t>(0, op.rank(x)));
  }
  r.mode = op.stringAttr("mode", "nearest");
  r.transform = op.stringAttr("coordinate_transformation_mode", "half_pixel");
  r.nearest = op.stringAttr("nearest_mode", "round_prefer_floor");
  r.cubicA = float(op.floatAttr("cubic_coeff_a", -0.75));
  r.extrapolation = float(op.floatAttr("extrapolation_value", 0.0));
  r.excludeOutside = op.intAttr("exclude_outside", 0) != 0;
  r.antialias = op.intAttr("antialias", 0) != 0;
  if (r.mode != "nearest" && r.mode != "linear" && r.mode != "cubic")
    return op.error("E-ATTR", "mode is '" + r.mode + "'; expected nearest, linear or cubic");
  if (r.transform == "tf_crop_and_resize") {
    if (!isGiven(op, 1))
      return op.error("E-ARITY", "coordinate_transformation_mode is tf_crop_and_resize, but there is no input roi");
    r.roi = op.input(1);
  }
  if (isGiven(op, 3))
    return withSizes(op, r, op.input(3));
  if (isGiven(op, 2))
    return withScales(op, r, op.input(2));
  return op.error("E-ARITY", "neither scales nor sizes are given; expected one of them");
}

/// Resize before version 11, and Upsample: positions p / s, the element below.
Resize upsampleDefaults(OpBinder &op) {
  Resize r;
  r.axes = llvm::to_vector(llvm::seq<int64_t>(0, op.rank(op.input(0))));
  StringRef mode = op.stringAttr("mode", "nearest");
  r.mode = mode == "bilinear" ? "linear" : mode;
  r.transform = "asymmetric";
  r.nearest = "floor";
  return r;
}

LogicalResult upsample(OpBinder &op) { return withScales(op, upsampleDefaults(op), op.input(1)); }

LogicalResult upsampleAttributes(OpBinder &op) {
  SmallVector<float> scales;
  if (op.opset() < 7)
    scales = {1.0f, 1.0f, float(op.floatAttr("height_scale", 1.0)), float(op.floatAttr("width_scale", 1.0))};
  else if (auto given = op.floatsAttr("scales"))
    scales = *given;
  return withScales(op, upsampleDefaults(op), vector(op, {scales.begin(), scales.end()}));
}

LogicalResult gridSample(OpBinder &op) {
  StringRef mode = op.stringAttr("mode", op.opset() < 20 ? "bilinear" : "linear");
  if (mode == "bilinear" || mode == "bicubic")
    mode = mode.drop_front(2);
  StringRef padding = op.stringAttr("padding_mode", "zeros");
  if (mode != "nearest" && mode != "linear" && mode != "cubic")
    return op.error("E-ATTR", "mode is '" + mode + "'; expected nearest, linear or cubic");
  if (padding != "zeros" && padding != "border" && padding != "reflection")
    return op.error("E-ATTR", "padding_mode is '" + padding + "'; expected zeros, border or reflection");
  Value x = op.input(0), grid = op.cast(op.input(1), op.elementType(x));
  if (!grid)
    return failure();
  return op.result(
      op.create<GridSampleOp>(x, grid, mode, padding, op.intAttr("align_corners", 0) != 0, /*inPixels=*/false));
}

/// Boxes of pictures, y0 x0 y1 x1 between 0 and 1, each resized to crop_size. Outside a picture lies
/// extrapolation_value.
LogicalResult cropAndResize(OpBinder &op) {
  Compose c{op};
  StringRef mode = op.stringAttr("mode", "bilinear");
  if (mode != "bilinear" && mode != "nearest")
    return op.error("E-ATTR", "mode is '" + mode + "'; expected bilinear or nearest");
  auto crop = op.shapes().elements(op.input(3));
  if (!crop || crop->size() != 2)
    return op.error("E-SHAPE", "input '" + op.node.inputs[3] + "' (crop_size) needs two elements");
  Type type = op.elementType(op.input(0));
  auto number = [&](Dim d) { return c.squeeze(c.cast(op.sizes({d}), type), {0}); };
  // Along an axis of the picture: the positions in it [boxes, crop], which of them lie inside, and as GridSample's -1
  // to 1.
  struct Positions {
    Value inside, grid;
  };
  auto positions = [&](int64_t axis) -> Positions {
    auto corner = [&](int64_t i) {
      return c.make<SliceOp>(op.input(1), op.i64({i}), op.i64({i + 1}), op.i64({1}), ArrayRef<int64_t>{1});
    };
    Dim count = (*crop)[axis];
    Value from = corner(axis), to = corner(axis + 2), last = c.add(number(op.shapes().dim(op.input(0), axis + 2)), -1);
    Value steps = c.cast(c.make<RangeOp>(op.i64({0}), op.i64({1}), op.sizes({count})), type);
    Value intervals = c.max(c.add(number(count), -1), c.like(last, 1));
    Value isSingle = c.make<EqualOp>(number(count), c.like(last, 1));
    Value share = c.where(isSingle, c.like(last, 0.5), c.div(steps, intervals));
    Value at = c.mul(c.add(from, c.mul(share, c.sub(to, from))), last);
    Value outside = c.make<OrOp>(c.make<LessOp>(at, c.like(at, 0)), c.make<LessOp>(last, at));
    if (mode == "nearest")
      at = c.make<FloorOp>(c.add(at, 0.5));
    return {c.make<NotOp>(outside), c.add(c.div(c.mul(at, 2), c.max(last, c.like(last, 1))), -1)};
  };
  Positions y = positions(0), x = positions(1);
  Value pictures = c.make<GatherOp>(op.input(0), op.input(2), int64_t(0));
  Dim boxes = op.shapes().dim(op.input(1), 0);
  Value shape = op.sizes({boxes, (*crop)[0], (*crop)[1], op.dims().constant(1)});
  Value columns = c.make<ExpandOp>(c.unsqueeze(x.grid, {1, 3}), shape);
  Value rows = c.make<ExpandOp>(c.unsqueeze(y.grid, {2, 3}), shape);
  if (!columns || !rows)
    return failure();
  Value grid = op.create<ConcatOp>(SmallVector<Value>{columns, rows}, int64_t(3));
  Value sampled = c.make<GridSampleOp>(pictures, grid, mode == "nearest" ? "nearest" : "linear", "border",
                                       /*alignCorners=*/true, /*inPixels=*/false);
  Value inside = c.make<AndOp>(c.unsqueeze(y.inside, {1, 3}), c.unsqueeze(x.inside, {1, 2}));
  return op.result(c.where(inside, sampled, c.like(sampled, op.floatAttr("extrapolation_value", 0))));
}

/// theta (x, y, (z,) 1) for every position, each axis running evenly from -1 to 1: over the corners' centres, or their
/// outer edges.
LogicalResult affineGrid(OpBinder &op) {
  Compose c{op};
  Value theta = op.input(0);
  auto size = op.shapes().elements(op.input(1));
  int64_t spatial = size ? int64_t(size->size()) - 2 : 0;
  if (op.rank(theta) != 3 || (spatial != 2 && spatial != 3))
    return op.error("E-SHAPE", "theta and size have shapes " + formatShape(op.shapes().dimsOf(theta)) + " and " +
                                   formatShape(op.shapes().dimsOf(op.input(1))) +
                                   "; expected rank 3, and 4 or 5 elements");
  bool corners = op.intAttr("align_corners", 0) != 0;
  Type type = op.elementType(theta), wide = c.wideType(type);
  SmallVector<Dim> sizes(size->begin() + 2, size->end());
  Value shape = op.sizes(sizes);
  auto spread = [&](Value v) { return c.unsqueeze(c.make<ExpandOp>(v, shape), spatial); };
  SmallVector<Value> coordinates;
  for (int64_t axis = spatial - 1; axis >= 0; --axis) { // x belongs to the last axis
    Value count = op.sizes({sizes[axis]});
    Value index = count ? c.cast(op.create<RangeOp>(op.i64({0}), op.i64({1}), count), wide) : Value();
    Value n = c.cast(count, wide), one = op.scalar(wide, 1);
    // (2 i + 1) / n - 1, or 2 i / (n - 1) - 1; a single point lies at -1, as in PyTorch.
    Value numerator = corners ? c.mul(index, 2.0) : c.add(c.mul(index, 2.0), 1.0);
    Value along = c.sub(c.div(numerator, corners ? c.max(c.sub(n, one), one) : n), one);
    coordinates.push_back(spread(c.along(along, axis, spatial)));
  }
  coordinates.push_back(spread(op.scalar(wide, 1)));
  if (llvm::is_contained(coordinates, Value()))
    return failure();
  Value points = op.create<ConcatOp>(coordinates, spatial);
  if (!points)
    return failure();
  Value flat = op.reshape(points, {op.dims().product(sizes), op.dims().constant(spatial + 1)});
  Value grid = c.make<MatMulOp>(flat, c.cast(theta, wide), false, /*transposeRhs=*/true, TypeAttr());
  SmallVector<Dim> result{op.shapes().dim(theta, 0)};
  llvm::append_range(result, sizes);
  result.push_back(op.dims().constant(spatial));
  return op.result(c.cast(grid ? op.reshape(grid, result) : Value(), type));
}

// ---- as ONNX

/// Whether the sizes are floor(scale * n), as ONNX computes them from scales.
bool followFromScales(ResizeOp op, NodeBuilder &b) {
  auto scales = constantDoubles(op.getScales());
  auto sizes = b.shapes().constantElements(op.getSizes());
  if (!scales || !sizes)
    return bool(scales);
  for (auto [axis, scale, size] : llvm::zip(op.getAxes(), *scales, *sizes))
    if (auto n = b.shapes().dim(op.getX(), axis).constant())
      if (size != int64_t(std::floor(float(*n) * float(scale))))
        return false;
  return true;
}

LogicalResult exportResize(ResizeOp op, NodeBuilder &b) {
  Edge none, roi = b(op.getRoi());
  bool byScales = op.getScales() && followFromScales(op, b);
  Edge scales = byScales ? b.cast(b(op.getScales()), b.f32()) : none;
  Edge sizes = byScales ? none : b(op.getSizes());
  SmallVector<NodeAttribute> attributes{{"axes", op.getAxes()},
                                        {"mode", op.getMode()},
                                        {"coordinate_transformation_mode", op.getTransform()},
                                        {"antialias", op.getAntialias()},
                                        {"exclude_outside", op.getExcludeOutside()}};
  if (op.getMode() == "nearest")
    attributes.emplace_back("nearest_mode", op.getNearest());
  if (op.getMode() == "cubic")
    attributes.emplace_back("cubic_coeff_a", op.getCubicA());
  if (op.getRoi())
    attributes.emplace_back("extrapolation_value", op.getExtrapolation());
  return b.result(b.node("Resize", {b(op.getX()), roi, scales, sizes}, attributes));
}

LogicalResult exportGridSample(GridSampleOp op, NodeBuilder &b) {
  if (op.getInPixels())
    return b.refuse("its grid holds positions, and that of GridSample numbers from -1 to 1");
  return b.result(
      b.node("GridSample", {b(op.getX()), b(op.getGrid())},
             {{"mode", op.getMode()}, {"padding_mode", op.getPadding()}, {"align_corners", op.getAlignCorners()}}));
}

} // namespace

namespace cameo::onnx {
void registerResizeHandlers(HandlerTable &table) {
  table.on("Resize", 10, upsample);
  table.on("Resize", 11, resize);
  table.on("Upsample", 1, upsampleAttributes);
  table.on("Upsample", 9, upsample);
  table.on("GridSample", 16, gridSample);
  table.onMicrosoft("GridSample", "X Grid", gridSample);
  table.onMicrosoft("CropAndResize", "X:4 rois:2 batch_indices:1 crop_size:1", cropAndResize);
  table.on("AffineGrid", 20, affineGrid);

  table.exports<ResizeOp>(exportResize);
  table.exports<GridSampleOp>(exportGridSample);
}
} // namespace cameo::onnx
