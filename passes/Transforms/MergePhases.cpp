// MergePhases.cpp - transposed convolutions to few channels as convolutions to all phases of the stride at once.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "cameo/Passes/Remarks.h"
#include "cameo/Passes/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace cameo {
#define GEN_PASS_DEF_MERGEPHASESPASS
#include "cameo/Passes/Transforms/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

/// Channels that convolutions compute side by side.
static constexpr int64_t kLanes = 16;

namespace {

/// One spatial axis. Output s m + r reads inputs m + d by taps r + padding - s d, d in [first, first + window).
struct PhaseAxis {
  int64_t stride, taps, padding, size, result;
  int64_t first, window, phaseSize;

  PhaseAxis(int64_t stride, int64_t taps, int64_t padding, int64_t size, int64_t result)
      : stride(stride), taps(taps), padding(padding), size(size), result(result),
        first(llvm::divideFloorSigned(padding, stride) - (int64_t(llvm::divideCeil(taps, stride)) - 1)),
        window(llvm::divideFloorSigned(padding + stride - 1, stride) - first + 1),
        phaseSize(llvm::divideCeil(result, stride)) {}

  int64_t padBegin() const { return -first; }
  int64_t padEnd() const { return phaseSize - size + window - 1 + first; }
};

struct MergePhases : public cameo::impl::MergePhasesPassBase<MergePhases> {
  using MergePhasesPassBase::MergePhasesPassBase;

  void runOnOperation() override {
    ShapeAnalysis shapes;
    SmallVector<ConvTransposeOp> found;
    getOperation().walk([&](ConvTransposeOp op) { found.push_back(op); });
    for (ConvTransposeOp op : found)
      if (Value result = merged(op, shapes)) {
        changed(getArgument(), op.getLoc(), "phases merged") << "computes all phases of its stride as channels";
        op->replaceAllUsesWith(ValueRange{result});
        shapes.erased(op.getResult());
        op->erase();
      }
    followReturn(getOperation());
  }

private:
  static std::optional<SmallVector<PhaseAxis>> axesOf(ConvTransposeOp op, ShapeAnalysis &shapes);
  Value merged(ConvTransposeOp op, ShapeAnalysis &shapes);
};

} // namespace

/// The product of what `size` says of each axis.
static int64_t productOf(ArrayRef<PhaseAxis> axes, int64_t PhaseAxis::*size) {
  int64_t product = 1;
  for (const PhaseAxis &axis : axes)
    product *= axis.*size;
  return product;
}

/// The spatial axes; nothing where sizes are not known or it would not pay.
std::optional<SmallVector<PhaseAxis>> MergePhases::axesOf(ConvTransposeOp op, ShapeAnalysis &shapes) {
  bool isDilated = llvm::any_of(op.getDilations(), [](int64_t d) { return d != 1; });
  if (op.getChannelsLast() || op.getGroup() != 1 || isDilated)
    return std::nullopt;
  SmallVector<PhaseAxis> axes;
  for (int64_t i = 0, count = op.getStrides().size(); i < count; ++i) {
    auto size = shapes.dim(op.getX(), 2 + i).constant(), result = shapes.dim(op, 2 + i).constant(),
         taps = shapes.dim(op.getFilter(), 2 + i).constant();
    if (!size || !result || !taps || op.getStrides()[i] > *taps)
      return std::nullopt;
    PhaseAxis axis(op.getStrides()[i], *taps, op.getPads()[i], *size, *result);
    if (axis.padBegin() < 0 || axis.padEnd() < 0)
      return std::nullopt;
    axes.push_back(axis);
  }
  auto channels = shapes.dim(op.getFilter(), 1).constant();
  if (!channels || *channels < 1 || shapes.dim(op.getFilter(), 0).isConstant(0))
    return std::nullopt;
  int64_t phases = productOf(axes, &PhaseAxis::stride);
  auto vectors = [](int64_t count) { return int64_t(llvm::divideCeil(count, kLanes)); };
  bool pays = 3 * productOf(axes, &PhaseAxis::window) * vectors(phases * *channels) <=
              2 * productOf(axes, &PhaseAxis::taps) * vectors(*channels);
  return phases > 1 && pays ? std::optional(axes) : std::nullopt;
}

/// The filter of the merged convolution: for each phase what ONNX has for one, taps of other phases 0.
static std::vector<float> mergedFilter(ArrayRef<PhaseAxis> axes, ArrayRef<float> filter, int64_t inputs,
                                       int64_t outputs) {
  int64_t phases = productOf(axes, &PhaseAxis::stride), window = productOf(axes, &PhaseAxis::window),
          taps = productOf(axes, &PhaseAxis::taps);
  // The tap by which phase `phase` reads place `place` of its window.
  auto tapOf = [&](int64_t phase, int64_t place) -> std::optional<int64_t> {
    int64_t tap = 0, unit = 1;
    for (const PhaseAxis &axis : llvm::reverse(axes)) {
      int64_t at = phase % axis.stride + axis.padding - axis.stride * (axis.first + place % axis.window);
      if (at < 0 || at >= axis.taps)
        return std::nullopt;
      tap += at * unit;
      unit *= axis.taps;
      phase /= axis.stride;
      place /= axis.window;
    }
    return tap;
  };
  std::vector<float> weights(phases * outputs * inputs * window);
  float *to = weights.data();
  for (int64_t phase = 0; phase < phases; ++phase)
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t c = 0; c < inputs; ++c)
        for (int64_t place = 0; place < window; ++place, ++to)
          if (auto tap = tapOf(phase, place))
            *to = filter[(c * outputs + o) * taps + *tap];
  return weights;
}

/// The convolution, whose channels are [phase of each axis, channel], and its pixels in their order.
Value MergePhases::merged(ConvTransposeOp op, ShapeAnalysis &shapes) {
  auto axes = axesOf(op, shapes);
  auto type = dyn_cast<Float32Type>(getElementTypeOrSelf(op.getX().getType()));
  auto filter = axes && type ? constantFloats(op.getFilter()) : std::nullopt;
  if (!filter)
    return {};
  auto filterShape = cast<RankedTensorType>(op.getFilter().getType()).getShape();
  int64_t inputs = filterShape[0], outputs = filterShape[1], rank = axes->size();
  std::vector<float> weights = mergedFilter(*axes, *filter, inputs, outputs);

  OpBuilder b(op);
  Location loc = op.getLoc();
  // [N, strides.., O, phase sizes..] to [N, O, phase size, stride, ...].
  SmallVector<int64_t> windows = {productOf(*axes, &PhaseAxis::stride) * outputs, inputs}, pads, split = {-1},
                       permutation = {0, 1 + rank}, joined = {-1, outputs}, results, zeros(rank, 0), ones(rank, 1);
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    windows.push_back(axis.window);
    pads.push_back(axis.padBegin());
    split.push_back(axis.stride);
    permutation.append({2 + rank + int64_t(i), 1 + int64_t(i)});
    joined.push_back(axis.phaseSize * axis.stride);
    results.push_back(axis.result);
  }
  split.push_back(outputs);
  for (const PhaseAxis &axis : *axes) {
    pads.push_back(axis.padEnd());
    split.push_back(axis.phaseSize);
  }
  auto tensor = RankedTensorType::get(windows, type);
  ArrayRef<char> bytes(reinterpret_cast<const char *>(weights.data()), weights.size() * sizeof(float));
  auto &manager = DenseResourceElementsHandle::getManagerInterface(b.getContext());
  Value merged =
      ConstantOp::create(b, loc, tensor,
                         DenseResourceElementsAttr::get(
                             tensor, manager.insert("phases", ConstantStorage::of(b.getContext()).copy(bytes))));
  Value y = createOp<ConvOp>(b, shapes, loc, op.getX(), merged, ones, ones, pads, /*group=*/1, /*channelsLast=*/false,
                             TypeAttr());
  auto reshaped = [&](Value v, ArrayRef<int64_t> shape) {
    return createOp<ReshapeOp>(b, shapes, loc, v, constantI64(b, loc, shape), /*allowzero=*/false).getResult();
  };
  y = reshaped(y, split);
  y = createOp<TransposeOp>(b, shapes, loc, y, permutation);
  y = reshaped(y, joined);
  if (ArrayRef(joined).drop_front(2) == ArrayRef(results))
    return y;
  auto numbers = [&](ArrayRef<int64_t> values) { return constantI64(b, loc, values); };
  return createOp<SliceOp>(b, shapes, loc, y, numbers(zeros), numbers(results), numbers(ones),
                           llvm::to_vector(llvm::seq<int64_t>(2, 2 + rank)));
}
