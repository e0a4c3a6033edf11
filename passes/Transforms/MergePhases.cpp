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
  }

private:
  static std::optional<std::pair<PhaseAxis, PhaseAxis>> axesOf(ConvTransposeOp op, ShapeAnalysis &shapes);
  Value merged(ConvTransposeOp op, ShapeAnalysis &shapes);
};

} // namespace

/// Height and width; nothing where sizes are not known or it would not pay.
std::optional<std::pair<PhaseAxis, PhaseAxis>> MergePhases::axesOf(ConvTransposeOp op, ShapeAnalysis &shapes) {
  bool isDilated = llvm::any_of(op.getDilations(), [](int64_t d) { return d != 1; });
  if (op.getChannelsLast() || op.getGroup() != 1 || isDilated || shapes.rank(op.getX()) != 4)
    return std::nullopt;
  auto axis = [&](int64_t i) -> std::optional<PhaseAxis> {
    auto size = shapes.dim(op.getX(), 2 + i).constant(), result = shapes.dim(op, 2 + i).constant(),
         taps = shapes.dim(op.getFilter(), 2 + i).constant();
    if (!size || !result || !taps || op.getStrides()[i] > *taps)
      return std::nullopt;
    PhaseAxis made(op.getStrides()[i], *taps, op.getPads()[i], *size, *result);
    return made.padBegin() < 0 || made.padEnd() < 0 ? std::nullopt : std::optional(made);
  };
  auto height = axis(0), width = axis(1);
  auto channels = shapes.dim(op.getFilter(), 1).constant();
  if (!height || !width || !channels || *channels < 1 || shapes.dim(op.getFilter(), 0).isConstant(0))
    return std::nullopt;
  int64_t phases = height->stride * width->stride;
  auto vectors = [](int64_t count) { return int64_t(llvm::divideCeil(count, kLanes)); };
  bool pays = 3 * height->window * width->window * vectors(phases * *channels) <=
              2 * height->taps * width->taps * vectors(*channels);
  return phases > 1 && pays ? std::optional(std::pair(*height, *width)) : std::nullopt;
}

/// The convolution, whose channels are [phase of the height, phase of the width, channel], and its pixels in their
/// order.
Value MergePhases::merged(ConvTransposeOp op, ShapeAnalysis &shapes) {
  auto axes = axesOf(op, shapes);
  auto type = dyn_cast<Float32Type>(getElementTypeOrSelf(op.getX().getType()));
  auto filter = axes && type ? constantFloats(op.getFilter()) : std::nullopt;
  if (!filter)
    return {};
  auto [height, width] = *axes;
  auto filterShape = cast<RankedTensorType>(op.getFilter().getType()).getShape();
  int64_t inputs = filterShape[0], outputs = filterShape[1];
  int64_t channels = height.stride * width.stride * outputs;
  std::vector<float> weights(channels * inputs * height.window * width.window);
  float *to = weights.data();
  for (int64_t y = 0; y < height.stride; ++y)
    for (int64_t x = 0; x < width.stride; ++x)
      for (int64_t o = 0; o < outputs; ++o)
        for (int64_t c = 0; c < inputs; ++c)
          for (int64_t i = 0; i < height.window; ++i)
            for (int64_t j = 0; j < width.window; ++j, ++to) {
              int64_t row = y + height.padding - height.stride * (height.first + i);
              int64_t column = x + width.padding - width.stride * (width.first + j);
              if (row >= 0 && row < height.taps && column >= 0 && column < width.taps)
                *to = (*filter)[((c * outputs + o) * height.taps + row) * width.taps + column];
            }

  OpBuilder b(op);
  Location loc = op.getLoc();
  auto tensor = RankedTensorType::get({channels, inputs, height.window, width.window}, type);
  ArrayRef<char> bytes(reinterpret_cast<const char *>(weights.data()), weights.size() * sizeof(float));
  auto &manager = DenseResourceElementsHandle::getManagerInterface(b.getContext());
  Value merged =
      ConstantOp::create(b, loc, tensor,
                         DenseResourceElementsAttr::get(
                             tensor, manager.insert("phases", ConstantStorage::of(b.getContext()).copy(bytes))));
  Value y = createOp<ConvOp>(b, shapes, loc, op.getX(), merged, ArrayRef<int64_t>{1, 1}, ArrayRef<int64_t>{1, 1},
                             ArrayRef<int64_t>{height.padBegin(), width.padBegin(), height.padEnd(), width.padEnd()},
                             /*group=*/1, /*channelsLast=*/false, TypeAttr());
  auto reshaped = [&](Value v, ArrayRef<int64_t> shape) {
    return createOp<ReshapeOp>(b, shapes, loc, v, constantI64(b, loc, shape), /*allowzero=*/false).getResult();
  };
  int64_t rows = height.phaseSize * height.stride, columns = width.phaseSize * width.stride;
  y = reshaped(y, {-1, height.stride, width.stride, outputs, height.phaseSize, width.phaseSize});
  y = createOp<TransposeOp>(b, shapes, loc, y, ArrayRef<int64_t>{0, 3, 4, 1, 5, 2});
  y = reshaped(y, {-1, outputs, rows, columns});
  if (rows == height.result && columns == width.result)
    return y;
  auto numbers = [&](ArrayRef<int64_t> values) { return constantI64(b, loc, values); };
  return createOp<SliceOp>(b, shapes, loc, y, numbers({0, 0}), numbers({height.result, width.result}), numbers({1, 1}),
                           ArrayRef<int64_t>{2, 3});
}
