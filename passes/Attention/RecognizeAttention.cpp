// RecognizeAttention.cpp - products around a softmax become cameo.attention.
#include "Scores.h"
#include "Windows.h"
#include "cameo/Passes/Attention/Passes.h"

namespace cameo {
#define GEN_PASS_DEF_RECOGNIZEATTENTIONPASS
#include "cameo/Passes/Attention/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

/// Of queries and values together. Blocks of queries lie on a thread's stack; two products read wider ones as fast.
static constexpr int64_t kMostColumns = 1024;

namespace {

/// Makes the op's operands of the values around the pieces.
class AttentionBuilder {
public:
  AttentionBuilder(PatternRewriter &b, GraphRewriter &graph, Location loc)
      : b(b), graph(graph), shapes(graph.shapes), loc(loc) {}

  Value transposed(Value value) {
    if (auto transpose = value.getDefiningOp<TransposeOp>()) {
      SmallVector<int64_t> permutation(transpose.getPermutation());
      std::swap(permutation.back(), permutation[permutation.size() - 2]);
      if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
        return transpose.getX();
      return createOp<TransposeOp>(b, shapes, loc, transpose.getX(), ArrayRef<int64_t>(permutation));
    }
    // A view that leaves rows and columns alone is one of the transposed matrix as well.
    if (auto view = value.getDefiningOp<AliasInterface>()) {
      ArrayRef<Dim> from = shapes.dimsOf(view->getOperand(0)), to = shapes.dimsOf(value);
      if (from.size() >= 2 && from.take_back(2) == to.take_back(2)) {
        SmallVector<Dim> swapped(to);
        std::swap(swapped.back(), swapped[swapped.size() - 2]);
        SmallVector<Dim> before(from);
        std::swap(before.back(), before[before.size() - 2]);
        if (mayReshape(before, swapped))
          return reshaped(transposed(view->getOperand(0)), swapped);
      }
    }
    auto order = llvm::to_vector(llvm::seq<int64_t>(0, shapes.rank(value)));
    std::swap(order.back(), order[order.size() - 2]);
    return createOp<TransposeOp>(b, shapes, loc, value, ArrayRef<int64_t>(order));
  }

  /// False where more sizes than one are known to the run alone.
  bool mayReshape(ArrayRef<Dim> from, ArrayRef<Dim> to) {
    return from == to || constantReshape(shapes.dims(), from, to);
  }
  Value reshaped(Value value, ArrayRef<Dim> dims) {
    if (shapes.dimsOf(value) == dims)
      return value;
    auto sizes = constantReshape(shapes.dims(), shapes.dimsOf(value), dims);
    auto type = RankedTensorType::get({int64_t(sizes->size())}, b.getI64Type());
    Value shape = ConstantOp::create(b, loc, type, DenseIntElementsAttr::get(type, *sizes));
    return createOp<ReshapeOp>(b, shapes, loc, value, shape, /*allowzero=*/false);
  }

  /// The x of [B, G, N, D] for which `value` is [B, G * n, N, D], each head n times; `value` itself when there is none.
  Value withoutRepeats(Value value) {
    Value inner = value;
    while (auto view = inner.getDefiningOp<AliasInterface>())
      inner = view->getOperand(0);
    auto expand = inner.getDefiningOp<ExpandOp>();
    ArrayRef<Dim> to = shapes.dimsOf(value);
    if (!expand || to.size() != 4 || shapes.rank(expand) != 5)
      return value;
    SmallVector<Dim> from(shapes.dimsOf(expand.getX())), by(shapes.dimsOf(expand));
    if (from.size() != 5 || !from[2].isConstant(1) || from[0] != to[0] || from[3] != to[2] || from[4] != to[3])
      return value;
    by[2] = from[2];
    if (ArrayRef<Dim>(by) != ArrayRef<Dim>(from) || shapes.dims().mul(from[1], shapes.dim(expand, 2)) != to[1])
      return value;
    SmallVector<Dim> heads(from);
    heads.erase(heads.begin() + 2);
    return mayReshape(from, heads) ? reshaped(expand.getX(), heads) : value;
  }

  PatternRewriter &b;
  GraphRewriter &graph;
  ShapeAnalysis &shapes;
  Location loc;
};

/// matmul(softmax(scale * matmul(q, k) + mask), v)  ->  attention q, k, v
struct ProductsAroundSoftmax : GraphPattern<MatMulOp> {
  using GraphPattern::GraphPattern;

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &b) const override {
    Value weights = withoutGuard(op.getLhs());
    while (auto cast = weights.getDefiningOp<CastOp>())
      weights = cast.getX();
    auto softmax = weights.getDefiningOp<SoftmaxOp>();
    if (!softmax || op.getTransposeLhs())
      return failure();
    int64_t rank = shapes.rank(softmax), axis = softmax.getAxis();
    if ((axis < 0 ? axis + rank : axis) != rank - 1)
      return failure();
    std::string reason;
    auto scores = readScores(graph, softmax.getX(), reason);
    if (!scores)
      return reason.empty() ? failure() : refuse(b, op, reason);
    // A guard reads the softmax twice.
    if (!op.getLhs().hasOneUse() || llvm::any_of(softmax->getUsers(), [&](Operation *user) {
          return user != op && !isa<CastOp, IsNaNOp, WhereOp>(user);
        }))
      return refuse(b, op, "others read its weights, so they are needed in memory");
    return build(op, *scores, b);
  }

private:
  LogicalResult refuse(PatternRewriter &b, MatMulOp op, const Twine &reason) const {
    return b.notifyMatchFailure(op, "stays two products and a softmax: " + reason);
  }

  /// w for where(isnan(w), 0, w), which makes rows with everything masked 0.
  static Value withoutGuard(Value value) {
    auto where = value.getDefiningOp<WhereOp>();
    auto isNan = where ? where.getCondition().getDefiningOp<IsNaNOp>() : IsNaNOp();
    auto zero = where ? uniformFloat(where.getX()) : std::nullopt;
    return isNan && isNan->getOperand(0) == where.getY() && zero && *zero == 0 ? where.getY() : value;
  }

  LogicalResult build(MatMulOp op, Scores &scores, PatternRewriter &b) const {
    MatMulOp product = scores.product;
    AttentionBuilder make(b, graph, op.getLoc());
    ArrayRef<Dim> shape = shapes.dimsOf(product);
    int64_t rank = shape.size();
    if (rank > 4 || rank != shapes.rank(op))
      return refuse(b, op, "its products have rank " + Twine(rank) + "; expected 2 to 4");
    // [batch, heads, queries, keys]
    SmallVector<Dim> target(scores.split.begin(), scores.split.end());
    if (target.empty()) {
      Dim one = shapes.dims().constant(1);
      target = {rank == 3 ? shape[0] : one, one, shape[rank - 2], shape.back()};
    }
    auto [q, qFactor] = withoutFactor(product.getLhs());
    auto [k, kFactor] = withoutFactor(product.getRhs());
    Value v = op.getRhs();
    if (shapes.rank(q) != rank || shapes.rank(k) != rank || shapes.rank(v) != rank)
      return refuse(b, op, "its factors have different ranks");
    Type type = getElementTypeOrSelf(q);
    if (getElementTypeOrSelf(k) != type || getElementTypeOrSelf(v) != type || !isa<FloatType>(type) || type.isF64())
      return refuse(b, op, "its queries, keys and values have different element types");

    int64_t columns = shapes.dimsOf(op).back().constant().value_or(0) + shapes.dimsOf(q).back().constant().value_or(0);
    if (columns > kMostColumns)
      return refuse(b, op, "its heads are wide, so that blocks of queries would not lie in the cache");

    std::optional<KeyWindow> window;
    SmallVector<MaskTerm> masks;
    for (MaskTerm &mask : scores.masks)
      if (auto found = windowOf(graph, mask); found && !window)
        window = found;
      else
        masks.push_back(mask);
    if (const char *problem = problemOf(make, masks, target, type))
      return refuse(b, op, problem);

    auto qDims = headsOf(q, product.getTransposeLhs(), target), kDims = headsOf(k, !product.getTransposeRhs(), target),
         vDims = headsOf(v, op.getTransposeRhs(), target);
    if (!qDims || !kDims || !vDims)
      return refuse(b, op, "only the run knows how its leading axes are split");
    auto numHeads = (*qDims)[1].constant(), groups = (*kDims)[1].constant();
    bool fits = (*qDims)[0] == target[0] && (*qDims)[1] == target[1] && (*kDims)[0] == target[0] &&
                (*vDims)[0] == target[0] && (*kDims)[1] == (*vDims)[1] && (*kDims)[2] == target[3] &&
                (*vDims)[2] == target[3] &&
                ((*kDims)[1] == target[1] || (numHeads && groups && *groups > 0 && *numHeads % *groups == 0));
    if (!fits)
      return refuse(b, op, "its products broadcast");
    SmallVector<Dim> made{target[0], target[1], (*qDims)[2], (*vDims)[3]};
    if (!make.mayReshape(made, shapes.dimsOf(op)))
      return refuse(b, op, "only the run knows how its leading axes are split");

    auto heads = [&](Value x, bool isTransposed, ArrayRef<Dim> dims) {
      return make.reshaped(isTransposed ? make.transposed(x) : x, dims);
    };
    q = heads(q, product.getTransposeLhs(), *qDims);
    k = heads(k, !product.getTransposeRhs(), *kDims);
    v = heads(v, op.getTransposeRhs(), *vDims);
    Value oneK = make.withoutRepeats(k), oneV = make.withoutRepeats(v);
    if (shapes.dim(oneK, 1) == shapes.dim(oneV, 1)) {
      k = oneK;
      v = oneV;
    }
    Value mask = combined(make, masks, target, type);
    Value offsets = window ? offsetsOf(make, *window) : Value();
    auto bound = [&](std::optional<int64_t> n) { return n ? b.getI64IntegerAttr(*n) : IntegerAttr(); };
    Type placeholder = placeholderType(b.getContext());
    auto created = AttentionOp::create(b, op.getLoc(), placeholder, Type(), q, k, v, mask, Value(), offsets, Value(),
                                       b.getF32FloatAttr(scores.scale * qFactor * kFactor),
                                       scores.softcap ? b.getF32FloatAttr(*scores.softcap) : FloatAttr(),
                                       bound(window ? window->left : std::nullopt),
                                       bound(window ? window->right : std::nullopt), StringAttr());
    auto attention = cast<AttentionOp>(finishOp(shapes, created));
    Value y = make.reshaped(attention.getResult(), shapes.dimsOf(op));
    return replace(b, op, y, "one attention");
  }

  /// [batch, heads, rows, columns] of a factor; nothing when only the run knows how to split its leading axis.
  std::optional<SmallVector<Dim>> headsOf(Value x, bool isTransposed, ArrayRef<Dim> target) const {
    SmallVector<Dim> own(shapes.dimsOf(x)), dims;
    if (isTransposed)
      std::swap(own.back(), own[own.size() - 2]);
    if (own.size() == 4)
      return own;
    if (own.size() == 3 && own[0].isConstant(1) && !target[0].isConstant(1))
      return std::nullopt;
    dims.assign(target.begin(), target.begin() + 2);
    if (own.size() == 3 && own[0].isConstant(1))
      dims[1] = own[0];
    dims.append(own.end() - 2, own.end());
    bool mayReshape = constantReshape(shapes.dims(), own, dims).has_value();
    return mayReshape ? std::optional(dims) : std::nullopt;
  }

  /// Why masks cannot be an operand of the op; null when they can.
  const char *problemOf(AttentionBuilder &make, ArrayRef<MaskTerm> masks, ArrayRef<Dim> target, Type type) const {
    for (const MaskTerm &mask : masks) {
      auto aligned = alignedDims(mask, target);
      if (!aligned)
        return "its mask has another shape than its scores";
      if (!make.mayReshape(shapes.dimsOf(mask.value), *aligned))
        return "only the run knows how its mask lies over its scores";
      Type own = getElementTypeOrSelf(mask.value);
      if (!mask.isBool() && own != type && !type.isBF16())
        return "its mask has another element type than its queries";
    }
    return nullptr;
  }

  /// The mask's sizes as they broadcast to `target`.
  std::optional<SmallVector<Dim>> alignedDims(const MaskTerm &mask, ArrayRef<Dim> target) const {
    SmallVector<Dim> dims(shapes.dimsOf(mask.value));
    if (ArrayRef<Dim>(mask.space) == target)
      return dims;
    auto isOne = [](Dim d) { return d.isConstant(1); };
    // A space of rank 5 with one batch, or of rank 3 where all heads are treated alike.
    if (mask.space.size() == 5 && isOne(mask.space[0]) && ArrayRef<Dim>(mask.space).drop_front() == target) {
      if (dims.size() == 5)
        dims.erase(dims.begin());
      return dims;
    }
    if (mask.space.size() > 3)
      return std::nullopt;
    size_t leading = dims.size() > 2 ? dims.size() - 2 : 0;
    bool isShared = llvm::all_of(ArrayRef<Dim>(dims).take_front(leading), isOne);
    bool perBatch = mask.space.size() == 3 && leading == 1 && dims[0] == target[0] && isOne(target[1]);
    bool perHead = mask.space.size() == 3 && leading == 1 && dims[0] == shapes.dims().mul(target[0], target[1]);
    if (isShared && leading)
      dims.erase(dims.begin());
    else if (perBatch)
      dims.insert(dims.begin() + 1, target[1]);
    else if (perHead) {
      dims.erase(dims.begin());
      dims.insert(dims.begin(), {target[0], target[1]});
    } else if (leading)
      return std::nullopt;
    return dims;
  }

  /// One mask of all; null when there is none.
  Value combined(AttentionBuilder &make, ArrayRef<MaskTerm> masks, ArrayRef<Dim> target, Type type) const {
    PatternRewriter &b = make.b;
    Value sum, all;
    for (const MaskTerm &term : masks) {
      Value value = make.reshaped(term.value, *alignedDims(term, target));
      auto number = [&](double v) {
        auto scalar = RankedTensorType::get({}, type);
        return ConstantOp::create(b, make.loc, scalar, DenseElementsAttr::get(scalar, b.getFloatAttr(type, v)));
      };
      if (term.isBool()) {
        auto constant = readConstantMask(graph, term);
        bool isPlain = std::isinf(term.low) || (constant && constant->keepsOneInEachRow);
        if (isPlain) {
          if (!term.keeps)
            value = createOp<NotOp>(b, shapes, make.loc, value);
          all = all ? createOp<AndOp>(b, shapes, make.loc, all, value) : value;
          continue;
        }
        // A number so low that a score added to it is rounded away.
        Value low = number(term.low), zero = number(0);
        value = createOp<WhereOp>(b, shapes, make.loc, value, term.keeps ? zero : low, term.keeps ? low : zero);
      } else {
        if (getElementTypeOrSelf(value) != type)
          value = createOp<CastOp>(b, shapes, make.loc, value, TypeAttr::get(type));
        if (term.factor != 1)
          value = createOp<MulOp>(b, shapes, make.loc, value, number(term.factor));
      }
      sum = sum ? createOp<AddOp>(b, shapes, make.loc, sum, value) : value;
    }
    if (!all || !sum)
      return all ? all : sum;
    auto scalar = RankedTensorType::get({}, type);
    Value low = ConstantOp::create(
        b, make.loc, scalar,
        DenseElementsAttr::get(scalar, b.getFloatAttr(type, -std::numeric_limits<double>::infinity())));
    return createOp<WhereOp>(b, shapes, make.loc, all, sum, low);
  }

  /// tensor<1xi64>; null for 0.
  Value offsetsOf(AttentionBuilder &make, const KeyWindow &window) const {
    PatternRewriter &b = make.b;
    Value offset = window.start;
    if (window.offset == 0)
      return offset;
    auto type = RankedTensorType::get({1}, b.getI64Type());
    Value constant = ConstantOp::create(b, make.loc, type, DenseIntElementsAttr::get(type, window.offset));
    return offset ? createOp<AddOp>(b, shapes, make.loc, offset, constant) : constant;
  }
};

struct RecognizeAttention : public cameo::impl::RecognizeAttentionPassBase<RecognizeAttention> {
  using RecognizeAttentionPassBase::RecognizeAttentionPassBase;

  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    GraphRewriter graph(getArgument(), getOperation());
    RewritePatternSet patterns(&getContext());
    patterns.add<ProductsAroundSoftmax>(&getContext(), graph, llvm::StringLiteral("attentions recognized"));
    graph.apply(std::move(patterns));
  }
};

} // namespace
