// NormalizeByChannel.cpp - normalizations of each channel, or of all at once, as means of channels and pointwise ops,
// which have no order of axes of their own.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/Layout.h"
#include "cameo/Passes/Layout/Passes.h"
#include "cameo/Passes/Remarks.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cameo {
#define GEN_PASS_DEF_NORMALIZEBYCHANNELPASS
#include "cameo/Passes/Layout/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

/// The ops of one normalization of x, [N, C, spatial..].
class NormalizationByChannel {
public:
  NormalizationByChannel(GroupNormOp op, ShapeAnalysis &shapes, int64_t channels)
      : op(op), shapes(shapes), b(op), rank(shapes.rank(op.getX())), channels(channels),
        isOneGroup(op.getGroups() == 1) {}

  Value build() {
    auto type = cast<FloatType>(getElementTypeOrSelf(op.getX().getType()));
    Type wide = type.getWidth() < 32 ? b.getF32Type() : type;
    auto widened = [&](Value v) { return wide == type ? v : make<CastOp>(v, wide, /*saturate=*/false); };
    Value centred = make<SubOp>(widened(op.getX()), mean(widened(op.getX())));
    Value variance = mean(make<MulOp>(centred, centred));
    auto scalar = RankedTensorType::get({}, wide);
    Value epsilon =
        ConstantOp::create(b, op.getLoc(), scalar,
                           DenseElementsAttr::get(scalar, b.getFloatAttr(wide, op.getEpsilon().convertToDouble())));
    Value factor = make<DivOp>(perChannel(widened(op.getScale())), make<SqrtOp>(make<AddOp>(variance, epsilon)));
    Value result = make<AddOp>(make<MulOp>(centred, factor), perChannel(widened(op.getBias())));
    return wide == type ? result : make<CastOp>(result, type, /*saturate=*/false);
  }

private:
  template <typename OpT, typename... Args> Value make(Args &&...args) {
    return createOp<OpT>(b, shapes, op.getLoc(), std::forward<Args>(args)...);
  }
  Value reshaped(Value x, ArrayRef<int64_t> shape) {
    return make<ReshapeOp>(x, constantI64(b, op.getLoc(), shape), /*allowzero=*/false);
  }
  Value reducedMean(Value x, ArrayRef<int64_t> axes) { return make<ReduceOp>(x, axes, "mean", /*keepDims=*/true); }
  /// [C] -> [1, C, 1..]
  Value perChannel(Value x) {
    SmallVector<int64_t> shape(rank, 1);
    shape[1] = channels;
    return reshaped(x, shape);
  }
  /// The mean of each channel, or of all, as something that broadcasts to x.
  Value mean(Value x) {
    Value ofChannels = reducedMean(x, llvm::to_vector(llvm::seq<int64_t>(2, rank)));
    return isOneGroup ? reducedMean(ofChannels, {1}) : ofChannels;
  }

  GroupNormOp op;
  ShapeAnalysis &shapes;
  OpBuilder b;
  int64_t rank, channels;
  bool isOneGroup; ///< else each channel is one
};

struct NormalizeByChannel : public cameo::impl::NormalizeByChannelPassBase<NormalizeByChannel> {
  using NormalizeByChannelPassBase::NormalizeByChannelPassBase;

  void runOnOperation() override {
    ShapeAnalysis shapes;
    SmallVector<GroupNormOp> found;
    getOperation().walk([&](Block *block) {
      auto prefersLast = [](Operation &op) {
        auto layout = dyn_cast<LayoutInterface>(op);
        return layout && layout.prefersChannelsLast();
      };
      if (llvm::any_of(*block, prefersLast))
        llvm::append_range(found, block->getOps<GroupNormOp>());
    });
    for (GroupNormOp op : found) {
      auto channels = shapes.dim(op.getX(), 1).constant();
      int64_t groups = op.getGroups();
      if (shapes.rank(op.getX()) < 3 || channels == 0 || (groups > 1 && channels && channels != groups))
        continue;
      if (!channels) {
        left(getArgument(), op.getLoc(), "normalizations by channel")
            << "is computed in the model's order: only the run knows the number of its channels";
        continue;
      }
      Value result = NormalizationByChannel(op, shapes, *channels).build();
      changed(getArgument(), op.getLoc(), "normalizations by channel") << "is means of channels and pointwise ops";
      op->replaceAllUsesWith(ValueRange{result});
      shapes.erased(op.getResult());
      op->erase();
    }
    followReturn(getOperation());
  }
};

} // namespace
