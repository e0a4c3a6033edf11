// NoOps.cpp - ops that give what they got.
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

namespace {

/// reshape(unsqueeze(reshape x))  ->  reshape x, or x itself where the sizes are its own
struct CollapseViews : GraphPattern<AliasInterface> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(AliasInterface op, PatternRewriter &b) const override {
    Value source = op->getOperand(0), result = op->getResult(0);
    bool isChain = false;
    while (auto inner = source.getDefiningOp<AliasInterface>()) {
      source = inner->getOperand(0);
      isChain = true;
    }
    if (graph.haveEqualShapes(source, result))
      return replace(b, op, source, "removed: its result has the shape it started from");
    if (!isChain)
      return failure();
    auto sizes = constantReshape(shapes.dims(), shapes.dimsOf(source), shapes.dimsOf(result));
    if (!sizes)
      return failure();
    Value shape = constantI64(b, op->getLoc(), *sizes);
    return replace(b, op, ReshapeOp::create(b, op->getLoc(), result.getType(), source, shape, /*allowzero=*/false),
                   "one reshape with the views before it");
  }
};

/// An op that only moves elements, and keeps the shape without stepping, keeps everything: expand, tile, pad, slice.
struct DropFullSlice : GraphPattern<SliceOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &b) const override {
    auto steps = shapes.constantElements(op.getSteps());
    if (!steps || llvm::any_of(*steps, [](int64_t step) { return step != 1; }) || !graph.haveEqualShapes(op.getX(), op))
      return failure();
    return replace(b, op, op.getX(), "removed: the slice takes everything");
  }
};

struct DropPadOfNothing : GraphPattern<PadOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(PadOp op, PatternRewriter &b) const override {
    auto pads = shapes.constantElements(op.getPads());
    if (!pads || llvm::any_of(*pads, [](int64_t pad) { return pad != 0; }))
      return failure();
    return replace(b, op, op.getX(), "removed: it pads by nothing");
  }
};

template <typename OpT> struct DropRepetitionByOne : GraphPattern<OpT> {
  using GraphPattern<OpT>::GraphPattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &b) const override {
    if (!this->graph.haveEqualShapes(op.getX(), op))
      return failure();
    return this->replace(b, op, op.getX(), "removed: its operand has the shape already");
  }
};

/// tile x  ->  reshape(expand(reshape x)): an axis of 3 x 4 elements is read by lanes, one of 12 that count modulo 4
/// not
struct TileAsExpand : GraphPattern<TileOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(TileOp op, PatternRewriter &b) const override {
    auto repeats = shapes.constantElements(op.getRepeats());
    if (!repeats || llvm::is_contained(*repeats, 0))
      return failure();
    SmallVector<Dim> apart;
    SmallVector<int64_t> sizes; // 1 keeps what is there
    for (auto [repeat, dim] : llvm::zip(*repeats, shapes.dimsOf(op.getX()))) {
      if (repeat != 1 && !dim.isConstant(1)) {
        apart.push_back(shapes.dims().constant(1));
        sizes.push_back(repeat);
        repeat = 1;
      }
      apart.push_back(dim);
      sizes.push_back(repeat);
    }
    constexpr size_t kMostAxes = 16; // beyond that nobody's loops are fast
    if (apart.size() > kMostAxes)
      return failure();
    Location loc = op.getLoc();
    Value x = op.getX();
    auto reshape = [&](ArrayRef<Dim> to) {
      auto shape = constantReshape(shapes.dims(), shapes.dimsOf(x), to);
      return shape ? createOp<ReshapeOp>(b, shapes, loc, x, constantI64(b, loc, *shape), /*allowzero=*/false) : Value();
    };
    SmallVector<Dim> result(shapes.dimsOf(op));
    if (apart.size() != result.size())
      x = reshape(apart);
    if (x)
      x = createOp<ExpandOp>(b, shapes, loc, x, constantI64(b, loc, sizes));
    if (x && apart.size() != result.size())
      x = reshape(result);
    return x ? replace(b, op, x, "an expansion of the axes that it repeats") : failure();
  }
};

/// add(x, expand y)  ->  add(x, y), where the sum broadcasts y by itself
struct PointwiseOfExpand : GraphPattern<PointwiseInterface> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(PointwiseInterface op, PatternRewriter &b) const override {
    ArrayRef<Dim> dims = shapes.dimsOf(op->getResult(0));
    for (OpOperand &operand : op->getOpOperands()) {
      auto expand = operand.get().getDefiningOp<ExpandOp>();
      if (!expand || shapes.rank(expand) > int64_t(dims.size()))
        continue;
      SmallVector<Dim> others(dims.size(), shapes.dims().constant(1));
      int64_t rank = 0;
      auto broadcast = [&](Value v) {
        rank = std::max(rank, shapes.rank(v));
        for (auto [size, own] : llvm::zip(llvm::reverse(others), llvm::reverse(shapes.dimsOf(v))))
          size = size ? shapes.dims().broadcast(size, own) : size;
      };
      for (OpOperand &other : op->getOpOperands())
        broadcast(&other == &operand ? expand.getX() : other.get());
      if (rank != int64_t(dims.size()) || ArrayRef(others) != dims)
        continue;
      Location loc = expand.getLoc();
      b.modifyOpInPlace(op, [&] { operand.set(expand.getX()); });
      return done(loc, "its reader broadcasts by itself");
    }
    return failure();
  }
};

/// concat(x, empty, y)  ->  concat(x, y)
struct DropEmptyPieces : GraphPattern<ConcatOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &b) const override {
    int64_t axis = *normalizeAxis(op, op.getAxis(), shapes.rank(op)); // verified: it lies in the range
    SmallVector<Value> pieces = llvm::to_vector(
        llvm::make_filter_range(op.getInputs(), [&](Value v) { return !shapes.dim(v, axis).isConstant(0); }));
    if (pieces.empty() || pieces.size() == op.getInputs().size())
      return failure();
    Value joined = pieces.front();
    if (pieces.size() > 1)
      joined = ConcatOp::create(b, op.getLoc(), op.getType(), pieces, op.getAxis());
    return replace(b, op, joined, "pieces without elements are gone");
  }
};

/// if (true) { a } else { b }  ->  a
struct TakeKnownBranch : GraphPattern<IfOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(IfOp op, PatternRewriter &b) const override {
    auto condition = shapes.constantElements(op.getCondition());
    if (!condition || condition->size() != 1)
      return failure();
    Block *taken = &(condition->front() ? op.getThenRegion() : op.getElseRegion()).front();
    Operation *yield = taken->getTerminator();
    SmallVector<Value> results(yield->getOperands());
    Location loc = op.getLoc();
    b.eraseOp(yield);
    b.inlineBlockBefore(taken, op);
    b.replaceOp(op, results);
    return done(loc, condition->front() ? "the condition is always true" : "the condition is always false");
  }
};

} // namespace

void cameo::populateNoOpPatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<CollapseViews, DropFullSlice, DropPadOfNothing, DropRepetitionByOne<ExpandOp>,
               DropRepetitionByOne<TileOp>, TileAsExpand, PointwiseOfExpand, DropEmptyPieces, TakeKnownBranch>(
      patterns.getContext(), graph, counted);
}
