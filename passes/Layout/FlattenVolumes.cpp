// FlattenVolumes.cpp - convolutions over volumes as convolutions over images whose channels are those of several
// slices.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Passes/Layout/Passes.h"
#include "cameo/Passes/Remarks.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cameo {
#define GEN_PASS_DEF_FLATTENVOLUMESPASS
#include "cameo/Passes/Layout/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

/// One channels-last convolution or transposed convolution over three spatial axes.
template <typename OpT> class Flattening {
public:
  Flattening(OpT op, ShapeAnalysis &shapes)
      : op(op), shapes(shapes), b(op), filter(cast<RankedTensorType>(op.getFilter().getType()).getShape()),
        taps(filter[2]), stride(op.getStrides()[0]), dilation(op.getDilations()[0]), padding(op.getPads()[0]),
        groups(op.getGroup()) {}

protected:
  template <typename MadeT, typename... Args> Value make(Args &&...args) {
    return createOp<MadeT>(b, shapes, op.getLoc(), std::forward<Args>(args)...);
  }
  Value numbers(ArrayRef<int64_t> values) { return constantI64(b, op.getLoc(), values); }
  Value reshaped(Value x, ArrayRef<int64_t> shape) { return make<ReshapeOp>(x, numbers(shape), /*allowzero=*/false); }

  /// Elements [begin, end) along `axis`, `step` apart.
  Value slice(Value x, int64_t axis, int64_t begin, int64_t end, int64_t step = 1) {
    return make<SliceOp>(x, numbers({begin}), numbers({end}), numbers({step}), ArrayRef<int64_t>{axis});
  }

  /// x with slices of zeros before and behind it.
  Value padded(Value x, int64_t before, int64_t behind) {
    if (before == 0 && behind == 0)
      return x;
    auto type = RankedTensorType::get({}, getElementTypeOrSelf(x.getType()));
    Value zero = ConstantOp::create(b, op.getLoc(), type, cast<ElementsAttr>(b.getZeroAttr(type)));
    return make<PadOp>(x, numbers({0, before, 0, 0, 0, 0, behind, 0, 0, 0}), zero, "constant");
  }

  /// [N, D, H, W, C] -> [N D, H, W, C]
  Value images(Value x) {
    ArrayRef<Dim> dims = shapes.dimsOf(x);
    if (dims[0].isConstant(1))
      return make<SqueezeOp>(x, ArrayRef<int64_t>{0});
    return reshaped(x, {-1, *dims[2].constant(), *dims[3].constant(), *dims[4].constant()});
  }

  /// [N D, H, W, C] -> [N, D, H, W, C], N as in the result.
  Value volume(Value y, std::optional<int64_t> depth) {
    if (shapes.dim(op, 0).isConstant(1))
      return make<UnsqueezeOp>(y, ArrayRef<int64_t>{0});
    ArrayRef<Dim> dims = shapes.dimsOf(y);
    return reshaped(y, {-1, *depth, *dims[1].constant(), *dims[2].constant(), *dims[3].constant()});
  }

  static SmallVector<int64_t> ofImage(ArrayRef<int64_t> perAxis) { return SmallVector<int64_t>(perAxis.take_back(2)); }
  SmallVector<int64_t> imagePads() {
    ArrayRef<int64_t> pads = op.getPads();
    return {pads[1], pads[2], pads[4], pads[5]};
  }

  static bool areConstant(ArrayRef<Dim> dims) {
    return llvm::all_of(dims, [](Dim d) { return d.constant().has_value(); });
  }
  /// Why images would not do; empty: they do.
  static std::string problemOf(OpT op, ShapeAnalysis &shapes) {
    if (!constantBehind(op.getFilter()) || !cast<RankedTensorType>(op.getFilter().getType()).hasStaticShape())
      return "its filter is no constant";
    ArrayRef<Dim> x = shapes.dimsOf(op.getX()), y = shapes.dimsOf(op);
    if (!x[0].isConstant(1) && !(areConstant(x.slice(2)) && areConstant(y.slice(1))))
      return "it has several volumes whose size only the run knows";
    return "";
  }

  OpT op;
  ShapeAnalysis &shapes;
  OpBuilder b;
  ArrayRef<int64_t> filter; ///< [O, C/group, kernel..]; transposed: [C, O/group, kernel..]
  int64_t taps, stride, dilation, padding, groups;
};

class FlatConv : Flattening<ConvOp> {
public:
  using Flattening::Flattening;
  static std::string problemOf(ConvOp op, ShapeAnalysis &shapes) {
    if (op.getStrides()[0] > 1 && !shapes.dim(op, 1).constant())
      return "the number of its slices, which are not neighbours, is only known by the run";
    return Flattening::problemOf(op, shapes);
  }
  Value result();

private:
  Value slicesOf(Value x, int64_t tap);
  Value filterOf(int64_t first, int64_t count);
  Value convolved(Value x, Value weights) {
    return make<ConvOp>(x, weights, ofImage(op.getStrides()), ofImage(op.getDilations()), imagePads(), groups,
                        /*channelsLast=*/true, op.getAccumulatorAttr());
  }
};

class FlatConvTranspose : Flattening<ConvTransposeOp> {
public:
  using Flattening::Flattening;
  static std::string problemOf(ConvTransposeOp op, ShapeAnalysis &shapes) {
    if (op.getGroup() > 1)
      return "its channels are in groups";
    if (!areConstant(shapes.dimsOf(op.getX()).drop_front()) || !areConstant(shapes.dimsOf(op).drop_front()))
      return "the size of its volumes is only known by the run";
    return Flattening::problemOf(op, shapes);
  }
  Value result();

private:
  Value phase(int64_t first, int64_t count);
};

} // namespace

/// What tap `tap` reads of the padded x: one slice per slice of the result.
Value FlatConv::slicesOf(Value x, int64_t tap) {
  if (taps == 1 && stride == 1)
    return x;
  int64_t begin = tap * dilation, end = (tap - taps + 1) * dilation; // from the end of x
  if (auto count = shapes.dim(op, 1).constant())
    end = begin + (*count - 1) * stride + 1;
  else if (end == 0)
    end = std::numeric_limits<int64_t>::max();
  return slice(x, 1, begin, end, stride);
}

/// Taps [first, first + count) along the slices, the channels of each behind each other: [O, count C/group, H, W].
Value FlatConv::filterOf(int64_t first, int64_t count) {
  Value weights = count < taps ? slice(op.getFilter(), 2, first, first + count) : op.getFilter();
  weights = make<TransposeOp>(weights, ArrayRef<int64_t>{0, 2, 1, 3, 4});
  return reshaped(weights, {filter[0], count * filter[1], filter[3], filter[4]});
}

Value FlatConv::result() {
  Value x = padded(op.getX(), padding, op.getPads()[3]);
  auto depth = shapes.dim(op, 1).constant();
  if (groups > 1 && filter[1] == 1 && filter[0] == groups) { // nothing to add up along channels
    Value sum;
    for (int64_t tap = 0; tap < taps; ++tap) {
      Value part = convolved(images(slicesOf(x, tap)), filterOf(tap, 1));
      sum = sum ? make<AddOp>(sum, part) : part;
    }
    return volume(sum, depth);
  }
  bool isGrouped = groups > 1 && taps > 1; // beside each other are the channels of one group
  SmallVector<Value> parts;
  for (int64_t tap = 0; tap < taps; ++tap) {
    Value part = images(slicesOf(x, tap));
    parts.push_back(isGrouped ? reshaped(part, {0, 0, 0, groups, filter[1]}) : part);
  }
  Value side = taps == 1 ? parts[0] : make<ConcatOp>(parts, int64_t(-1));
  if (isGrouped)
    side = reshaped(side, {0, 0, 0, groups * taps * filter[1]});
  return volume(convolved(side, filterOf(0, taps)), depth);
}

/// Slices first, first + stride, ... of the result, `count` of them: [N, count, H, W, O]. Slice p has tap t where
/// p + padding - t dilation is a multiple of the stride.
Value FlatConvTranspose::phase(int64_t first, int64_t count) {
  int64_t depth = *shapes.dim(op.getX(), 1).constant();
  SmallVector<Value> parts, weights;
  for (int64_t tap = 0; tap < taps; ++tap) {
    int64_t place = first + padding - tap * dilation, from = place / stride;
    if (place % stride != 0 || from + count <= 0 || from >= depth)
      continue;
    Value part = slice(op.getX(), 1, std::max<int64_t>(from, 0), std::min(from + count, depth));
    parts.push_back(images(padded(part, std::max<int64_t>(-from, 0), std::max<int64_t>(from + count - depth, 0))));
    weights.push_back(reshaped(slice(op.getFilter(), 2, tap, tap + 1), {0, 0, filter[3], filter[4]}));
  }
  if (parts.empty()) { // zeros
    Value none = padded(slice(op.getX(), 1, 0, 0), count, 0);
    parts.push_back(images(none));
    weights.push_back(reshaped(slice(op.getFilter(), 2, 0, 1), {0, 0, filter[3], filter[4]}));
  }
  Value side = parts.size() == 1 ? parts[0] : make<ConcatOp>(parts, int64_t(-1));
  Value stacked = weights.size() == 1 ? weights[0] : make<ConcatOp>(weights, int64_t(0));
  Value y = make<ConvTransposeOp>(side, stacked, ofImage(op.getStrides()), ofImage(op.getDilations()), imagePads(),
                                  ofImage(op.getOutputPadding()), groups, /*channelsLast=*/true);
  return volume(y, count);
}

Value FlatConvTranspose::result() {
  int64_t depth = *shapes.dim(op, 1).constant(), count = llvm::divideCeil(depth, stride);
  if (stride == 1)
    return phase(0, depth);
  SmallVector<Value> phases;
  for (int64_t first = 0; first < stride; ++first)
    phases.push_back(make<UnsqueezeOp>(phase(first, count), ArrayRef<int64_t>{2}));
  Value y = make<ConcatOp>(phases, int64_t(2)); // [N, count, stride, H, W, O]
  ArrayRef<Dim> dims = shapes.dimsOf(op);
  y = reshaped(y, {0, count * stride, *dims[2].constant(), *dims[3].constant(), *dims[4].constant()});
  return count * stride == depth ? y : slice(y, 1, 0, depth);
}

namespace {

struct FlattenVolumes : public cameo::impl::FlattenVolumesPassBase<FlattenVolumes> {
  using FlattenVolumesPassBase::FlattenVolumesPassBase;

  void runOnOperation() override {
    ShapeAnalysis shapes;
    SmallVector<Operation *> found;
    getOperation().walk([&](Operation *op) {
      if (isa<ConvOp, ConvTransposeOp>(op) && shapes.rank(op->getResult(0)) == 5)
        found.push_back(op);
    });
    for (Operation *op : found)
      if (auto conv = dyn_cast<ConvOp>(op))
        flatten<FlatConv>(conv, shapes);
      else
        flatten<FlatConvTranspose>(cast<ConvTransposeOp>(op), shapes);
    followReturn(getOperation());
  }

private:
  template <typename FlatT, typename OpT> void flatten(OpT op, ShapeAnalysis &shapes) {
    std::string problem = op.getChannelsLast() ? FlatT::problemOf(op, shapes) : "its channels are not last";
    if (!problem.empty()) {
      left(getArgument(), op.getLoc(), "volumes flattened") << "keeps three spatial axes: " + problem;
      return;
    }
    Value result = FlatT(op, shapes).result();
    changed(getArgument(), op.getLoc(), "volumes flattened")
        << "convolves images, whose channels are those of the slices that it reads";
    op->replaceAllUsesWith(ValueRange{result});
    shapes.erased(op->getResult(0));
    op->erase();
  }
};

} // namespace
