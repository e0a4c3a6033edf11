// MultiplyWindows.cpp - convolutions by filters that only the run knows, and those that read between the pixels, as
// products with the windows side by side.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Passes/Remarks.h"
#include "cameo/Passes/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/MathExtras.h"

namespace cameo {
#define GEN_PASS_DEF_MULTIPLYWINDOWSPASS
#include "cameo/Passes/Transforms/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

/// Each tap is an op of its own; those of one channel are all in one kernel.
static constexpr int64_t kMostTaps = 128, kMostTapsOfChannel = 64;
/// To fewer outputs per group windows are written and read for too little.
static constexpr int64_t kFewestOutputs = 8;
/// Elements of all windows of one image.
static constexpr int64_t kMostElements = int64_t(1) << 26;

namespace {

/// Sizes of a convolution, all but the number of images.
struct Windows {
  int64_t channels, outputs, group;
  bool isDepthwise;
  SmallVector<int64_t> kernel, result; ///< of the spatial axes

  static std::optional<Windows> of(Value x, Value filter, Value result, int64_t group, ShapeAnalysis &shapes);
  bool pays() const; ///< for a convolution
  bool fit() const { return channels <= kMostElements / taps() / pixels(); }
  int64_t taps() const { return llvm::product_of(kernel); }
  int64_t pixels() const { return llvm::product_of(result); }
};

} // namespace

/// Whether every output is a sum of something.
static bool reachesAllPhases(ConvTransposeOp op, const Windows &w) {
  for (auto [taps, dilation, stride] : llvm::zip(w.kernel, op.getDilations(), op.getStrides())) {
    llvm::SmallDenseSet<int64_t> reached;
    for (int64_t tap = 0; tap < taps; ++tap)
      reached.insert(tap * dilation % stride);
    if (int64_t(reached.size()) != stride)
      return false;
  }
  return true;
}

namespace {

struct MultiplyWindows : public cameo::impl::MultiplyWindowsPassBase<MultiplyWindows> {
  using MultiplyWindowsPassBase::MultiplyWindowsPassBase;

  void runOnOperation() override {
    ShapeAnalysis shapes;
    SmallVector<ConvOp> found;
    SmallVector<ConvTransposeOp> transposed;
    SmallVector<DeformConvOp> deformed;
    getOperation().walk([&](Operation *op) {
      if (auto conv = dyn_cast<ConvOp>(op); conv && isOfTheRun(conv))
        found.push_back(conv);
      if (auto conv = dyn_cast<ConvTransposeOp>(op); conv && isOfTheRun(conv) && isWide(conv.getX()))
        transposed.push_back(conv);
      if (auto conv = dyn_cast<DeformConvOp>(op); conv && getElementTypeOrSelf(conv.getX().getType()).isF32())
        deformed.push_back(conv);
    });
    for (ConvOp op : found) {
      auto windows = Windows::of(op.getX(), op.getFilter(), op, op.getGroup(), shapes);
      if (!windows || !windows->pays()) {
        stays(op, windows.has_value());
        continue;
      }
      changed(getArgument(), op.getLoc(), "windows multiplied") << "its filter is not known before the run";
      replace(op, convolved(op, *windows, shapes), shapes);
    }
    for (ConvTransposeOp op : transposed) {
      auto windows = Windows::of(op.getX(), op.getFilter(), op, op.getGroup(), shapes);
      if (!windows || !windows->fit() || windows->taps() > kMostTaps || !reachesAllPhases(op, *windows)) {
        stays(op, windows.has_value());
        continue;
      }
      changed(getArgument(), op.getLoc(), "windows multiplied") << "its filter is not known before the run";
      replace(op, scattered(op, *windows, shapes), shapes);
    }
    for (DeformConvOp op : deformed) {
      auto windows = Windows::of(op.getX(), op.getFilter(), op, op.getGroup(), shapes);
      if (!windows || !windows->fit()) {
        stays(op, windows.has_value());
        continue;
      }
      changed(getArgument(), op.getLoc(), "windows multiplied") << "each place between the pixels is read once";
      replace(op, deformedProduct(op, *windows, shapes), shapes);
    }
    followReturn(getOperation());
  }

private:
  static bool isWide(Value x) { return getElementTypeOrSelf(x.getType()).getIntOrFloatBitWidth() >= 32; }
  template <typename OpT> static bool isOfTheRun(OpT op) {
    return !op.getChannelsLast() && isa<FloatType>(getElementTypeOrSelf(op.getX().getType())) &&
           !matchPattern(op.getFilter(), m_Constant());
  }
  void stays(Operation *op, bool sizesAreKnown) {
    left(getArgument(), op->getLoc(), "convolutions by filters of the run")
        << (sizesAreKnown ? "few outputs per group, many taps, or windows that are large together"
                          : "sizes that only the run knows");
  }
  static void replace(Operation *op, Value result, ShapeAnalysis &shapes) {
    op->replaceAllUsesWith(ValueRange{result});
    shapes.erased(op->getResult(0));
    op->erase();
  }
  SmallVector<Value> tapsOf(ConvOp op, const Windows &w, OpBuilder &b, ShapeAnalysis &shapes);
  Value convolved(ConvOp op, const Windows &w, ShapeAnalysis &shapes);
  Value scattered(ConvTransposeOp op, const Windows &w, ShapeAnalysis &shapes);
  Value deformedProduct(DeformConvOp op, const Windows &w, ShapeAnalysis &shapes);
  Value sum(ConvOp op, const Windows &w, ArrayRef<Value> taps, OpBuilder &b, ShapeAnalysis &shapes);
};

} // namespace

std::optional<Windows> Windows::of(Value x, Value filter, Value result, int64_t group, ShapeAnalysis &shapes) {
  int64_t rank = shapes.rank(result);
  auto sizes = [&](Value v, int64_t from) -> std::optional<SmallVector<int64_t>> {
    SmallVector<int64_t> known;
    for (int64_t axis = from; axis < rank; ++axis)
      if (auto size = shapes.dim(v, axis).constant(); size && *size > 0)
        known.push_back(*size);
    return int64_t(known.size()) == rank - from ? std::optional(known) : std::nullopt;
  };
  auto ofX = sizes(x, 1), ofFilter = sizes(filter, 0), ofResult = sizes(result, 1);
  if (!ofX || !ofFilter || !ofResult)
    return std::nullopt;
  auto spatial = [](const SmallVector<int64_t> &all, size_t from) {
    return SmallVector<int64_t>(ArrayRef(all).drop_front(from));
  };
  Windows w{(*ofX)[0], (*ofFilter)[0], group, false, spatial(*ofFilter, 2), spatial(*ofResult, 1)};
  // Sums of narrower floats are f32, which those of a kernel of pointwise ops would not be.
  bool isWide = getElementTypeOrSelf(x.getType()).getIntOrFloatBitWidth() >= 32;
  w.isDepthwise = isWide && w.group == w.channels && w.group == w.outputs;
  return w;
}

bool Windows::pays() const {
  if (isDepthwise)
    return taps() <= kMostTapsOfChannel;
  return outputs / group >= kFewestOutputs && taps() <= kMostTaps && fit();
}

/// A slice of the padded operand for each tap: what all windows have there, [N, C, result..].
SmallVector<Value> MultiplyWindows::tapsOf(ConvOp op, const Windows &w, OpBuilder &b, ShapeAnalysis &shapes) {
  Location loc = op.getLoc();
  int64_t axes = w.kernel.size();
  Value x = op.getX();
  if (llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; })) {
    SmallVector<int64_t> pads{0, 0};
    llvm::append_range(pads, op.getPads().take_front(axes));
    pads.append({0, 0});
    llvm::append_range(pads, op.getPads().drop_front(axes));
    auto scalar = RankedTensorType::get({}, getElementTypeOrSelf(x.getType()));
    Value zero = ConstantOp::create(b, loc, scalar, cast<ElementsAttr>(b.getZeroAttr(scalar)));
    x = createOp<PadOp>(b, shapes, loc, x, constantI64(b, loc, pads), zero, StringRef("constant"));
  }
  Value steps = constantI64(b, loc, op.getStrides());
  SmallVector<int64_t> spatial = llvm::to_vector(llvm::seq<int64_t>(2, 2 + axes));
  SmallVector<Value> taps;
  for (int64_t tap = 0; tap < w.taps(); ++tap) {
    SmallVector<int64_t> begins(axes), ends(axes);
    for (int64_t axis = axes - 1, place = tap; axis >= 0; place /= w.kernel[axis--]) {
      begins[axis] = place % w.kernel[axis] * op.getDilations()[axis];
      ends[axis] = begins[axis] + (w.result[axis] - 1) * op.getStrides()[axis] + 1;
    }
    taps.push_back(
        createOp<SliceOp>(b, shapes, loc, x, constantI64(b, loc, begins), constantI64(b, loc, ends), steps, spatial));
  }
  return taps;
}

static Value reshaped(OpBuilder &b, ShapeAnalysis &shapes, Location loc, Value v, ArrayRef<int64_t> shape) {
  return createOp<ReshapeOp>(b, shapes, loc, v, constantI64(b, loc, shape), /*allowzero=*/false);
}

/// [N, C, taps, pixels], as [N, group, channels of it and taps, pixels], times a filter of [group, outputs of it,
/// channels and taps].
static Value product(OpBuilder &b, ShapeAnalysis &shapes, Location loc, Value windows, Value filter, const Windows &w,
                     TypeAttr accumulator) {
  int64_t sums = w.channels / w.group * w.taps();
  SmallVector<int64_t> gathered{-1, sums, w.pixels()}, rows{w.outputs / w.group, sums}, result{-1, w.outputs};
  if (w.group > 1) {
    gathered.insert(gathered.begin() + 1, w.group);
    rows.insert(rows.begin(), w.group);
  }
  llvm::append_range(result, w.result);
  Value y = createOp<MatMulOp>(b, shapes, loc, reshaped(b, shapes, loc, filter, rows),
                               reshaped(b, shapes, loc, windows, gathered), /*transposeLhs=*/false,
                               /*transposeRhs=*/false, accumulator);
  return reshaped(b, shapes, loc, y, result);
}

Value MultiplyWindows::convolved(ConvOp op, const Windows &w, ShapeAnalysis &shapes) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  SmallVector<Value> taps = tapsOf(op, w, b, shapes);
  if (w.isDepthwise)
    return sum(op, w, taps, b, shapes);
  for (Value &tap : taps)
    tap = reshaped(b, shapes, loc, tap, {-1, w.channels, 1, w.pixels()});
  Value windows = taps.front();
  if (taps.size() > 1)
    windows = createOp<ConcatOp>(b, shapes, loc, taps, int64_t(2));
  return product(b, shapes, loc, windows, op.getFilter(), w, op.getAccumulatorAttr());
}

/// The other way round: a product gives what each pixel adds to its window, [N, O, taps, image..]. Outputs s m + r of
/// an axis, for each phase r of its stride s, are sums of taps, moved by some pixels; the phases are put side by side.
Value MultiplyWindows::scattered(ConvTransposeOp op, const Windows &w, ShapeAnalysis &shapes) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  int64_t axes = w.kernel.size(), taps = w.taps(), outputs = shapes.dim(op, 1).constant().value();
  auto shape = [&](Value v, ArrayRef<int64_t> sizes) { return reshaped(b, shapes, loc, v, sizes); };
  SmallVector<int64_t> image, phaseSizes;
  for (int64_t axis = 0; axis < axes; ++axis) {
    image.push_back(*shapes.dim(op.getX(), 2 + axis).constant());
    phaseSizes.push_back(llvm::divideCeil(w.result[axis], op.getStrides()[axis]));
  }
  Value filter = shape(op.getFilter(), {w.group, w.channels / w.group, outputs / w.group * taps});
  filter = createOp<TransposeOp>(b, shapes, loc, filter, SmallVector<int64_t>{0, 2, 1});
  Value x = shape(op.getX(), {-1, w.group, w.channels / w.group, llvm::product_of(image)});
  Value added =
      createOp<MatMulOp>(b, shapes, loc, filter, x, /*transposeLhs=*/false, /*transposeRhs=*/false, TypeAttr());
  SmallVector<int64_t> perTap{-1, outputs, taps};
  llvm::append_range(perTap, image);
  added = shape(added, perTap);
  auto scalar = RankedTensorType::get({}, getElementTypeOrSelf(op.getX().getType()));
  Value zero = ConstantOp::create(b, loc, scalar, cast<ElementsAttr>(b.getZeroAttr(scalar)));

  // What tap `tap` adds to the outputs of a phase, or null.
  auto moved = [&](int64_t tap, int64_t phase) -> Value {
    SmallVector<int64_t> before(2 + axes, 0), after(2 + axes, 0);
    int64_t place = tap, rest = phase;
    for (int64_t axis = axes - 1; axis >= 0; --axis) {
      int64_t stride = op.getStrides()[axis];
      int64_t distance = rest % stride + op.getPads()[axis] - place % w.kernel[axis] * op.getDilations()[axis];
      if (distance % stride != 0)
        return {};
      before[2 + axis] = -distance / stride;
      after[2 + axis] = phaseSizes[axis] + distance / stride - image[axis];
      place /= w.kernel[axis];
      rest /= stride;
    }
    Value one = createOp<SliceOp>(b, shapes, loc, added, constantI64(b, loc, {tap}), constantI64(b, loc, {tap + 1}),
                                  constantI64(b, loc, {1}), SmallVector<int64_t>{2});
    SmallVector<int64_t> sizes{-1, outputs};
    llvm::append_range(sizes, image);
    llvm::append_range(before, after);
    return createOp<PadOp>(b, shapes, loc, shape(one, sizes), constantI64(b, loc, before), zero, StringRef("constant"));
  };
  int64_t phases = llvm::product_of(op.getStrides());
  SmallVector<int64_t> phaseShape{-1, outputs, 1}, split{-1, outputs}, permutation{0, 1}, joined{-1, outputs};
  llvm::append_range(phaseShape, phaseSizes);
  SmallVector<Value> parts;
  for (int64_t phase = 0; phase < phases; ++phase) {
    Value total;
    for (int64_t tap = 0; tap < taps; ++tap)
      if (Value part = moved(tap, phase))
        total = total ? Value(createOp<AddOp>(b, shapes, loc, total, part)) : part;
    parts.push_back(shape(total, phaseShape));
  }
  Value y = parts.front();
  if (phases > 1)
    y = createOp<ConcatOp>(b, shapes, loc, parts, int64_t(2));
  for (int64_t axis = 0; axis < axes; ++axis) {
    permutation.append({2 + axes + axis, 2 + axis});
    joined.push_back(phaseSizes[axis] * op.getStrides()[axis]);
  }
  llvm::append_range(split, op.getStrides());
  llvm::append_range(split, phaseSizes);
  y = createOp<TransposeOp>(b, shapes, loc, shape(y, split), permutation);
  y = shape(y, joined);
  SmallVector<int64_t> zeros(axes, 0), ones(axes, 1);
  return createOp<SliceOp>(b, shapes, loc, y, constantI64(b, loc, zeros), constantI64(b, loc, w.result),
                           constantI64(b, loc, ones), llvm::to_vector(llvm::seq<int64_t>(2, 2 + axes)));
}

/// Every tap of every window is a place of a grid over the channels that share offsets. Places go from -1 to 1 over the
/// outer edges of an axis, so that each is off by a few roundings, as it is after the offset is added.
Value MultiplyWindows::deformedProduct(DeformConvOp op, const Windows &w, ShapeAnalysis &shapes) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  int64_t taps = w.taps(), height = w.result[0], width = w.result[1], offsetGroup = op.getOffsetGroup();
  auto constant = [&](ArrayRef<int64_t> shape, ArrayRef<float> values) -> Value {
    auto type = RankedTensorType::get(shape, b.getF32Type());
    return ConstantOp::create(b, loc, type, cast<ElementsAttr>(DenseElementsAttr::get(type, values)));
  };
  // Where windows begin, [taps, height, 1, (x, y)] and [taps, 1, width, (x, y)]; y counts in the first, x in the
  // second.
  SmallVector<float> lines, columns, scales, shifts;
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t axis : {0, 1})
      for (int64_t at = 0; at < w.result[axis]; ++at) {
        int64_t place = axis ? tap % w.kernel[1] : tap / w.kernel[1];
        float begin = at * op.getStrides()[axis] - op.getPads()[axis] + place * op.getDilations()[axis];
        axis ? columns.append({begin, 0}) : lines.append({0, begin});
      }
  for (int64_t axis : {3, 2}) {
    double size = *shapes.dim(op.getX(), axis).constant();
    scales.push_back(2 / size);
    shifts.push_back(1 / size - 1);
  }
  // Offsets are [N, offset groups and taps, (y, x), height, width].
  Value grid = reshaped(b, shapes, loc, op.getOffset(), {-1, taps, 2, height, width});
  grid = createOp<SliceOp>(b, shapes, loc, grid, constantI64(b, loc, {-1}), constantI64(b, loc, {-3}),
                           constantI64(b, loc, {-1}), SmallVector<int64_t>{2});
  grid = createOp<TransposeOp>(b, shapes, loc, grid, SmallVector<int64_t>{0, 1, 3, 4, 2});
  grid = createOp<AddOp>(b, shapes, loc, grid, constant({taps, height, 1, 2}, lines));
  grid = createOp<AddOp>(b, shapes, loc, grid, constant({taps, 1, width, 2}, columns));
  grid = createOp<MulOp>(b, shapes, loc, grid, constant({2}, scales));
  grid = createOp<AddOp>(b, shapes, loc, grid, constant({2}, shifts));
  grid = reshaped(b, shapes, loc, grid, {-1, taps * height, width, 2});
  auto x = ArrayRef(shapes.dimsOf(op.getX()));
  Value images =
      reshaped(b, shapes, loc, op.getX(), {-1, w.channels / offsetGroup, *x[2].constant(), *x[3].constant()});
  Value windows = createOp<GridSampleOp>(b, shapes, loc, images, grid, StringRef("linear"), StringRef("zeros"),
                                         /*alignCorners=*/false);
  if (op.getMask()) {
    Value mask = reshaped(b, shapes, loc, op.getMask(), {-1, 1, taps * height, width});
    windows = createOp<MulOp>(b, shapes, loc, windows, mask);
  }
  return product(b, shapes, loc, windows, op.getFilter(), w, TypeAttr());
}

/// Of one channel per group: the taps, each times its weight per channel, added up, which becomes one kernel.
Value MultiplyWindows::sum(ConvOp op, const Windows &w, ArrayRef<Value> taps, OpBuilder &b, ShapeAnalysis &shapes) {
  Location loc = op.getLoc();
  auto numbers = [&](ArrayRef<int64_t> values) { return constantI64(b, loc, values); };
  SmallVector<int64_t> perChannel{w.channels};
  perChannel.append(w.kernel.size(), 1);
  Value weights = createOp<ReshapeOp>(b, shapes, loc, op.getFilter(), numbers({w.channels, w.taps()}), false), total;
  for (auto [number, tap] : llvm::enumerate(taps)) {
    int64_t at = number;
    Value weight = createOp<SliceOp>(b, shapes, loc, weights, numbers({at}), numbers({at + 1}), numbers({1}),
                                     SmallVector<int64_t>{1});
    weight = createOp<ReshapeOp>(b, shapes, loc, weight, numbers(perChannel), false);
    Value product = createOp<MulOp>(b, shapes, loc, tap, weight);
    total = total ? Value(createOp<AddOp>(b, shapes, loc, total, product)) : product;
  }
  return total;
}
