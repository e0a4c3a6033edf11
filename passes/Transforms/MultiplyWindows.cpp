// MultiplyWindows.cpp - convolutions by filters that only the run knows as products with the windows side by side.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Passes/Remarks.h"
#include "cameo/Passes/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"

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

  static std::optional<Windows> of(ConvOp op, ShapeAnalysis &shapes);
  bool pays() const;
  int64_t taps() const { return llvm::product_of(kernel); }
  int64_t pixels() const { return llvm::product_of(result); }
};

struct MultiplyWindows : public cameo::impl::MultiplyWindowsPassBase<MultiplyWindows> {
  using MultiplyWindowsPassBase::MultiplyWindowsPassBase;

  void runOnOperation() override {
    ShapeAnalysis shapes;
    SmallVector<ConvOp> found;
    getOperation().walk([&](ConvOp op) {
      if (!op.getChannelsLast() && isa<FloatType>(getElementTypeOrSelf(op.getX().getType())) &&
          !matchPattern(op.getFilter(), m_Constant()))
        found.push_back(op);
    });
    for (ConvOp op : found) {
      auto windows = Windows::of(op, shapes);
      if (!windows || !windows->pays()) {
        left(getArgument(), op.getLoc(), "convolutions by filters of the run")
            << (windows ? "few outputs per group, many taps, or windows that are large together"
                        : "sizes that only the run knows");
        continue;
      }
      changed(getArgument(), op.getLoc(), "windows multiplied") << "its filter is not known before the run";
      Value result = product(op, *windows, shapes);
      op->replaceAllUsesWith(ValueRange{result});
      shapes.erased(op.getResult());
      op->erase();
    }
    followReturn(getOperation());
  }

private:
  SmallVector<Value> tapsOf(ConvOp op, const Windows &w, OpBuilder &b, ShapeAnalysis &shapes);
  Value product(ConvOp op, const Windows &w, ShapeAnalysis &shapes);
  Value sum(ConvOp op, const Windows &w, ArrayRef<Value> taps, OpBuilder &b, ShapeAnalysis &shapes);
};

} // namespace

std::optional<Windows> Windows::of(ConvOp op, ShapeAnalysis &shapes) {
  int64_t rank = shapes.rank(op);
  auto sizes = [&](Value v, int64_t from) -> std::optional<SmallVector<int64_t>> {
    SmallVector<int64_t> known;
    for (int64_t axis = from; axis < rank; ++axis)
      if (auto size = shapes.dim(v, axis).constant(); size && *size > 0)
        known.push_back(*size);
    return int64_t(known.size()) == rank - from ? std::optional(known) : std::nullopt;
  };
  auto x = sizes(op.getX(), 1), filter = sizes(op.getFilter(), 0), result = sizes(op, 1);
  if (!x || !filter || !result)
    return std::nullopt;
  auto spatial = [](const SmallVector<int64_t> &all, size_t from) {
    return SmallVector<int64_t>(ArrayRef(all).drop_front(from));
  };
  Windows w{(*x)[0], (*filter)[0], int64_t(op.getGroup()), false, spatial(*filter, 2), spatial(*result, 1)};
  // Sums of narrower floats are f32, which those of a kernel of pointwise ops would not be.
  bool isWide = getElementTypeOrSelf(op.getX().getType()).getIntOrFloatBitWidth() >= 32;
  w.isDepthwise = isWide && w.group == w.channels && w.group == w.outputs;
  return w;
}

bool Windows::pays() const {
  if (isDepthwise)
    return taps() <= kMostTapsOfChannel;
  return outputs / group >= kFewestOutputs && taps() <= kMostTaps && channels <= kMostElements / taps() / pixels();
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

/// Windows are [N, group, channels of it and taps, pixels], which a filter of [group, outputs of it, channels and taps]
/// multiplies.
Value MultiplyWindows::product(ConvOp op, const Windows &w, ShapeAnalysis &shapes) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto reshaped = [&](Value v, ArrayRef<int64_t> shape) -> Value {
    return createOp<ReshapeOp>(b, shapes, loc, v, constantI64(b, loc, shape), /*allowzero=*/false);
  };
  SmallVector<Value> taps = tapsOf(op, w, b, shapes);
  if (w.isDepthwise)
    return sum(op, w, taps, b, shapes);
  for (Value &tap : taps)
    tap = reshaped(tap, {-1, w.channels, 1, w.pixels()});
  Value windows = taps.front();
  if (taps.size() > 1)
    windows = createOp<ConcatOp>(b, shapes, loc, taps, int64_t(2));
  int64_t sums = w.channels / w.group * w.taps();
  SmallVector<int64_t> gathered{-1, sums, w.pixels()}, filter{w.outputs / w.group, sums}, result{-1, w.outputs};
  if (w.group > 1) {
    gathered.insert(gathered.begin() + 1, w.group);
    filter.insert(filter.begin(), w.group);
  }
  llvm::append_range(result, w.result);
  Value y = createOp<MatMulOp>(b, shapes, loc, reshaped(op.getFilter(), filter), reshaped(windows, gathered),
                               /*transposeLhs=*/false, /*transposeRhs=*/false, op.getAccumulatorAttr());
  return reshaped(y, result);
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
