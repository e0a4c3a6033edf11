// Slices.cpp - slices and concatenations that meet. Only bounds that are constants, and steps of 1 where pieces must
// join.
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

namespace {

/// [begin, end) of one axis, counted from its beginning.
struct Interval {
  int64_t begin, end;
};

} // namespace

/// What `op` takes, when that is an interval of one axis with step 1 and the axis has a constant size.
static std::optional<Interval> intervalOf(SliceOp op, ShapeAnalysis &shapes, int64_t axis) {
  if (op.getAxes().size() != 1 || op.getAxes()[0] != axis)
    return std::nullopt;
  auto start = shapes.constantElements(op.getStarts()), step = shapes.constantElements(op.getSteps());
  auto size = shapes.dim(op.getX(), axis).constant(), length = shapes.dim(op, axis).constant();
  if (!start || !step || !size || !length || (*step)[0] != 1)
    return std::nullopt;
  int64_t begin = (*start)[0] < 0 ? (*start)[0] + *size : (*start)[0];
  begin = std::clamp<int64_t>(begin, 0, *size);
  return Interval{begin, begin + *length};
}

static SliceOp sliceOf(PatternRewriter &b, ShapeAnalysis &shapes, Location loc, Value x, int64_t axis,
                       Interval interval) {
  Value start = constantI64(b, loc, interval.begin), end = constantI64(b, loc, interval.end),
        one = constantI64(b, loc, 1);
  return createOp<SliceOp>(b, shapes, loc, x, start, end, one, ArrayRef<int64_t>{axis});
}

namespace {

/// slice(slice(x, axis 0), axis 1)  ->  slice(x, axes 0 1)
struct SliceOfSlice : GraphPattern<SliceOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &b) const override {
    auto inner = op.getX().getDefiningOp<SliceOp>();
    if (!inner || !inner->hasOneUse() ||
        llvm::any_of(op.getAxes(), [&](int64_t axis) { return llvm::is_contained(inner.getAxes(), axis); }))
      return failure();
    auto joined = [&](Value first, Value second) {
      return createOp<ConcatOp>(b, shapes, op.getLoc(), ValueRange{first, second}, int64_t(0));
    };
    SmallVector<int64_t> axes(inner.getAxes());
    llvm::append_range(axes, op.getAxes());
    auto merged = createOp<SliceOp>(b, shapes, op.getLoc(), inner.getX(), joined(inner.getStarts(), op.getStarts()),
                                    joined(inner.getEnds(), op.getEnds()), joined(inner.getSteps(), op.getSteps()),
                                    ArrayRef<int64_t>(axes));
    return replace(b, op, merged, "one slice with the slice before it");
  }
};

/// slice(concat(x, y))  ->  slice(y), or y itself
struct SliceOfConcat : GraphPattern<SliceOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &b) const override {
    auto concat = op.getX().getDefiningOp<ConcatOp>();
    if (!concat)
      return failure();
    int64_t axis = *normalizeAxis(concat, concat.getAxis(), shapes.rank(concat)); // verified: it lies in the range
    auto taken = intervalOf(op, shapes, axis);
    if (!taken)
      return failure();
    int64_t first = 0;
    for (Value piece : concat.getInputs()) {
      auto size = shapes.dim(piece, axis).constant();
      if (!size || taken->begin < first)
        return failure();
      if (taken->end <= first + *size) {
        Interval inside{taken->begin - first, taken->end - first};
        bool isWhole = inside.begin == 0 && inside.end == *size;
        Value result = isWhole ? piece : sliceOf(b, shapes, op.getLoc(), piece, axis, inside);
        return replace(b, op, result, "reads the piece of the concatenation that it lies in");
      }
      first += *size;
    }
    return failure();
  }
};

/// concat(slice(x, 0, 2), slice(x, 2, 5), y)  ->  concat(slice(x, 0, 5), y)
struct ConcatOfSlices : GraphPattern<ConcatOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &b) const override {
    int64_t axis = *normalizeAxis(op, op.getAxis(), shapes.rank(op)); // verified: it lies in the range
    SmallVector<Value> pieces;
    std::optional<Interval> last; // of the slice that pieces ends with
    bool merged = false;
    for (Value piece : op.getInputs()) {
      auto slice = piece.getDefiningOp<SliceOp>();
      auto interval = slice ? intervalOf(slice, shapes, axis) : std::nullopt;
      auto before = pieces.empty() ? SliceOp() : pieces.back().getDefiningOp<SliceOp>();
      if (interval && last && before.getX() == slice.getX() && last->end == interval->begin) {
        last->end = interval->end;
        pieces.back() = sliceOf(b, shapes, op.getLoc(), slice.getX(), axis, *last);
        merged = true;
        continue;
      }
      pieces.push_back(piece);
      last = interval;
    }
    if (!merged)
      return failure();
    Value result = pieces.front();
    if (pieces.size() > 1)
      result = ConcatOp::create(b, op.getLoc(), op.getType(), pieces, op.getAxis());
    return replace(b, op, result, "neighbouring slices are one");
  }
};

/// concat(x, y, z)  ->  concat(concat(x, y), z), where others read concat(x, y) too
struct ConcatOfConcat : GraphPattern<ConcatOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &b) const override {
    constexpr int kMostReaders = 256;                                 // so that time stays linear
    int64_t axis = *normalizeAxis(op, op.getAxis(), shapes.rank(op)); // verified: it lies in the range
    ConcatOp longest;
    int readers = 0;
    for (Operation *user : op.getInputs().front().getUsers()) {
      auto other = dyn_cast<ConcatOp>(user);
      if (++readers > kMostReaders)
        break;
      size_t count = other ? other.getInputs().size() : 0;
      if (count >= 2 && count < op.getInputs().size() && other->getBlock() == op->getBlock() &&
          (!longest || count > longest.getInputs().size()) && other.getInputs() == op.getInputs().take_front(count) &&
          *normalizeAxis(other, other.getAxis(), shapes.rank(other)) == axis && other->isBeforeInBlock(op))
        longest = other;
    }
    if (!longest)
      return failure();
    SmallVector<Value> pieces{longest.getResult()};
    llvm::append_range(pieces, op.getInputs().drop_front(longest.getInputs().size()));
    Value result = ConcatOp::create(b, op.getLoc(), op.getType(), pieces, op.getAxis());
    return replace(b, op, result, "begins with what another concatenation joins");
  }
};

} // namespace

void cameo::populateSlicePatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<SliceOfSlice, SliceOfConcat, ConcatOfSlices, ConcatOfConcat>(patterns.getContext(), graph, counted);
}
