// Resize.cpp - shape and loops of resize.
// Interpolation is separable: an element is a weighted sum along the first resized axis of weighted sums along the
// next, ...
#include "Interpolation.h"
#include "cameo/Dialect/Cameo/RowLoops.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/ResizeOps.cpp.inc"

namespace cameo {
void registerResizeOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/ResizeOps.cpp.inc"
      >();
}
} // namespace cameo

LogicalResult ResizeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  ArrayRef<int64_t> axes = getAxes();
  auto sizes = shapes.elements(getSizes());
  if (!sizes || sizes->size() != axes.size())
    return emitOpError("sizes has ") << (sizes ? std::to_string(sizes->size()) : std::string("an unknown number of"))
                                     << " elements; expected " << axes.size() << ", one per axis"; // C2
  for (auto [name, operand, count] :
       {std::tuple{"scales", getScales(), axes.size()}, {"roi", getRoi(), 2 * axes.size()}})
    if (operand &&
        (shapes.rank(operand) != 1 || (shapes.dim(operand, 0).constant() && !shapes.dim(operand, 0).isConstant(count))))
      return emitOpError(name) << " has shape " << formatShape(shapes.dimsOf(operand)) << "; expected " << count
                               << " elements"; // C2
  auto oneOf = [&](StringRef name, StringRef value, ArrayRef<StringRef> allowed) -> LogicalResult {
    if (llvm::is_contained(allowed, value))
      return success();
    return emitOpError(name) << " is '" << value << "'; expected " << llvm::join(allowed, ", "); // C3
  };
  if (failed(oneOf("mode", getMode(), {"nearest", "linear", "cubic"})) ||
      failed(oneOf("transform", getTransform(),
                   {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
                    "tf_crop_and_resize", "tf_half_pixel_for_nn"})) ||
      failed(oneOf("nearest", getNearest(), {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"})))
    return failure();
  if (getTransform() == "tf_crop_and_resize" && !getRoi())
    return emitOpError("has no roi, which tf_crop_and_resize needs"); // C3
  ShapeInfo info{x.elementType, x.dims, std::nullopt};
  SmallVector<bool> seen(x.rank());
  for (auto [axis, size] : llvm::zip(axes, *sizes)) {
    if (axis < 0 || axis >= x.rank() || seen[axis])
      return emitOpError("axes has the entry ") << axis << "; expected each at most once, 0 to " << x.rank() - 1; // C1
    seen[axis] = true;
    if (size.constant() && *size.constant() < 0)
      return emitOpError("size of axis ") << axis << " is " << *size.constant() << "; expected 0 or more"; // C4
    info.dims[axis] = size;
  }
  results.push_back(std::move(info));
  return success();
}

namespace {
/// What one resized axis contributes to a result element, in f64.
struct AxisSample {
  int64_t axis;
  Value coordinate;
  Value size;    ///< the operand's, index
  Value shrink;  ///< min(s, 1), for antialiasing
  Value outside; ///< i1: beyond the ends (tf_crop_and_resize only)
  /// Where they are known: the operand's elements that count (of nearest one, which has no weight), of the type of sums
  /// their weights, and what their sum is divided by (null: nothing).
  SmallVector<Value> indices, weights;
  Value divisor;
};

/// The interpolation of one result element.
class Sampler {
public:
  Sampler(ResizeOp op, KernelEmitter &k, const KernelTensor &x, const KernelTensor &result, Type sumType)
      : op(op), k(k), x(x), result(result), sumType(sumType) {}

  AxisSample sampleAxis(OpBuilder &b, Location loc, size_t i, Value position, const KernelTensor *scales,
                        const KernelTensor *roi);
  /// The value over the axes of `samples`; `indices` hold what is decided.
  Value interpolate(OpBuilder &b, Location loc, ArrayRef<AxisSample> samples, SmallVector<Value> indices);
  /// Without antialiasing: calls `use` for the elements that count; gives what their weighted sum is divided by, or
  /// null.
  Value forEachTap(OpBuilder &b, Location loc, const AxisSample &sample,
                   llvm::function_ref<void(Value index, Value weight)> use);
  /// The weighted sum of what `element` gives for each of the sample's indices.
  Value weightedSum(OpBuilder &b, Location loc, const AxisSample &sample,
                    llvm::function_ref<Value(OpBuilder &, Location, Value index)> element);

private:
  Value tapWeight(OpBuilder &b, Location loc, const AxisSample &sample, Value index);
  Value narrow(OpBuilder &b, Location loc, Value w) { return convertScalar(b, loc, w, b.getF64Type(), sumType); }
  Value weight(const FloatMath &m, Value distance) {
    return op.getMode() == "cubic" ? cubicKernel(m, distance, op.getCubicA().convertToDouble())
                                   : linearKernel(m, distance);
  }
  Value clamped(OpBuilder &b, Location loc, Value index, Value size) {
    Value last = subIndex(b, loc, size, constantIndex(b, loc, 1));
    return maxIndex(b, loc, minIndex(b, loc, index, last), constantIndex(b, loc, 0));
  }
  Value nearestIndex(const FloatMath &m, Value c) {
    StringRef rounding = op.getNearest();
    if (rounding == "round_prefer_floor")
      c = m.ceil(m.sub(c, 0.5));
    else if (rounding == "round_prefer_ceil")
      c = m.floor(m.add(c, 0.5));
    else
      c = rounding == "floor" ? m.floor(c) : m.ceil(c);
    return floorToIndex(m.b, m.loc, c);
  }

  ResizeOp op;
  KernelEmitter &k;
  const KernelTensor &x, &result;
  Type sumType;
};
} // namespace

/// The factor when the result's axis is a whole multiple of the operand's, else 0.
static int64_t wholeFactor(DimContext &d, Dim size, Dim resultSize) {
  if (size.isConstant(0))
    return 0;
  auto factor = d.floorDiv(resultSize, size).constant();
  return factor && *factor > 0 && d.mul(size, *factor) == resultSize ? *factor : 0;
}

AxisSample Sampler::sampleAxis(OpBuilder &b, Location loc, size_t i, Value position, const KernelTensor *scales,
                               const KernelTensor *roi) {
  FloatMath m(b, loc, b.getF64Type());
  int64_t axis = op.getAxes()[i];
  StringRef transform = op.getTransform();
  AxisSample sample{axis, {}, k.size(x.dims[axis]), {}, {}, {}, {}, {}};
  int64_t factor = scales ? 0 : wholeFactor(k.dims(), x.dims[axis], result.dims[axis]);
  bool roundsDown = transform == "asymmetric" ? op.getNearest() == "floor"
                                              : transform == "half_pixel" && op.getNearest().starts_with("round");
  if (op.getMode() == "nearest" && factor && roundsDown) {
    // floor(p / s); with half_pixel (p + 0.5) / s is never whole, so both roundings agree.
    sample.indices = {b.createOrFold<arith::DivUIOp>(loc, position, constantIndex(b, loc, factor))};
    return sample;
  }
  Value n = m.fromIndex(sample.size), p = m.fromIndex(position), one = m.constant(1), zero = m.constant(0);
  Value length = m.fromIndex(k.size(result.dims[axis])), resultSize = length, scale;
  auto element = [&](const KernelTensor *tensor, size_t number) {
    Dim count = k.dims().constant(tensor == roi ? 2 * op.getAxes().size() : op.getAxes().size());
    Value v = loadWithin(k, b, loc, *tensor, {count}, {constantIndex(b, loc, number)});
    return v.getType() == m.type ? v : Value(arith::ExtFOp::create(b, loc, m.type, v));
  };
  if (scales) {
    scale = element(scales, i);
    length = m.mul(scale, n);
  }
  // Which element is nearest is decided in f32, as the scale is given: 3 / 0.6 is 5 then, as in PyTorch and ONNX
  // Runtime.
  auto rounded = [&](Value v) {
    return scales && op.getMode() == "nearest" && transform != "half_pixel_symmetric"
               ? convertScalar(b, loc, convertScalar(b, loc, v, m.type, b.getF32Type()), b.getF32Type(), m.type)
               : v;
  };
  // v / s; exact where the quotient is, because the scale of sizes alone is not rounded first.
  auto unscaled = [&](Value v) { return rounded(scales ? m.div(v, scale) : m.div(m.mul(v, n), length)); };
  Value atOne = m.equal(length, one), safeSpan = m.select(atOne, one, m.sub(length, 1)), c;
  if (transform == "align_corners") {
    c = m.select(atOne, zero, m.div(m.mul(p, m.sub(n, 1)), safeSpan));
  } else if (transform == "asymmetric") {
    c = unscaled(p);
  } else if (transform == "tf_half_pixel_for_nn") {
    c = unscaled(m.add(p, 0.5));
  } else if (transform == "tf_crop_and_resize") {
    Value begin = element(roi, i), end = element(roi, op.getAxes().size() + i), last = m.sub(n, 1);
    Value span = m.mul(m.sub(end, begin), last);
    c = m.select(atOne, m.mul(span, 0.5), m.div(m.mul(p, span), safeSpan));
    c = m.add(c, m.mul(begin, last));
    Value inside = arith::AndIOp::create(b, loc, m.lessEqual(zero, c), m.lessEqual(c, last));
    sample.outside = arith::XOrIOp::create(b, loc, inside, constantInt(b, loc, b.getI1Type(), 1));
  } else {
    c = rounded(m.sub(unscaled(m.add(p, 0.5)), 0.5));
    if (transform == "pytorch_half_pixel")
      c = m.select(atOne, zero, c);
    if (transform == "half_pixel_symmetric" && scales)
      c = m.add(c, m.mul(m.mul(n, 0.5), m.sub(one, m.div(resultSize, length))));
  }
  sample.coordinate = c;
  if (op.getAntialias()) {
    Value s = scales ? scale : m.div(length, n);
    sample.shrink = m.select(m.less(s, one), s, one);
  }
  if (op.getMode() == "nearest")
    sample.indices = {clamped(b, loc, nearestIndex(m, c), sample.size)};
  return sample;
}

/// Their weights count only inside with excludeOutside.
Value Sampler::tapWeight(OpBuilder &b, Location loc, const AxisSample &sample, Value index) {
  FloatMath m(b, loc, b.getF64Type());
  Value distance = m.sub(m.fromIndex(index), sample.coordinate);
  if (sample.shrink)
    distance = m.mul(distance, sample.shrink);
  Value w = weight(m, distance);
  if (op.getExcludeOutside()) {
    Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, index, sample.size);
    w = m.select(inside, w, m.constant(0));
  }
  return w;
}

Value Sampler::forEachTap(OpBuilder &b, Location loc, const AxisSample &sample,
                          llvm::function_ref<void(Value index, Value weight)> use) {
  if (!sample.indices.empty()) {
    for (auto [tap, index] : llvm::enumerate(sample.indices))
      use(index, sample.weights.empty() ? Value() : sample.weights[tap]);
    return sample.divisor;
  }
  FloatMath m(b, loc, b.getF64Type());
  int64_t radius = op.getMode() == "cubic" ? 2 : 1;
  Value first = floorToIndex(b, loc, m.floor(sample.coordinate));
  first = subIndex(b, loc, first, constantIndex(b, loc, radius - 1));
  Value weights = m.constant(0);
  for (int64_t t = 0; t < 2 * radius; ++t) {
    Value index = addIndex(b, loc, first, constantIndex(b, loc, t)), w = tapWeight(b, loc, sample, index);
    weights = m.add(weights, w);
    use(clamped(b, loc, index, sample.size), narrow(b, loc, w));
  }
  return op.getExcludeOutside() ? narrow(b, loc, weights) : Value();
}

Value Sampler::weightedSum(OpBuilder &b, Location loc, const AxisSample &sample,
                           llvm::function_ref<Value(OpBuilder &, Location, Value)> element) {
  if (op.getMode() == "nearest")
    return element(b, loc, sample.indices[0]);
  Value sum = constantScalar(b, loc, sumType, 0);
  Value divisor = forEachTap(b, loc, sample, [&](Value index, Value weight) {
    sum = addScalar(b, loc, sum, mulScalar(b, loc, weight, element(b, loc, index)));
  });
  return divisor ? Value(arith::DivFOp::create(b, loc, sum, divisor)) : sum;
}

Value Sampler::interpolate(OpBuilder &b, Location loc, ArrayRef<AxisSample> samples, SmallVector<Value> indices) {
  bool nearest = op.getMode() == "nearest";
  if (samples.empty()) {
    Value nonEmpty = constantInt(b, loc, b.getI1Type(), 1);
    for (Dim d : x.dims)
      if (!d.constant())
        nonEmpty = arith::AndIOp::create(b, loc, nonEmpty, isLess(b, loc, constantIndex(b, loc, 0), k.size(d)));
    Value v = loadIf(b, loc, x, indices, nonEmpty);
    return nearest ? v : convertScalar(b, loc, v, x.elementType, sumType);
  }
  const AxisSample &sample = samples.front();
  auto rest = [&](OpBuilder &b, Location loc, Value index) {
    SmallVector<Value> next(indices);
    next[sample.axis] = index;
    return interpolate(b, loc, samples.drop_front(), std::move(next));
  };
  if (!sample.shrink || nearest)
    return weightedSum(b, loc, sample, rest);

  // The kernel reaches radius / shrink to both sides.
  FloatMath m(b, loc, b.getF64Type());
  int64_t radius = op.getMode() == "cubic" ? 2 : 1;
  Value reach = m.ceil(m.div(m.constant(radius), sample.shrink));
  Value first = floorToIndex(b, loc, m.sub(m.floor(sample.coordinate), reach));
  Value count = floorToIndex(b, loc, m.add(m.mul(reach, 2), 2));
  // A sensible scale needs no more; a mistaken one near 0 must not loop for hours.
  Value limit = mulIndex(b, loc, addIndex(b, loc, sample.size, constantIndex(b, loc, 2)), constantIndex(b, loc, 4));
  count = minIndex(b, loc, count, limit);
  auto sums =
      reduceNest(b, loc, {count}, {constantScalar(b, loc, sumType, 0), m.constant(0)},
                 [&](OpBuilder &b, Location loc, ValueRange t, ValueRange carried) {
                   Value index = addIndex(b, loc, first, t[0]), w = tapWeight(b, loc, sample, index);
                   Value v = rest(b, loc, clamped(b, loc, index, sample.size));
                   Value product = mulScalar(b, loc, narrow(b, loc, w), v);
                   return SmallVector<Value>{addScalar(b, loc, carried[0], product), addScalar(b, loc, carried[1], w)};
                 });
  return arith::DivFOp::create(b, loc, sums[0], narrow(b, loc, sums[1]));
}

/// A sum as an element of the result: integers are kept in range and truncated.
static Value toElement(OpBuilder &b, Location loc, Value sum, Type sumType, Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    FloatMath m(b, loc, sumType);
    unsigned width = integer.getWidth();
    bool isUnsigned = integer.isUnsigned();
    // The largest double below 2^63 (2^64) where the largest integer has no exact form.
    double high = std::ldexp(1.0, isUnsigned ? width : width - 1) - (width == 64 ? (isUnsigned ? 2048 : 1024) : 1);
    double low = isUnsigned ? 0 : -std::ldexp(1.0, width - 1);
    sum = m.select(m.less(sum, m.constant(low)), m.constant(low), sum);
    sum = m.select(m.less(sum, m.constant(high)), sum, m.constant(high));
  }
  return convertScalar(b, loc, sum, sumType, element);
}

static Type sumTypeOf(Type element, OpBuilder &b) {
  bool wide = element.isF64() || (isa<IntegerType>(element) && element.getIntOrFloatBitWidth() >= 32);
  return wide ? Type(b.getF64Type()) : Type(b.getF32Type());
}

LogicalResult ResizeOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &result = results[0];
  const KernelTensor *scales = getScales() ? &operands[2] : nullptr,
                     *roi = getRoi() ? &operands[getScales() ? 3 : 2] : nullptr;
  Type element = x.elementType;
  Type sumType = sumTypeOf(element, b);
  Sampler sampler(*this, k, x, result, sumType);
  k.parallelNest(b, getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    SmallVector<AxisSample> samples;
    Value outside;
    for (auto [i, axis] : llvm::enumerate(getAxes())) {
      samples.push_back(sampler.sampleAxis(b, loc, i, at[axis], scales, roi));
      if (Value o = samples.back().outside)
        outside = outside ? Value(arith::OrIOp::create(b, loc, outside, o)) : o;
    }
    Value v = sampler.interpolate(b, loc, samples, SmallVector<Value>(at));
    if (getMode() != "nearest")
      v = toElement(b, loc, v, sumType, element);
    if (outside) {
      Value extrapolated = constantScalar(b, loc, b.getF64Type(), getExtrapolation().convertToDouble());
      v = arith::SelectOp::create(b, loc, outside, convertScalar(b, loc, extrapolated, b.getF64Type(), element), v);
    }
    result.store(b, loc, v, at);
  });
  return success();
}

bool ResizeOp::allowsEpilogue() { return true; }

// ---- by rows

/// Elements of all that is kept of an axis's positions.
constexpr int64_t kTableElements = 16384;

namespace {
/// Samples of one resized axis: of all its positions where there is room, else of some that follow each other.
class SampleTable {
public:
  SampleTable(Sampler &sampler, ResizeOp op, KernelEmitter &k, OpBuilder &b, const KernelTensor &result, int64_t axis,
              const KernelTensor *scales, Type sumType)
      : sampler(sampler), op(op), k(k), loc(op.getLoc()), number(llvm::find(op.getAxes(), axis) - op.getAxes().begin()),
        scales(scales), size(result.dims[axis]) {
    bool nearest = op.getMode() == "nearest";
    taps = nearest ? 1 : op.getMode() == "cubic" ? 4 : 2;
    room = kTableElements / (2 * taps + 1);
    if (size.constant() && *size.constant() <= room) {
      isWhole = true;
      room = std::max<int64_t>(1, *size.constant());
    }
    auto memory = [&](int64_t rows, Type type) -> Value {
      return memref::AllocaOp::create(b, loc, MemRefType::get({rows, room}, type), b.getI64IntegerAttr(64));
    };
    indices = memory(taps, b.getI64Type());
    if (!nearest)
      weights = memory(taps + 1, sumType);
    if (isWhole)
      compute(b, constantIndex(b, loc, 0), k.size(size));
  }

  /// Positions that are computed at once.
  int64_t length() const { return room; }
  bool isOfAll() const { return isWhole; }
  /// Computes positions from `begin` on, unless that is done.
  void fill(OpBuilder &b, Value begin, Value count) {
    if (!isWhole)
      compute(b, begin, count);
    first = begin;
  }
  /// The same where they are more than there is room for; else they have been computed from 0 on.
  void fillAgain(OpBuilder &b, Value begin, Value count) {
    Value isMore = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, k.size(size), constantIndex(b, loc, room));
    auto branch = scf::IfOp::create(b, loc, isMore, /*withElseRegion=*/false);
    OpBuilder inside = branch.getThenBodyBuilder();
    compute(inside, begin, count);
    first = begin;
  }
  AxisSample at(OpBuilder &b, Value position) {
    AxisSample sample{op.getAxes()[number], {}, {}, {}, {}, {}, {}, {}};
    Value place = isWhole ? position : subIndex(b, loc, position, first);
    auto load = [&](Value table, int64_t tap) -> Value {
      return memref::LoadOp::create(b, loc, table, ValueRange{constantIndex(b, loc, tap), place});
    };
    for (int64_t tap = 0; tap < taps; ++tap) {
      sample.indices.push_back(arith::IndexCastOp::create(b, loc, b.getIndexType(), load(indices, tap)));
      if (weights)
        sample.weights.push_back(load(weights, tap));
    }
    if (weights && op.getExcludeOutside())
      sample.divisor = load(weights, taps);
    return sample;
  }

private:
  void compute(OpBuilder &b, Value begin, Value count) {
    loopNest(b, loc, count, [&](OpBuilder &b, Location loc, ValueRange at) {
      AxisSample sample = sampler.sampleAxis(b, loc, number, addIndex(b, loc, begin, at[0]), scales, {});
      auto store = [&](Value v, Value table, int64_t tap) {
        memref::StoreOp::create(b, loc, v, table, ValueRange{constantIndex(b, loc, tap), at[0]});
      };
      int64_t tap = 0;
      Value divisor = sampler.forEachTap(b, loc, sample, [&](Value index, Value weight) {
        store(indexToI64(b, loc, index), indices, tap);
        if (weight)
          store(weight, weights, tap);
        ++tap;
      });
      if (divisor)
        store(divisor, weights, tap);
    });
  }

  Sampler &sampler;
  ResizeOp op;
  KernelEmitter &k;
  Location loc;
  size_t number;
  const KernelTensor *scales;
  Dim size;
  int64_t taps, room;
  bool isWhole = false;
  Value indices, weights, first;
};
} // namespace

static scf::ForOp loopOver(OpBuilder &b, Location loc, Value count) {
  return scf::ForOp::create(b, loc, constantIndex(b, loc, 0), count, constantIndex(b, loc, 1));
}

/// Where rows and columns of a result come from, and with which weights, is found once for many of them. Of a row, the
/// axes but the last are interpolated first, which is arithmetic of whole vectors.
std::optional<LogicalResult> cameo::emitByRows(ResizeOp op, KernelEmitter &k, OpBuilder &b,
                                               ArrayRef<KernelTensor> operands, ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &result = results[0];
  ArrayRef<int64_t> axes = op.getAxes();
  int64_t last = result.rank() - 1;
  bool nearest = op.getMode() == "nearest";
  // Sums of integers are truncated, which would show that they are in another order.
  if (last < 1 || !llvm::is_contained(axes, last) || op.getRoi() ||
      (!nearest && (op.getAntialias() || isa<IntegerType>(x.elementType))))
    return std::nullopt;
  const KernelTensor *scales = op.getScales() ? &operands[2] : nullptr;
  DimContext &d = k.dims();
  Location loc = op.getLoc();
  Type sumType = sumTypeOf(x.elementType, b);
  Sampler sampler(op, k, x, result, sumType);
  Dim width = result.dims[last], height = result.dims[last - 1], operandWidth = x.dims[last];
  SampleTable columns(sampler, op, k, b, result, last, scales, sumType);
  std::optional<SampleTable> rows;
  if (llvm::is_contained(axes, last - 1))
    rows.emplace(sampler, op, k, b, result, last - 1, scales, sumType);
  constexpr int64_t kSharingRows = 64;
  int64_t rowsPerTile = std::min(kSharingRows, rows ? rows->length() : kSharingRows);
  SmallVector<Dim> dims(ArrayRef(result.dims).drop_back(2));
  dims.push_back(d.ceilDiv(height, rowsPerTile));
  std::optional<KernelTensor> rowsKept; // per tile a row, interpolated along all axes but the last
  if (!nearest)
    rowsKept = k.temporary(b, loc, sumType, {d.product(dims), d.max(operandWidth, d.constant(1))});

  auto body = [&](OpBuilder &b, Location loc, ValueRange at) {
    Value zero = constantIndex(b, loc, 0);
    auto upTo = [&](OpBuilder &b, Value begin, Dim size, int64_t most) {
      return minIndex(b, loc, subIndex(b, loc, k.size(size), begin), constantIndex(b, loc, most));
    };
    Value firstRow = mulIndex(b, loc, at[last - 1], constantIndex(b, loc, rowsPerTile));
    Value numRows = upTo(b, firstRow, height, rowsPerTile);
    columns.fill(b, zero, upTo(b, zero, width, columns.length()));
    if (rows)
      rows->fill(b, firstRow, numRows);
    Value tile = zero;
    for (auto [index, size] : llvm::zip(at, dims))
      tile = addIndex(b, loc, mulIndex(b, loc, tile, k.size(size)), index);
    auto rowLoop = loopOver(b, loc, numRows);
    OpBuilder inRow = OpBuilder::atBlockBegin(rowLoop.getBody());
    SmallVector<Value> position(at);
    position[last - 1] = addIndex(inRow, loc, firstRow, rowLoop.getInductionVar());
    position.push_back({});
    SmallVector<AxisSample> others;
    for (auto [number, axis] : llvm::enumerate(axes))
      if (axis == last - 1)
        others.push_back(rows->at(inRow, position[axis]));
      else if (axis != last)
        others.push_back(sampler.sampleAxis(inRow, loc, number, position[axis], scales, {}));
    auto interpolated = [&](OpBuilder &b, Location loc, Value column) {
      SmallVector<Value> from(position);
      from[last] = column;
      return sampler.interpolate(b, loc, others, from);
    };
    auto kept = [&](OpBuilder &b, Location loc, Value column) { return rowsKept->load(b, loc, {tile, column}); };
    if (rowsKept)
      loopNest(inRow, loc, maxIndex(inRow, loc, k.size(operandWidth), constantIndex(inRow, loc, 1)),
               [&](OpBuilder &b, Location loc, ValueRange column) {
                 rowsKept->store(b, loc, interpolated(b, loc, column[0]), {tile, column[0]});
               });
    auto emitColumns = [&](OpBuilder &b, Value firstColumn, Value numColumns) {
      auto columnLoop = loopOver(b, loc, numColumns);
      OpBuilder inColumn = OpBuilder::atBlockBegin(columnLoop.getBody());
      position[last] = addIndex(inColumn, loc, firstColumn, columnLoop.getInductionVar());
      AxisSample sample = columns.at(inColumn, position[last]);
      Value v = rowsKept ? sampler.weightedSum(inColumn, loc, sample, kept)
                         : sampler.weightedSum(inColumn, loc, sample, interpolated);
      result.store(inColumn, loc, rowsKept ? convertScalar(inColumn, loc, v, sumType, x.elementType) : v, position);
    };
    if (columns.isOfAll())
      return emitColumns(inRow, zero, k.size(width));
    auto parts = scf::ForOp::create(inRow, loc, zero, k.size(width), constantIndex(inRow, loc, columns.length()));
    OpBuilder inPart = OpBuilder::atBlockBegin(parts.getBody());
    Value firstColumn = parts.getInductionVar(), numColumns = upTo(inPart, firstColumn, width, columns.length());
    columns.fillAgain(inPart, firstColumn, numColumns);
    emitColumns(inPart, firstColumn, numColumns);
  };
  k.parallelNest(b, loc, dims, body, d.constant(rowsPerTile * width.constant().value_or(columns.length())));
  return success();
}
