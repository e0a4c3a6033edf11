// SliceModels.cpp - what ops say about slices (Slices.h). Pointwise ops need no model, and what has none stays as it
// is.
#include "IndexHelpers.h"
#include "cameo/Dialect/Cameo/Slices.h"

using namespace mlir;
using namespace cameo;

namespace {

int64_t sizeOf(Value x, int64_t axis) { return cast<RankedTensorType>(x.getType()).getDimSize(axis); }
int64_t rankOf(Value x) { return cast<RankedTensorType>(x.getType()).getRank(); }
bool isStatic(Value x, int64_t axis) { return !ShapedType::isDynamic(sizeOf(x, axis)); }

/// Gives an op a tieSlices, and a cutSlices where sizes are named.
template <typename Model, typename OpT> using SliceModel = SliceInterface::ExternalModel<Model, OpT>;

// ---- sums of products

struct MatMulSlices : SliceModel<MatMulSlices, MatMulOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto product = cast<MatMulOp>(op);
    Value x = product.getLhs(), y = product.getRhs(), result = product.getResult();
    int64_t r = rankOf(result), m = rankOf(x) - 1 - !product.getTransposeLhs(),
            n = rankOf(y) - 1 - product.getTransposeRhs();
    for (Value operand : {x, y})
      for (int64_t axis = 0; axis < rankOf(operand) - 2; ++axis)
        ties.same(operand, axis, result, axis + r - rankOf(operand));
    ties.same(x, m, result, r - 2);
    ties.same(y, n, result, r - 1);
    ties.sum(x, 2 * rankOf(x) - 3 - m, y, 2 * rankOf(y) - 3 - n);
  }
};

/// Of a group of channels all or none are a channel of the result; the other groups lose the same ones. Where a channel
/// is a group of its own (depthwise), it goes with what is made of it.
template <typename OpT> struct ConvolutionSlices : SliceModel<ConvolutionSlices<OpT>, OpT> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto conv = cast<OpT>(op);
    Value x = conv.getX(), filter = conv.getFilter(), result = conv.getResult();
    constexpr bool isTransposed = std::is_same_v<OpT, ConvTransposeOp>;
    int64_t channel = conv.getChannelsLast() ? rankOf(x) - 1 : 1, group = conv.getGroup();
    if (!isStatic(x, channel) || !isStatic(result, channel) || (isTransposed && group > 1))
      return;
    int64_t outputs = sizeOf(result, channel), perGroup = sizeOf(x, channel) / group, made = outputs / group;
    ties.same(x, 0, result, 0);
    ties.same(filter, isTransposed ? 1 : 0, result, channel);
    if (group > 1 && perGroup == 1) {
      for (int64_t o = 0; o < outputs; ++o)
        ties.tie(x, channel, o / made, result, channel, o);
      ties.same(filter, 1, filter, 1);
      return;
    }
    for (int64_t o = made; o < outputs; ++o)
      ties.tie(result, channel, o % made, result, channel, o);
    ties.sum(x, channel, filter, isTransposed ? 0 : 1);
  }

  void cutSlices(Operation *op, OpBuilder &, const SliceCut &) const {
    auto conv = cast<OpT>(op);
    if (conv.getGroup() > 1)
      conv.setGroup(sizeOf(conv.getX(), conv.getChannelsLast() ? rankOf(conv.getX()) - 1 : 1) /
                    sizeOf(conv.getFilter(), 1));
  }
};

// ---- what treats channels alike

template <typename OpT> struct PoolSlices : SliceModel<PoolSlices<OpT>, OpT> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto pool = cast<OpT>(op);
    if (op->getNumResults() > 1 && !op->getResult(1).use_empty())
      return; // positions count all channels
    int64_t channel = pool.getChannelsLast() ? rankOf(pool.getX()) - 1 : 1;
    ties.same(pool.getX(), 0, pool.getResult(), 0);
    ties.same(pool.getX(), channel, pool.getResult(), channel);
    for (int64_t axis = 0; op->getNumResults() > 1 && axis < rankOf(op->getResult(1)); ++axis)
      ties.same(op->getResult(0), axis, op->getResult(1), axis);
  }
};

struct ReduceSlices : SliceModel<ReduceSlices, ReduceOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto reduce = cast<ReduceOp>(op);
    for (int64_t axis = 0, to = 0; axis < rankOf(reduce.getX()); ++axis) {
      bool isReduced = llvm::is_contained(reduce.getAxes(), axis);
      if (!isReduced)
        ties.same(reduce.getX(), axis, reduce.getResult(), to);
      to += !isReduced || reduce.getKeepDims();
    }
  }
};

/// Along one axis, or from it on, results depend on all elements.
template <typename OpT, bool isRow> struct AxisSlices : SliceModel<AxisSlices<OpT, isRow>, OpT> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    Value result = op->getResult(0);
    for (Value operand : op->getOperands())
      ties.broadcast(operand, result);
    int64_t axis = cast<OpT>(op).getAxis(), rank = rankOf(result);
    axis += axis < 0 ? rank : 0;
    for (int64_t a = axis; a < (isRow ? rank : axis + 1); ++a)
      ties.pin(result, a);
  }
};

struct GroupNormSlices : SliceModel<GroupNormSlices, GroupNormOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto norm = cast<GroupNormOp>(op);
    Value x = norm.getX(), result = norm.getResult();
    if (norm.getGroups() && int64_t(norm.getGroups()) != sizeOf(x, 1))
      return;
    ties.same(x, 0, result, 0);
    for (Value perChannel : {norm.getScale(), norm.getBias()})
      ties.same(perChannel, 0, result, 1);
    ties.same(x, 1, result, 1);
  }

  void cutSlices(Operation *op, OpBuilder &, const SliceCut &cut) const {
    auto norm = cast<GroupNormOp>(op);
    if (cut.kept(norm.getX(), 1))
      norm.setGroups(0); // one per channel
  }
};

/// A key head goes with all query heads that read it, so that each remaining one finds its own.
struct AttentionSlices : SliceModel<AttentionSlices, AttentionOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto attention = cast<AttentionOp>(op);
    Value q = attention.getQ(), k = attention.getK(), v = attention.getV(), result = attention.getResult();
    if (!isStatic(q, 1) || !isStatic(k, 1) || attention.getLengths() || attention.getOffsets())
      return;
    int64_t shared = sizeOf(q, 1) / sizeOf(k, 1);
    for (int64_t head = 0; head < sizeOf(q, 1); ++head)
      ties.tie(q, 1, head, k, 1, head / shared);
    ties.same(q, 1, result, 1);
    ties.same(k, 1, v, 1);
    ties.same(v, 3, result, 3);
    if (Value mask = attention.getMask(); mask && rankOf(mask) >= 3)
      ties.same(mask, rankOf(mask) - 3, result, 1);
    if (Value sinks = attention.getSinks())
      ties.same(sinks, 0, result, 1);
    if (Value scores = attention.getScores())
      ties.same(scores, 1, result, 1);
  }
};

struct RotarySlices : SliceModel<RotarySlices, RotaryEmbeddingOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto rotary = cast<RotaryEmbeddingOp>(op);
    int64_t heads = rotary.getAxis() == 1 ? 2 : 1;
    ties.same(rotary.getX(), heads, rotary.getResult(), heads);
  }
};

struct ResizeSlices : SliceModel<ResizeSlices, ResizeOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto resize = cast<ResizeOp>(op);
    for (int64_t axis = 0; axis < rankOf(resize.getX()); ++axis)
      if (!llvm::is_contained(resize.getAxes(), axis))
        ties.same(resize.getX(), axis, resize.getResult(), axis);
  }
};

// ---- movement

struct TransposeSlices : SliceModel<TransposeSlices, TransposeOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto transpose = cast<TransposeOp>(op);
    for (auto [to, from] : llvm::enumerate(transpose.getPermutation()))
      ties.same(transpose.getX(), from, transpose.getResult(), int64_t(to));
  }
};

struct ConcatSlices : SliceModel<ConcatSlices, ConcatOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto concat = cast<ConcatOp>(op);
    Value result = concat.getResult();
    int64_t joined = axisFromFront(concat.getAxis(), rankOf(result)), offset = 0;
    bool isKnown = isStatic(result, joined);
    for (Value operand : concat.getInputs()) {
      isKnown &= isStatic(operand, joined);
      for (int64_t axis = 0; axis < rankOf(operand); ++axis)
        if (axis != joined)
          ties.same(operand, axis, result, axis);
      for (int64_t i = 0; isKnown && i < sizeOf(operand, joined); ++i)
        ties.tie(operand, joined, i, result, joined, offset + i);
      offset += isKnown ? sizeOf(operand, joined) : 0;
    }
    if (!isKnown)
      ties.pin(result, joined);
  }
};

/// A range of indices per axis.
struct SliceOpSlices : SliceModel<SliceOpSlices, SliceOp> {
  struct Bounds {
    int64_t start, end;
  };
  /// What the op takes of `axis`; nothing where it does not say so as constants, or not one after the other.
  static std::optional<Bounds> bounds(SliceOp op, ShapeAnalysis &shapes, int64_t axis, int64_t size) {
    auto starts = shapes.constantElements(op.getStarts()), ends = shapes.constantElements(op.getEnds()),
         steps = shapes.constantElements(op.getSteps());
    size_t i = llvm::find(op.getAxes(), axis) - op.getAxes().begin();
    if (i == op.getAxes().size())
      return Bounds{0, size};
    if (!starts || !ends || !steps || (*steps)[i] != 1)
      return std::nullopt;
    auto clamped = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); };
    return Bounds{clamped((*starts)[i]), clamped((*ends)[i])};
  }

  void tieSlices(Operation *op, SliceTies &ties) const {
    auto slice = cast<SliceOp>(op);
    Value x = slice.getX(), result = slice.getResult();
    for (int64_t axis = 0; axis < rankOf(x); ++axis) {
      if (!llvm::is_contained(slice.getAxes(), axis)) {
        ties.same(x, axis, result, axis);
        continue;
      }
      auto taken = isStatic(x, axis) ? bounds(slice, ties.shapes(), axis, sizeOf(x, axis)) : std::nullopt;
      for (int64_t i = taken ? taken->start : 0; taken && i < taken->end; ++i)
        ties.tie(x, axis, i, result, axis, i - taken->start);
    }
  }

  void cutSlices(Operation *op, OpBuilder &b, const SliceCut &cut) const {
    auto slice = cast<SliceOp>(op);
    if (llvm::none_of(slice.getAxes(), [&](int64_t axis) { return cut.kept(slice.getX(), axis); }))
      return;
    ShapeAnalysis shapes;
    auto starts = *shapes.constantElements(slice.getStarts()), ends = *shapes.constantElements(slice.getEnds());
    for (auto [i, axis] : llvm::enumerate(slice.getAxes())) {
      const SmallVector<int64_t> *kept = cut.kept(slice.getX(), axis);
      if (!kept)
        continue;
      auto [start, end] = *bounds(slice, shapes, axis, cut.sizeBefore(slice.getX(), axis));
      starts[i] = cut.keptBefore(slice.getX(), axis, start), ends[i] = cut.keptBefore(slice.getX(), axis, end);
    }
    slice.getStartsMutable().assign(constantI64(b, op->getLoc(), starts));
    slice.getEndsMutable().assign(constantI64(b, op->getLoc(), ends));
  }
};

struct PadSlices : SliceModel<PadSlices, PadOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto pad = cast<PadOp>(op);
    auto pads = ties.shapes().constantElements(pad.getPads());
    int64_t rank = rankOf(pad.getX());
    for (int64_t axis = 0; pads && axis < rank; ++axis)
      if ((*pads)[axis] == 0 && (*pads)[axis + rank] == 0)
        ties.same(pad.getX(), axis, pad.getResult(), axis);
  }
};

struct GatherSlices : SliceModel<GatherSlices, GatherOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto gather = cast<GatherOp>(op);
    int64_t rank = rankOf(gather.getX()), picked = axisFromFront(gather.getAxis(), rank);
    for (int64_t axis = 0; axis < rank; ++axis)
      if (axis != picked)
        ties.same(gather.getX(), axis, gather.getResult(),
                  axis < picked ? axis : axis - 1 + rankOf(gather.getIndices()));
  }
};

// ---- views and sizes

/// Sizes that an op has as an operand: those that are constant now, the others as they were.
void rewriteSizes(OpBuilder &b, OpOperand &sizes, Value result) {
  ShapeAnalysis shapes;
  auto elements = *shapes.constantElements(sizes.get());
  for (auto [axis, size] : llvm::enumerate(elements))
    if (isStatic(result, axis))
      size = sizeOf(result, axis);
  sizes.set(constantI64(b, sizes.getOwner()->getLoc(), elements));
}

bool isAnyCut(const SliceCut &cut, Value x) {
  return llvm::any_of(llvm::seq<int64_t>(0, rankOf(x)), [&](int64_t axis) { return cut.kept(x, axis); });
}

/// Axes that are split or joined. Of several sizes with one product, one counts what can go, with all that the others
/// have of it: heads, and not their columns; channels, and not their pixels. It is the first that no other op wants to
/// stay.
struct ReshapeSlices : SliceModel<ReshapeSlices, ReshapeOp> {
  /// Ties `one` axis to axes [begin, end) of `many`.
  static void split(SliceTies &ties, Value one, int64_t axis, Value many, int64_t begin, int64_t end) {
    SmallVector<int64_t> parts;
    for (int64_t a = begin; a < end; ++a)
      if (sizeOf(many, a) != 1)
        parts.push_back(a);
    if (parts.size() == 1)
      ties.same(one, axis, many, parts.front());
    if (parts.size() < 2)
      return;
    ties.mention(one, axis);
    for (int64_t a : parts)
      ties.mention(many, a);
    ties.later([=, &ties] {
      auto *counting = llvm::find_if(parts, [&](int64_t a) { return !ties.isPinned(many, a); });
      if (counting == parts.end())
        return ties.pin(one, axis);
      int64_t inner = 1, count = sizeOf(many, *counting);
      for (int64_t a : parts) {
        inner *= a > *counting ? sizeOf(many, a) : 1;
        if (a != *counting)
          ties.pin(many, a);
      }
      for (int64_t i = 0; i < sizeOf(one, axis); ++i)
        ties.tie(one, axis, i, many, *counting, i / inner % count);
    });
  }

  void tieSlices(Operation *op, SliceTies &ties) const {
    auto reshape = cast<ReshapeOp>(op);
    Value x = reshape.getX(), y = reshape.getResult();
    if (!ties.shapes().constantElements(reshape.getShape()))
      return;
    ArrayRef<Dim> from = ties.shapes().dimsOf(x), to = ties.shapes().dimsOf(y);
    DimContext &d = ties.shapes().dims();
    // From the back, the fewest axes of both sides with one product.
    int64_t i = from.size(), j = to.size();
    while (i > 0 && j > 0) {
      int64_t iEnd = i, jEnd = j;
      Dim a = from[--i], b = to[--j];
      while (a != b) {
        auto known = a.constant(), other = b.constant();
        bool growsFrom = known && (!other || *known < *other);
        if (growsFrom && i > 0)
          a = d.mul(a, from[--i]);
        else if (j > 0)
          b = d.mul(b, to[--j]);
        else if (i > 0)
          a = d.mul(a, from[--i]);
        else
          return;
      }
      if (!a.constant())
        continue;
      if (iEnd - i == 1)
        split(ties, x, i, y, j, jEnd);
      else if (jEnd - j == 1)
        split(ties, y, j, x, i, iEnd);
    }
  }

  void cutSlices(Operation *op, OpBuilder &b, const SliceCut &cut) const {
    auto reshape = cast<ReshapeOp>(op);
    if (isAnyCut(cut, reshape.getX()) || isAnyCut(cut, reshape.getResult()))
      rewriteSizes(b, reshape.getShapeMutable(), reshape.getResult());
  }
};

struct ExpandSlices : SliceModel<ExpandSlices, ExpandOp> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    auto expand = cast<ExpandOp>(op);
    auto sizes = ties.shapes().constantElements(expand.getShape());
    if (sizes && int64_t(sizes->size()) == rankOf(expand.getResult()))
      ties.broadcast(expand.getX(), expand.getResult());
  }

  void cutSlices(Operation *op, OpBuilder &b, const SliceCut &cut) const {
    auto expand = cast<ExpandOp>(op);
    if (isAnyCut(cut, expand.getResult()))
      rewriteSizes(b, expand.getShapeMutable(), expand.getResult());
  }
};

/// Axes of size 1 that come or go.
template <typename OpT, bool inserts> struct UnitAxesSlices : SliceModel<UnitAxesSlices<OpT, inserts>, OpT> {
  void tieSlices(Operation *op, SliceTies &ties) const {
    Value x = op->getOperand(0), y = op->getResult(0);
    if (!inserts)
      std::swap(x, y);
    ArrayRef<int64_t> axes = cast<OpT>(op).getAxes();
    for (int64_t longer = 0, shorter = 0, rank = rankOf(y); longer < rank; ++longer)
      if (!llvm::is_contained(axes, longer) && !llvm::is_contained(axes, longer - rank))
        ties.same(x, shorter++, y, longer);
  }
};

} // namespace

namespace cameo {
void attachSliceModels(MLIRContext &context) {
  MatMulOp::attachInterface<MatMulSlices>(context);
  ConvOp::attachInterface<ConvolutionSlices<ConvOp>>(context);
  ConvTransposeOp::attachInterface<ConvolutionSlices<ConvTransposeOp>>(context);
  MaxPoolOp::attachInterface<PoolSlices<MaxPoolOp>>(context);
  AveragePoolOp::attachInterface<PoolSlices<AveragePoolOp>>(context);
  LpPoolOp::attachInterface<PoolSlices<LpPoolOp>>(context);
  ReduceOp::attachInterface<ReduceSlices>(context);
  SoftmaxOp::attachInterface<AxisSlices<SoftmaxOp, false>>(context);
  LogSoftmaxOp::attachInterface<AxisSlices<LogSoftmaxOp, false>>(context);
  LayerNormOp::attachInterface<AxisSlices<LayerNormOp, true>>(context);
  RmsNormOp::attachInterface<AxisSlices<RmsNormOp, true>>(context);
  GroupNormOp::attachInterface<GroupNormSlices>(context);
  AttentionOp::attachInterface<AttentionSlices>(context);
  RotaryEmbeddingOp::attachInterface<RotarySlices>(context);
  ResizeOp::attachInterface<ResizeSlices>(context);
  TransposeOp::attachInterface<TransposeSlices>(context);
  ConcatOp::attachInterface<ConcatSlices>(context);
  SliceOp::attachInterface<SliceOpSlices>(context);
  PadOp::attachInterface<PadSlices>(context);
  GatherOp::attachInterface<GatherSlices>(context);
  ReshapeOp::attachInterface<ReshapeSlices>(context);
  ExpandOp::attachInterface<ExpandSlices>(context);
  SqueezeOp::attachInterface<UnitAxesSlices<SqueezeOp, false>>(context);
  UnsqueezeOp::attachInterface<UnitAxesSlices<UnsqueezeOp, true>>(context);
}
} // namespace cameo
