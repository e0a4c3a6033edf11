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

/// Each tap is an op of its own, which takes time to compile.
static constexpr int64_t kMostTaps = 64;
/// To fewer outputs per group, or of fewer channels for transposed ones, windows are written and read for too little.
static constexpr int64_t kFewestSums = 8;
/// Elements of all windows; of those of one image where the run gives the number of images.
static constexpr int64_t kMostElements = int64_t(1) << 27, kMostElementsOfImage = int64_t(1) << 25;

namespace {

/// Sizes of a convolution.
struct Windows {
  std::optional<int64_t> images;
  int64_t channels, outputs, group;
  SmallVector<int64_t> kernel, image, result; ///< of the spatial axes

  static std::optional<Windows> of(Value x, Value filter, Value result, int64_t group, ShapeAnalysis &shapes);
  int64_t taps() const { return llvm::product_of(kernel); }
  int64_t pixels() const { return llvm::product_of(result); }
  bool isDepthwise() const { return group == channels && group == outputs; }
  /// Whether `perPixel` elements for each tap of `pixels` pixels are not too many.
  bool fit(int64_t perPixel, int64_t pixels) const {
    int64_t most = images ? kMostElements / std::max<int64_t>(1, *images) : kMostElementsOfImage;
    return perPixel <= most / taps() / pixels;
  }
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
    for (ConvOp op : found)
      rewrite(op, shapes);
    for (ConvTransposeOp op : transposed)
      rewrite(op, shapes);
    for (DeformConvOp op : deformed)
      rewrite(op, shapes);
    followReturn(getOperation());
  }

private:
  static bool isWide(Value x) { return getElementTypeOrSelf(x.getType()).getIntOrFloatBitWidth() >= 32; }
  template <typename OpT> static bool isOfTheRun(OpT op) {
    return !op.getChannelsLast() && isa<FloatType>(getElementTypeOrSelf(op.getX().getType())) &&
           !matchPattern(op.getFilter(), m_Constant());
  }
  template <typename OpT> void rewrite(OpT op, ShapeAnalysis &shapes) {
    auto windows = Windows::of(op.getX(), op.getFilter(), op, op.getGroup(), shapes);
    if (StringRef reason = windows ? reasonToStay(op, *windows) : "sizes that only the run knows"; !reason.empty()) {
      left(getArgument(), op.getLoc(), "convolutions left to their loops") << reason;
      return;
    }
    changed(getArgument(), op.getLoc(), "windows multiplied") << "is a product with its windows";
    Value result = product(op, *windows, shapes);
    op->replaceAllUsesWith(ValueRange{result});
    shapes.erased(op.getResult());
    op->erase();
  }
  static StringRef reasonToStay(ConvOp op, const Windows &w);
  static StringRef reasonToStay(ConvTransposeOp op, const Windows &w);
  static StringRef reasonToStay(DeformConvOp op, const Windows &w);
  static Value product(ConvOp op, const Windows &w, ShapeAnalysis &shapes);
  static Value product(ConvTransposeOp op, const Windows &w, ShapeAnalysis &shapes);
  static Value product(DeformConvOp op, const Windows &w, ShapeAnalysis &shapes);
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
  return Windows{shapes.dim(x, 0).constant(), (*ofX)[0],        (*ofResult)[0],       group,
                 spatial(*ofFilter, 2),       spatial(*ofX, 1), spatial(*ofResult, 1)};
}

StringRef MultiplyWindows::reasonToStay(ConvOp op, const Windows &w) {
  if (w.taps() > kMostTaps)
    return "many taps";
  // Sums of narrower floats are f32, which those of a kernel of pointwise ops would not be.
  if (w.isDepthwise())
    return isWide(op.getX()) ? "" : "one narrow channel per group";
  if (w.outputs / w.group < kFewestSums)
    return "few outputs per group";
  return w.fit(w.channels, w.pixels()) ? "" : "windows that are large together";
}

StringRef MultiplyWindows::reasonToStay(ConvTransposeOp op, const Windows &w) {
  if (w.taps() > kMostTaps)
    return "many taps";
  if (w.channels / w.group < kFewestSums)
    return "few channels per group";
  if (!reachesAllPhases(op, w))
    return "outputs that are sums of nothing";
  return w.fit(w.outputs, llvm::product_of(w.image)) ? "" : "windows that are large together";
}

StringRef MultiplyWindows::reasonToStay(DeformConvOp op, const Windows &w) {
  return w.fit(w.channels, w.pixels()) ? "" : "windows that are large together";
}

static Value reshaped(OpBuilder &b, ShapeAnalysis &shapes, Location loc, Value v, ArrayRef<int64_t> shape) {
  return createOp<ReshapeOp>(b, shapes, loc, v, constantI64(b, loc, shape), /*allowzero=*/false);
}

/// `pads` zeros before and after each axis.
static Value padded(OpBuilder &b, ShapeAnalysis &shapes, Location loc, Value v, ArrayRef<int64_t> pads) {
  auto scalar = RankedTensorType::get({}, getElementTypeOrSelf(v.getType()));
  Value zero = ConstantOp::create(b, loc, scalar, cast<ElementsAttr>(b.getZeroAttr(scalar)));
  return createOp<PadOp>(b, shapes, loc, v, constantI64(b, loc, pads), zero, StringRef("constant"));
}

/// A slice of the padded operand for each tap: what all windows have there, [N, C, result..].
static SmallVector<Value> tapsOf(ConvOp op, const Windows &w, OpBuilder &b, ShapeAnalysis &shapes) {
  Location loc = op.getLoc();
  int64_t axes = w.kernel.size();
  Value x = op.getX();
  if (llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; })) {
    SmallVector<int64_t> pads{0, 0};
    llvm::append_range(pads, op.getPads().take_front(axes));
    pads.append({0, 0});
    llvm::append_range(pads, op.getPads().drop_front(axes));
    x = padded(b, shapes, loc, x, pads);
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

/// [N, C, taps, pixels], as [N, group, channels of it and taps, pixels], times a filter of [group, outputs of it,
/// channels and taps].
static Value multiplied(OpBuilder &b, ShapeAnalysis &shapes, Location loc, Value windows, Value filter,
                        const Windows &w, TypeAttr accumulator) {
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

/// Of one channel per group: the taps, each times its weight per channel, added up, which becomes one kernel.
static Value sumOfTaps(ConvOp op, const Windows &w, ArrayRef<Value> taps, OpBuilder &b, ShapeAnalysis &shapes) {
  Location loc = op.getLoc();
  SmallVector<int64_t> perChannel{w.channels};
  perChannel.append(w.kernel.size(), 1);
  Value weights = reshaped(b, shapes, loc, op.getFilter(), {w.channels, w.taps()}), total;
  for (int64_t at = 0; at < w.taps(); ++at) {
    Value weight = createOp<SliceOp>(b, shapes, loc, weights, constantI64(b, loc, {at}), constantI64(b, loc, {at + 1}),
                                     constantI64(b, loc, {1}), SmallVector<int64_t>{1});
    Value term = createOp<MulOp>(b, shapes, loc, taps[at], reshaped(b, shapes, loc, weight, perChannel));
    total = total ? Value(createOp<AddOp>(b, shapes, loc, total, term)) : term;
  }
  return total;
}

Value MultiplyWindows::product(ConvOp op, const Windows &w, ShapeAnalysis &shapes) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  SmallVector<Value> taps = tapsOf(op, w, b, shapes);
  if (w.isDepthwise())
    return sumOfTaps(op, w, taps, b, shapes);
  for (Value &tap : taps)
    tap = reshaped(b, shapes, loc, tap, {-1, w.channels, 1, w.pixels()});
  Value windows = taps.front();
  if (taps.size() > 1)
    windows = createOp<ConcatOp>(b, shapes, loc, taps, int64_t(2));
  return multiplied(b, shapes, loc, windows, op.getFilter(), w, op.getAccumulatorAttr());
}

/// The other way round: a product gives what each pixel adds to its window, [N, O, taps, image..]. Outputs s m + r of
/// an axis, for each phase r of its stride s, are sums of taps, moved by some pixels; the phases are put side by side.
Value MultiplyWindows::product(ConvTransposeOp op, const Windows &w, ShapeAnalysis &shapes) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  int64_t axes = w.kernel.size(), taps = w.taps();
  auto shape = [&](Value v, ArrayRef<int64_t> sizes) { return reshaped(b, shapes, loc, v, sizes); };
  SmallVector<int64_t> phaseSizes;
  for (auto [size, stride] : llvm::zip(w.result, op.getStrides()))
    phaseSizes.push_back(llvm::divideCeil(size, stride));
  Value filter = shape(op.getFilter(), {w.group, w.channels / w.group, w.outputs / w.group * taps});
  filter = createOp<TransposeOp>(b, shapes, loc, filter, SmallVector<int64_t>{0, 2, 1});
  Value x = shape(op.getX(), {-1, w.group, w.channels / w.group, llvm::product_of(w.image)});
  Value added =
      createOp<MatMulOp>(b, shapes, loc, filter, x, /*transposeLhs=*/false, /*transposeRhs=*/false, TypeAttr());
  SmallVector<int64_t> perTap{-1, w.outputs, taps};
  llvm::append_range(perTap, w.image);
  added = shape(added, perTap);

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
      after[2 + axis] = phaseSizes[axis] + distance / stride - w.image[axis];
      place /= w.kernel[axis];
      rest /= stride;
    }
    Value one = createOp<SliceOp>(b, shapes, loc, added, constantI64(b, loc, {tap}), constantI64(b, loc, {tap + 1}),
                                  constantI64(b, loc, {1}), SmallVector<int64_t>{2});
    SmallVector<int64_t> sizes{-1, w.outputs};
    llvm::append_range(sizes, w.image);
    llvm::append_range(before, after);
    return padded(b, shapes, loc, shape(one, sizes), before);
  };
  int64_t phases = llvm::product_of(op.getStrides());
  SmallVector<int64_t> phaseShape{-1, w.outputs, 1}, split{-1, w.outputs}, permutation{0, 1}, joined{-1, w.outputs};
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

/// Every tap of every window is a place of a grid over the channels that share offsets.
Value MultiplyWindows::product(DeformConvOp op, const Windows &w, ShapeAnalysis &shapes) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  constexpr float kFar = 1 << 30; // beyond any image
  int64_t taps = w.taps(), height = w.result[0], width = w.result[1], offsetGroup = op.getOffsetGroup();
  auto constant = [&](ArrayRef<int64_t> shape, ArrayRef<float> values) -> Value {
    auto type = RankedTensorType::get(shape, b.getF32Type());
    return ConstantOp::create(b, loc, type, cast<ElementsAttr>(DenseElementsAttr::get(type, values)));
  };
  // Where windows begin, [taps, height, 1, (x, y)] and [taps, 1, width, (x, y)]; y counts in the first, x in the
  // second.
  SmallVector<float> lines, columns;
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t axis : {0, 1})
      for (int64_t at = 0; at < w.result[axis]; ++at) {
        int64_t place = axis ? tap % w.kernel[1] : tap / w.kernel[1];
        float begin = at * op.getStrides()[axis] - op.getPads()[axis] + place * op.getDilations()[axis];
        axis ? columns.append({begin, 0}) : lines.append({0, begin});
      }
  // Offsets are [N, offset groups and taps, (y, x), height, width].
  Value grid = reshaped(b, shapes, loc, op.getOffset(), {-1, taps, 2, height, width});
  grid = createOp<SliceOp>(b, shapes, loc, grid, constantI64(b, loc, {-1}), constantI64(b, loc, {-3}),
                           constantI64(b, loc, {-1}), SmallVector<int64_t>{2});
  grid = createOp<TransposeOp>(b, shapes, loc, grid, SmallVector<int64_t>{0, 1, 3, 4, 2});
  grid = createOp<AddOp>(b, shapes, loc, grid, constant({taps, height, 1, 2}, lines));
  grid = createOp<AddOp>(b, shapes, loc, grid, constant({taps, 1, width, 2}, columns));
  // What is nowhere reads nothing.
  Value isNear = createOp<LessOp>(b, shapes, loc, createOp<AbsOp>(b, shapes, loc, grid), constant({}, {kFar}));
  grid = createOp<WhereOp>(b, shapes, loc, isNear, grid, constant({}, {-kFar}));
  grid = reshaped(b, shapes, loc, grid, {-1, taps * height, width, 2});
  Value images = reshaped(b, shapes, loc, op.getX(), {-1, w.channels / offsetGroup, w.image[0], w.image[1]});
  Value windows = createOp<GridSampleOp>(b, shapes, loc, images, grid, StringRef("linear"), StringRef("zeros"),
                                         /*alignCorners=*/false, /*inPixels=*/true);
  if (op.getMask()) {
    Value mask = reshaped(b, shapes, loc, op.getMask(), {-1, 1, taps * height, width});
    windows = createOp<MulOp>(b, shapes, loc, windows, mask);
  }
  return multiplied(b, shapes, loc, windows, op.getFilter(), w, TypeAttr());
}
