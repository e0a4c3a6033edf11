// Normalization.cpp - layer, RMS and group normalization from means, roots and reshapes, and the scales and offsets
// behind them.
#include "Matching.h"
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

namespace {

/// centred / sqrt(mean(centred^2) + epsilon), rows being the axes of the mean.
struct Normalized {
  Value numerator; ///< what is divided
  Value squared;   ///< whose squares are averaged
  SmallVector<int64_t> axes;
  double epsilon;
};

} // namespace

/// `op`, a quotient or a product with a reciprocal root, as a normalization of a row.
static std::optional<Normalized> normalizedBy(GraphRewriter &graph, Operation *op) {
  auto match = [&](Value numerator, Value u) -> std::optional<Normalized> {
    auto sum = u ? u.getDefiningOp<AddOp>() : AddOp();
    for (unsigned i = 0; sum && i < 2; ++i) {
      auto epsilon = uniformFloat(sum->getOperand(i));
      auto mean = epsilon ? reductionOf(graph, sum->getOperand(1 - i), "mean") : std::nullopt;
      auto square = mean ? mean->x.getDefiningOp<MulOp>() : MulOp();
      if (square && square.getX() == square.getY())
        return Normalized{numerator, square.getX(), mean->axes, *epsilon};
    }
    return std::nullopt;
  };
  if (auto div = dyn_cast<DivOp>(op)) {
    Value root = div.getY();
    if (auto expand = root.getDefiningOp<ExpandOp>())
      root = expand.getX();
    auto sqrt = root.getDefiningOp<SqrtOp>();
    return match(div.getX(), sqrt ? sqrt.getX() : Value());
  }
  for (unsigned i = 0; i < 2; ++i)
    if (auto found = match(op->getOperand(i), reciprocalRootOf(op->getOperand(1 - i))))
      return found;
  return std::nullopt;
}

/// The x for which `value` is x - mean(x) over these axes; null when it is not.
static Value uncentred(GraphRewriter &graph, Value value, ArrayRef<int64_t> axes) {
  auto sub = value.getDefiningOp<SubOp>();
  auto mean = sub ? reductionOf(graph, sub.getY(), "mean") : std::nullopt;
  return mean && mean->x == sub.getX() && ArrayRef(mean->axes) == axes ? sub.getX() : Value();
}

/// A float constant that is `number` in all of `shape`.
static Value splat(PatternRewriter &b, Location loc, Type element, ArrayRef<int64_t> shape, double number) {
  auto type = RankedTensorType::get(shape, element);
  return ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, b.getFloatAttr(element, number)));
}

namespace {

/// (x - mean x) / sqrt(mean((x - mean x)^2) + epsilon)  ->  layer_norm x;  x / sqrt(mean(x^2) + epsilon)  ->  rms_norm
/// x
template <typename OpT> struct RowNormalization : GraphPattern<OpT> {
  using GraphPattern<OpT>::GraphPattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &b) const override {
    ShapeAnalysis &shapes = this->shapes;
    auto found = normalizedBy(this->graph, op);
    if (!found)
      return failure();
    Value x = found->squared, numerator = found->numerator;
    bool centre = false;
    if (Value inner = uncentred(this->graph, x, found->axes)) {
      if (numerator != x)
        return b.notifyMatchFailure(op, "stays in pieces: it divides something else than what it took the variance of");
      x = inner;
      centre = true;
    } else if (numerator != x) {
      return b.notifyMatchFailure(op,
                                  "stays in pieces: it divides something else than what it took the mean square of");
    }
    int64_t rank = shapes.rank(x), first = rank - int64_t(found->axes.size());
    if (!llvm::equal(found->axes, llvm::seq<int64_t>(first, rank)) || first == rank)
      return b.notifyMatchFailure(op, "stays in pieces: its statistics are over other axes than the last ones");
    if (!this->graph.haveEqualShapes(x, op))
      return failure();
    SmallVector<int64_t> row;
    for (Dim size : shapes.dimsOf(x).drop_front(first))
      row.push_back(size.constant().value_or(1));
    Value ones = splat(b, op.getLoc(), getElementTypeOrSelf(x.getType()), row, 1);
    APFloat epsilon{float(found->epsilon)};
    if (centre)
      return this->replace(b, op, LayerNormOp::create(b, op.getLoc(), op.getType(), x, ones, Value(), first, epsilon),
                           "one layer normalization");
    return this->replace(b, op, RmsNormOp::create(b, op.getLoc(), op.getType(), x, ones, first, epsilon),
                         "one RMS normalization");
  }
};

/// reshape(group_norm(reshape(x, [N, G, rest])) {groups = 0})  ->  group_norm x {groups = G}
struct GroupsByReshape : GraphPattern<AliasInterface> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(AliasInterface op, PatternRewriter &b) const override {
    auto norm = op->getOperand(0).getDefiningOp<GroupNormOp>();
    auto view = norm ? norm.getX().getDefiningOp<AliasInterface>() : AliasInterface();
    if (!view || norm.getGroups() != 0)
      return failure();
    Value x = view->getOperand(0), result = op->getResult(0);
    ArrayRef<Dim> dims = shapes.dimsOf(x), rows = shapes.dimsOf(norm);
    auto scale = uniformFloat(norm.getScale()), bias = uniformFloat(norm.getBias());
    if (!graph.haveEqualShapes(x, result) || dims.size() < 2 || dims[0] != rows[0])
      return failure();
    auto channels = dims[1].constant(), groups = rows[1].constant();
    if (!channels || !groups || *groups == 0 || *channels % *groups != 0)
      return b.notifyMatchFailure(op,
                                  "stays a normalization of instances: the number of channels or groups is not known");
    if (!scale || !bias)
      return b.notifyMatchFailure(op, "stays a normalization of instances: scale or bias differ from group to group");
    Type element = getElementTypeOrSelf(x.getType());
    Value whole = GroupNormOp::create(
        b, norm.getLoc(), result.getType(), x, splat(b, op->getLoc(), element, *channels, *scale),
        splat(b, op->getLoc(), element, *channels, *bias), *groups, norm.getEpsilonAttr().getValue());
    return replace(b, op, whole, "one group normalization");
  }
};

/// How a normalization takes a constant that is multiplied with, or added to, its result.
struct Affine {
  Value norm, constant;
};

} // namespace

/// `op` as a normalization that nothing else reads, combined with a constant that does not make it larger.
static std::optional<Affine> affineOf(GraphRewriter &graph, Operation *op) {
  for (unsigned i = 0; i < 2; ++i) {
    Affine found{op->getOperand(i), op->getOperand(1 - i)};
    if (isa_and_present<LayerNormOp, RmsNormOp, GroupNormOp>(found.norm.getDefiningOp()) && found.norm.hasOneUse() &&
        graph.isConstant(found.constant) && graph.haveEqualShapes(found.norm, op->getResult(0)))
      return found;
  }
  return std::nullopt;
}

/// The constant with one value per channel of [N, C, ...], as [C] or [1]; null when it differs along other axes.
static Value perChannel(GraphRewriter &graph, PatternRewriter &b, Value constant, Value norm) {
  ArrayRef<Dim> dims = graph.shapes.dimsOf(constant);
  int64_t offset = graph.shapes.rank(norm) - int64_t(dims.size());
  for (auto [axis, size] : llvm::enumerate(dims))
    if (!size.isConstant(1) && offset + int64_t(axis) != 1)
      return {};
  return createOp<ReshapeOp>(b, graph.shapes, constant.getLoc(), constant, constantI64(b, constant.getLoc(), -1),
                             /*allowzero=*/false);
}

namespace {

/// mul(layer_norm(x, s, b), c)  ->  layer_norm(x, s * c, b * c); rms_norm and group_norm alike
struct ScaleOfNormalization : GraphPattern<MulOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &b) const override {
    auto found = affineOf(graph, op);
    if (!found)
      return failure();
    Value factor = found->constant;
    if (found->norm.getDefiningOp<GroupNormOp>() && !(factor = perChannel(graph, b, factor, found->norm)))
      return b.notifyMatchFailure(
          op, "stays behind the normalization: its scale differs along other axes than the channels");
    auto scaled = [&](Value v) -> Value {
      return v ? createOp<MulOp>(b, shapes, op.getLoc(), v, factor).getResult() : v;
    };
    Value result;
    if (auto norm = found->norm.getDefiningOp<LayerNormOp>())
      result = LayerNormOp::create(b, norm.getLoc(), op.getType(), norm.getX(), scaled(norm.getScale()),
                                   scaled(norm.getBias()), norm.getAxis(), norm.getEpsilon());
    else if (auto norm = found->norm.getDefiningOp<RmsNormOp>())
      result = RmsNormOp::create(b, norm.getLoc(), op.getType(), norm.getX(), scaled(norm.getScale()), norm.getAxis(),
                                 norm.getEpsilon());
    else if (auto norm = found->norm.getDefiningOp<GroupNormOp>())
      result = GroupNormOp::create(b, norm.getLoc(), op.getType(), norm.getX(), scaled(norm.getScale()),
                                   scaled(norm.getBias()), norm.getGroups(), norm.getEpsilon());
    return replace(b, op, result, "the scale of the normalization before it");
  }
};

/// add(layer_norm(x, s, b), c)  ->  layer_norm(x, s, b + c); group_norm alike
struct OffsetOfNormalization : GraphPattern<AddOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &b) const override {
    auto found = affineOf(graph, op);
    if (!found || found->norm.getDefiningOp<RmsNormOp>())
      return failure();
    Value offset = found->constant, result;
    auto moved = [&](Value v) -> Value {
      return v ? createOp<AddOp>(b, shapes, op.getLoc(), v, offset).getResult() : offset;
    };
    if (auto norm = found->norm.getDefiningOp<LayerNormOp>()) {
      result = LayerNormOp::create(b, norm.getLoc(), op.getType(), norm.getX(), norm.getScale(), moved(norm.getBias()),
                                   norm.getAxis(), norm.getEpsilon());
    } else if (auto norm = found->norm.getDefiningOp<GroupNormOp>()) {
      if (!(offset = perChannel(graph, b, offset, norm)))
        return b.notifyMatchFailure(op,
                                    "stays behind the normalization: it differs along other axes than the channels");
      result = GroupNormOp::create(b, norm.getLoc(), op.getType(), norm.getX(), norm.getScale(), moved(norm.getBias()),
                                   norm.getGroups(), norm.getEpsilon());
    }
    return replace(b, op, result, "the bias of the normalization before it");
  }
};

} // namespace

void cameo::populateNormalizationPatterns(RewritePatternSet &patterns, GraphRewriter &graph,
                                          llvm::StringLiteral counted, llvm::StringLiteral affine) {
  patterns.add<RowNormalization<DivOp>, RowNormalization<MulOp>, GroupsByReshape>(patterns.getContext(), graph,
                                                                                  counted);
  patterns.add<ScaleOfNormalization, OffsetOfNormalization>(patterns.getContext(), graph, affine);
}
